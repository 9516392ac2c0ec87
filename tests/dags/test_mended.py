"""
What hangs, is wedged, or ends, in a stack that runs: it is noticed, started again, and told, and whoever was
at work with it goes on.
"""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import admin
from tests.dags import given_up, task_processes
from tests.dags.stack_desk import running_desk, wait
from trading_ops.settings import Settings
from trading_ops.simulation.executor import SimulatedExecutor
from trading_ops_stack import health, postgres, stack
from trading_ops_stack.airflow_api import Airflow
from trading_ops_stack.keys import write_password
from trading_ops_stack.supervisor import Supervisor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Settings]:
    """A running desk that nobody but the test mends."""
    with running_desk(tmp_path_factory.mktemp("mended")) as config:
        stack.stop_all([stack.components(config)["supervisor"]])
        yield config


def look_three_times(desk) -> list[str]:
    """Let a supervisor like the desk's look three times, and return what it mended."""
    supervisor = Supervisor(desk)
    return [line for now_s in (0, 20, 40) for line in supervisor.look(now_s)]


@pytest.mark.parametrize("name", health.NEEDS)
def test_a_part_that_is_stopped_has_a_problem_until_it_goes_on(desk, name):
    """Whichever it is: it lives, and `status` says that it does not answer."""
    process = stack.components(desk).get(name)
    group = process.group() if process else postgres._server_pid(postgres.folder_of(desk))
    os.killpg(group, signal.SIGSTOP)
    try:
        assert health.state(desk, name) == "it does not answer"
    finally:
        os.killpg(group, signal.SIGCONT)
    wait(lambda: health.state(desk, name) == health.WELL)


def test_a_page_that_hangs_is_replaced_and_told(desk):
    """Stopped and not ended: three looks of a supervisor like the desk's, and a new one answers."""
    page = stack.components(desk)["confirm-page"]
    before, known = page.group(), len(given_up.told(desk))
    os.killpg(before, signal.SIGSTOP)
    said = []
    assert stack.status(desk, said.append) is False
    assert "  PROBLEM  confirm-page: it does not answer" in said
    assert look_three_times(desk) == ["confirm-page: hung, started again"]
    assert page.group() not in (None, before)
    wait(lambda: health.state(desk, "confirm-page") == health.WELL)
    given_up.watch_once(desk)
    [key] = given_up.told(desk)[known:]
    assert key.startswith("COMPONENT_DOWN:confirm-page:")


def test_an_executor_whose_idle_workers_were_killed_is_healed(desk):
    """
    As the kernel does when memory is short: one of them held the lock of the queue, so no new one is handed a
    task, and Airflow calls its scheduler healthy. A new scheduler runs what waited.
    """
    airflow, known = Airflow.of(desk), len(given_up.told(desk))
    scheduler = stack.components(desk)["scheduler"]
    before = scheduler.group()
    idle = task_processes.idle_workers(desk)
    assert len(idle) > 2
    for pid in idle:
        os.kill(pid, signal.SIGKILL)
    dag_run_id = airflow.trigger("daily_reminders", None)
    wait(lambda: airflow.task_states("daily_reminders", dag_run_id).get("remind_people") == "queued")
    with admin(desk, desk.airflow_db) as connection:
        # It waits longer than anything does that a worker will take.
        longer = (
            "update task_instance set queued_dttm = queued_dttm - interval '6 minutes' where state = 'queued'"
        )
        assert connection.execute(longer).rowcount == 1
    assert airflow.health()["scheduler"] == "healthy"
    assert health.state(desk, "scheduler") == "it has room but leaves tasks in its queue"
    assert look_three_times(desk) == ["scheduler: idle, started again"]
    assert scheduler.group() not in (None, before)
    result = airflow.wait("daily_reminders", dag_run_id, timeout_s=180)
    assert (result.state, set(result.tasks.values())) == ("success", {"success"})
    assert health.state(desk, "scheduler") == health.WELL
    given_up.watch_once(desk)
    [key] = given_up.told(desk)[known:]
    assert key.startswith("COMPONENT_DOWN:scheduler:")


def test_a_demo_goes_on_while_parts_start_anew(desk):
    """The API and the page are killed; whoever starts a run or opens a form meanwhile asks again."""
    airflow, parts = (
        Airflow.of(desk),
        [stack.components(desk)[name] for name in ("api-server", "confirm-page")],
    )
    for part in parts:
        os.killpg(part.group(), signal.SIGKILL)
    wait(lambda: not any(part.group() for part in parts))
    with ThreadPoolExecutor() as pool:
        run = pool.submit(airflow.trigger, "daily_reminders", None, dag_run_id="demo__meanwhile")
        signed_in = pool.submit(
            SimulatedExecutor, desk.local_url, "executor", write_password(desk, "executor")
        )
        time.sleep(2)
        assert not run.done() and not signed_in.done()
        stack.up(desk, with_supervisor=False)
        assert (run.result(), type(signed_in.result())) == ("demo__meanwhile", SimulatedExecutor)
    assert airflow.wait("daily_reminders", "demo__meanwhile", timeout_s=180).state == "success"
