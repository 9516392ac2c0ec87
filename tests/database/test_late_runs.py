"""Runs of the timetable that did not end in time are told once each, until a later one does its work."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.database import rows
from tests.database.planning import table
from trading_ops.comms.incidents import close_over, raise_incident
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops_airflow.schedule import (
    DAILY_FOLLOWUP,
    DAILY_REMINDERS,
    MONTHLY_TRAINING,
    WEEKLY_RECONCILIATION,
)
from trading_ops_stack.late_runs import tell_late_runs

FRIDAY = date(2026, 6, 12)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def live(desk):
    """A desk with a schedule, opened on the Monday before; its reminders ran just now."""
    rows.set_clock(desk, datetime(2026, 6, 8, 6, tzinfo=UTC))
    rows.add_portfolio(desk)
    return dataclasses.replace(desk, environment="production")


def beat(desk, dag) -> None:
    """Say that a run of a DAG did its work, now."""
    with connect("desk_planner", desk) as connection:
        detail = str(queries.clock.now_at(connection))
        queries.incidents.beat(connection, component=dag.dag_id, detail=detail)


def look_at(desk, now_at: datetime) -> list[str]:
    """Look at an instant and return the keys of what is told since the beginning."""
    rows.set_clock(desk, now_at)
    beat(desk, DAILY_REMINDERS)
    tell_late_runs(desk)
    return [row["dedupe_key"] for row in table(desk, "incidents") if row["code"] == "RUN_LATE"]


@pytest.mark.parametrize(
    ("dag", "session", "others"),
    [
        (WEEKLY_RECONCILIATION, FRIDAY, (DAILY_FOLLOWUP,)),
        (DAILY_FOLLOWUP, date(2026, 6, 9), ()),
        (MONTHLY_TRAINING, date(2026, 7, 2), (DAILY_FOLLOWUP, WEEKLY_RECONCILIATION)),
    ],
)
def test_a_run_that_never_comes_is_told_once_when_its_time_is_over(live, dag, session, others):
    """By mail as well; a later run that does its work ends it."""
    over_at = dag.run_at(session) + dag.duration_max
    rows.set_clock(live, dag.run_at(session) - MINUTE)
    beat(live, dag)
    rows.set_clock(live, over_at - 2 * MINUTE)
    for other in others:
        beat(live, other)
    key = f"RUN_LATE:{dag.dag_id}:{session}"
    assert look_at(live, over_at - MINUTE) == []
    for minutes in (0, 5):
        assert look_at(live, over_at + minutes * MINUTE) == [key]
    assert [mail["dedupe_key"] for mail in table(live, "outbox")] == [f"alert:{key}"]
    rows.set_clock(live, over_at + 10 * MINUTE)
    beat(live, dag)
    with connect("desk_planner", live) as connection:
        assert [line for line in close_over(connection, live) if dag.dag_id in line]


def test_a_run_that_did_its_work_or_failed_is_not_late(live):
    """A failure has its own incident."""
    run_at = sessions.reconciliation_run_at(FRIDAY)
    rows.set_clock(live, run_at + MINUTE)
    beat(live, DAILY_FOLLOWUP)
    with connect("desk_planner", live) as connection:
        key = f"STEP_FAILED:{WEEKLY_RECONCILIATION.dag_id}:scheduled__{FRIDAY}"
        raise_incident(connection, "STEP_FAILED", key, "drift broke", config=live)
    assert look_at(live, run_at + timedelta(hours=5)) == []


def test_reminders_that_do_not_run_are_told(live):
    """A morning lies in every 26 hours."""
    ran_at = datetime(2026, 6, 8, 8, tzinfo=UTC)
    rows.set_clock(live, ran_at)
    beat(live, DAILY_REMINDERS)
    for hours, keys in ((26, []), (27, ["2026-06-08"]), (29, ["2026-06-08"])):
        rows.set_clock(live, ran_at + timedelta(hours=hours) - MINUTE)
        beat(live, DAILY_FOLLOWUP)
        tell_late_runs(live)
        told = [row["dedupe_key"] for row in table(live, "incidents")]
        assert told == [f"RUN_LATE:daily_reminders:{key}" for key in keys]


def test_a_simulated_desk_and_one_that_was_not_there_yet_miss_nothing(live, desk):
    """A desk without a schedule, and one opened after the run was due."""
    late_at = sessions.reconciliation_run_at(FRIDAY) + timedelta(hours=5)
    rows.set_clock(desk, late_at)
    assert tell_late_runs(desk) == []
    nobody = dataclasses.replace(live, portfolio_id="nobody")
    assert tell_late_runs(nobody) == []
