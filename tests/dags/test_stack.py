"""
The real stack, from nothing, on ports of its own: up, up again, a killed worker, down.

One stack for the whole file, because a start costs seconds; the tests run in this order.
"""

import os
import signal
import time
from collections.abc import Iterator
from datetime import date

import pytest

from tests.dags import given_up, task_processes
from tests.dags.stack_desk import SESSION, running_desk, wait
from trading_ops.comms.incidents import close_over
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.settings import Settings
from trading_ops_airflow.schedule import DAGS
from trading_ops_stack import lock, stack
from trading_ops_stack.airflow_api import Airflow, ApiError
from trading_ops_stack.processes import _descendants
from trading_ops_stack.watcher import look_at_dags, start_requested

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Iterator[Settings]:
    """A running desk with a short simulated history in its inbox."""
    with running_desk(tmp_path_factory.mktemp("stack")) as config:
        yield config


def test_up_leaves_a_desk_that_answers(desk):
    """Every component runs, every DAG is known, and a signed-out person gets nowhere."""
    said = []
    assert stack.status(desk, said.append), said
    airflow = Airflow.of(desk)
    assert airflow.dag_ids() == {dag.dag_id for dag in DAGS}
    assert airflow.health()["scheduler"] == "healthy"
    with pytest.raises(ApiError, match="401"):
        Airflow(airflow.url, "wrong").dag_ids()


def test_up_again_changes_nothing_and_is_quick(desk):
    """The same processes, in seconds; it says first of which desk."""
    before = {name: process.group() for name, process in stack.components(desk).items()}
    started_at, said = time.monotonic(), []
    stack.up(desk, said.append)
    assert said[0] == f"starting demo (simulated) · {desk.data.parent}"
    assert time.monotonic() - started_at < 15
    assert {name: process.group() for name, process in stack.components(desk).items()} == before


def test_up_mends_a_half_finished_start(desk):
    """One component is gone, as after an interrupted start; only that one is started."""
    processes = stack.components(desk)
    before = {name: process.group() for name, process in processes.items()}
    stack.stop_all([processes["triggerer"]])
    stack.up(desk)
    after = {name: process.group() for name, process in processes.items()}
    assert after.pop("triggerer") not in (None, before.pop("triggerer"))
    assert after == before


def test_two_ups_at_once_do_not_meet(desk, monkeypatch):
    """The second is told to wait."""
    monkeypatch.setattr(lock, "PATIENCE_S", 0)
    with lock.only_one(desk), pytest.raises(stack.StackError, match="another `make up`"):
        stack.up(desk)


def test_a_bad_session_is_refused_at_the_door(desk):
    """HTTP 400 in the timetable's words."""
    with pytest.raises(ApiError, match="HTTP 400.*closed that day"):
        Airflow.of(desk).trigger("weekly_plan", "2026-11-26")


def test_the_reminders_run_when_started_by_hand(desk):
    """Of no session; on a desk without a ticket nobody is written to. A run that ends well leaves a beat."""
    result = Airflow.of(desk).run("daily_reminders", None, timeout_s=120)
    assert (result.state, result.tasks) == ("success", {"remind_people": "success", "send_mail": "success"})
    with connect("desk_reader", desk) as connection:
        assert not connection.execute("select * from desk.outbox").fetchall()
        assert connection.execute("select component from desk.heartbeats").fetchall() == [
            {"component": "daily_reminders"}
        ]


def test_a_task_whose_process_is_killed_takes_effect_once(desk):
    """
    SIGKILL in the middle of load_bars: the second try ends it, and every bar is there exactly once.

    The test holds the lock the loader waits for, so the kill always comes in the middle.
    """
    airflow = Airflow.of(desk)
    with connect("desk_loader", desk) as connection:
        connection.execute("select desk.lock_loads()")
        dag_run_id = airflow.trigger("daily_market_data", SESSION.isoformat())
        wait(lambda: task_processes.lock_waiters(desk) == 1)
        os.kill(task_processes.task_process(desk), signal.SIGKILL)
        wait(lambda: task_processes.task(airflow, dag_run_id)["state"] != "running")
    wait(lambda: task_processes.task(airflow, dag_run_id)["state"] in ("success", "failed"), timeout_s=120)
    ended = task_processes.task(airflow, dag_run_id)
    assert (ended["state"], ended["try_number"]) == ("success", 2)
    with connect("desk_planner", desk) as connection:
        assert connection.execute("select count(*) as n from raw.loads").fetchone()["n"] == 1
        assert not connection.execute("select * from inv.s1_no_partial_load").fetchall()
        doubled = "select from raw.eod_bars group by source, vendor_symbol, session_date having count(*) > 1"
        assert not connection.execute(doubled).fetchall()
        bars = connection.execute("select count(*) as n from raw.eod_bars").fetchone()["n"]
    assert bars > 100 * len(sessions.sessions_between(date(2026, 1, 5), SESSION)) * 0.9


