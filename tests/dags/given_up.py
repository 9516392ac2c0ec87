"""
The ways in which Airflow gives up a run, done for real, and what the desk has to show for it afterwards.
"""

import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta

from tests.conftest import admin
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_stack import stack
from trading_ops_stack.airflow_api import Airflow
from trading_ops_stack.environment import room_environment


def start_plan(airflow: Airflow, desk: Settings, session: date) -> dict:
    """Start a plan and return its row of desk.runs once it is frozen; at a closed pool it goes no further."""
    dag_run_id = airflow.trigger("weekly_plan", session.isoformat())
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with connect("desk_planner", desk) as connection:
            run = queries.runs.run_by_key(connection, idempotency_key=f"weekly_plan:{dag_run_id}")
        states = airflow.task_states("weekly_plan", dag_run_id)
        if run and states["freeze_inputs"] == "success":
            return run
        time.sleep(0.2)
    raise AssertionError(f"{dag_run_id} froze nothing: {states}")


def plan_of(airflow: Airflow, key: str) -> dict:
    """Return Airflow's own row of a plan, by the key of its run."""
    dag_id, _, dag_run_id = key.partition(":")
    return airflow.request("GET", f"/api/v2/dags/{dag_id}/dagRuns/{dag_run_id.replace('+', '%2B')}")


def overrun(_airflow: Airflow, desk: Settings, dag_run_id: str) -> None:
    """Let a run have started four hours ago, which is what the scheduler measures its timeout by."""
    with admin(desk, desk.airflow_db) as connection:
        connection.execute(
            "update dag_run set start_date = start_date - interval '4 hours' where run_id = %s", (dag_run_id,)
        )


def mark_failed(airflow: Airflow, _desk: Settings, dag_run_id: str) -> None:
    """Mark a plan failed, twice, as an impatient operator does."""
    for _ in range(2):
        mark(airflow, "weekly_plan", dag_run_id, "failed")


def mark_success(airflow: Airflow, _desk: Settings, dag_run_id: str) -> None:
    """Mark a plan a success before it has issued anything."""
    mark(airflow, "weekly_plan", dag_run_id, "success")


def suspend(airflow: Airflow, desk: Settings, dag_run_id: str) -> None:
    """Let the scheduler sleep for three hours of the desk's time, and wake when the watcher has looked."""
    # As on a machine that is suspended the supervisor sleeps as well: it would end what hangs.
    asleep = [stack.components(desk)[name].group() for name in ("supervisor", "scheduler")]
    for group in asleep:
        os.killpg(group, signal.SIGSTOP)
    try:
        let_a_plan_be_late(desk)
        watch_once(desk)
        # Its own clock went on as well.
        overrun(airflow, desk, dag_run_id)
    finally:
        for group in reversed(asleep):
            os.killpg(group, signal.SIGCONT)
    deadline = time.monotonic() + 60
    while plan_of(airflow, f"weekly_plan:{dag_run_id}")["state"] != "failed":
        assert time.monotonic() < deadline, "the scheduler that woke did not give the plan up"
        time.sleep(0.2)


def stop(_airflow: Airflow, desk: Settings, _dag_run_id: str) -> None:
    """Stop the scheduler, let three hours of the desk's time go by, and let the watcher look."""
    processes = stack.components(desk)
    # The supervisor as well: it would start the scheduler again.
    stack.stop_all([processes["supervisor"], processes["scheduler"]])
    let_a_plan_be_late(desk)
    watch_once(desk)


# Of these the watcher tells, who has only the desk's own database to say what did not finish.
FOUND_BY_WATCHER = (suspend, stop)


def let_a_plan_be_late(desk: Settings) -> None:
    """Let as much of the desk's time go by as a plan may take, and a second."""
    with connect("desk_planner", desk) as connection:
        later_at = queries.clock.now_at(connection) + sessions.PLAN_DURATION_MAX + timedelta(seconds=1)
        queries.clock.set_simulated_now(connection, now_at=later_at)


def mark(airflow: Airflow, dag_id: str, dag_run_id: str, state: str) -> None:
    """Set the state of a run by hand, through the API as the page of Airflow does."""
    path = f"/api/v2/dags/{dag_id}/dagRuns/{dag_run_id.replace('+', '%2B')}"
    airflow.request("PATCH", path, {"state": state})


def watch_once(desk: Settings) -> None:
    """Look once with the passwords the watcher has."""
    command = [sys.executable, "-m", "trading_ops.watch", "--once"]
    done = subprocess.run(
        command,
        env=room_environment(desk, "watch"),
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def told(desk: Settings) -> list[str]:
    """Return every incident's key, in order."""
    with connect("desk_planner", desk) as connection:
        rows = connection.execute("select dedupe_key from desk.incidents order by incident_id").fetchall()
    return [row["dedupe_key"] for row in rows]


def sent(desk: Settings) -> list[str]:
    """Return the key of every mail that went out, in order."""
    query = (
        "select dedupe_key from desk.outbox join desk.outbox_deliveries using (mail_id)"
        " where status = 'sent' order by mail_id"
    )
    with connect("desk_mailer", desk) as connection:
        return [row["dedupe_key"] for row in connection.execute(query)]


def ticket_of(desk: Settings, run_id: str) -> dict | None:
    """Return the ticket of a run."""
    with connect("desk_planner", desk) as connection:
        return connection.execute("select * from desk.tickets where run_id = %s", (run_id,)).fetchone()