def test_the_log_names_the_run_from_its_freezing_on(desk):
    """What loads before has none yet; the step that freezes is not told its run, it makes it."""
    wait(lambda: len(task_processes.logged_runs(desk, "daily_market_data.freeze_inputs")) > 1)
    began, ended = task_processes.logged_runs(desk, "daily_market_data.freeze_inputs")
    assert (began, ended[:9]) == (None, "20260307-")


def test_a_run_marked_failed_by_hand_is_told(desk):
    """Airflow calls nothing for a mark; the daily run of before is at work, and stops at the closed pool."""
    airflow = Airflow.of(desk)
    airflow.set_pool("dbt", 0, "closed by a test")
    [daily] = airflow.request("GET", "/api/v2/dags/daily_market_data/dagRuns")["dag_runs"]
    given_up.mark(airflow, "daily_market_data", daily["dag_run_id"], "failed")
    key = f"daily_market_data:{daily['dag_run_id']}"
    wait(lambda: f"STEP_FAILED:{key}" in given_up.told(desk))
    wait(lambda: given_up.sent(desk) == [f"alert:STEP_FAILED:{key}"])


def test_a_dag_that_is_paused_is_told_until_it_is_on_again(desk):
    """The watcher asks Airflow under its own name, which may read and start runs and change no user."""
    airflow = Airflow.of(desk)
    for is_paused in (True, False):
        airflow.request("PATCH", "/api/v2/dags/daily_reminders", {"is_paused": is_paused})
        assert len(look_at_dags(desk)) == 1 and look_at_dags(desk) == []
        with connect("desk_planner", desk) as connection:
            close_over(connection, desk)
            found = {row["dedupe_key"] for row in queries.incidents.still_open(connection)}
        assert ("DAG_PAUSED:daily_reminders:1" in found) == is_paused
    # What was told of it is out before the next test counts.
    given_up.watch_once(desk)


@pytest.mark.parametrize(
    "end", [given_up.overrun, given_up.mark_failed, given_up.mark_success, given_up.suspend, given_up.stop]
)
def test_a_plan_that_airflow_gives_up_ends_in_one_ticket(desk, end):
    """
    Over its dagrun_timeout, marked by hand, its scheduler asleep or stopped: a NO-TRADE that names the step,
    its two mails and one incident. Doing it twice, or a watcher that looks as well, doubles nothing.
    """
    airflow, known = Airflow.of(desk), (len(given_up.told(desk)), len(given_up.sent(desk)))
    run = given_up.start_plan(airflow, desk, SESSION)
    with connect("desk_reader", desk) as connection:
        frozen = connection.execute("select 1 from desk.clock_readings where run_id = %s", (run["run_id"],))
        assert frozen.rowcount == 1
    end(airflow, desk, run["idempotency_key"].partition(":")[2])
    wait(lambda: given_up.ticket_of(desk, run["run_id"]) is not None)
    ticket = given_up.ticket_of(desk, run["run_id"])
    step = "rank_universe" if end in given_up.FOUND_BY_WATCHER else "build_prices"
    assert (ticket["kind"], [reason["check_name"] for reason in ticket["reasons"]]) == ("NO-TRADE", [step])
    if end is not given_up.stop:
        note = given_up.plan_of(airflow, run["idempotency_key"])["note"]
        assert note.startswith("Ended before its ticket was issued")
    mails = [f"ticket:{ticket['ticket_id']}:{role}" for role in ("operator", "executor")]
    wait(lambda: given_up.sent(desk)[known[1] :] == mails)
    given_up.watch_once(desk)
    assert given_up.told(desk)[known[0] :] == [f"STEP_FAILED:{ticket['ticket_id']}"]
    assert given_up.sent(desk)[known[1] :] == mails


def test_a_plan_that_is_asked_for_on_the_page_is_started_once(desk):
    """By whichever watcher looks first, under a name of its own, so that Airflow has one run of it."""
    airflow = Airflow.of(desk)
    with connect("desk_app", desk) as connection:
        [newest, *_] = queries.page.recent_tickets(connection, portfolio_id=desk.portfolio_id)
        assert queries.page.request_plan(connection, ticket_id=newest["ticket_id"], person="operator")
    start_requested(desk)
    assert start_requested(desk) == []
    found = airflow.request("GET", "/api/v2/dags/weekly_plan/dagRuns?limit=100")["dag_runs"]
    named = [(run["dag_run_id"], run["partition_key"]) for run in found]
    assert named.count((f"again_after_{newest['ticket_id']}", SESSION.isoformat())) == 1


def test_down_leaves_nothing_running(desk):
    """Not even the task that was under way; a second down is as fine as the first."""
    groups = [process.group() for process in stack.components(desk).values()]
    everything = {pid for group in groups for pid in _descendants(group)}
    assert len(everything) > 10
    stack.down(desk)
    assert not [pid for pid in everything if task_processes.is_alive(pid)]
    said = []
    assert stack.status(desk, said.append) is False
    stack.down(desk)
