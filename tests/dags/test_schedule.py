"""The desk's times held against each other, over every session of two years: what must come before what."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from trading_ops.config.files import read_policy
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.exchange.clocks import LONDON
from trading_ops.settings import Settings
from trading_ops_airflow.schedule import (
    DAILY_FOLLOWUP,
    DAILY_MARKET_DATA,
    MONTHLY_TRAINING,
    SESSION_DAGS,
    WEEKLY_PLAN,
    WEEKLY_RECONCILIATION,
    dags_before,
    find_dag,
)
from trading_ops_airflow.timetable import SessionTimetable

EXECUTION = read_policy(Settings()).execution
SESSIONS = sessions.sessions_between(date(2026, 1, 1), date(2027, 12, 31))
WEEKS = [session for session in SESSIONS if sessions.is_last_of_week(session)]


def window_of(last_session: date) -> sessions.Window:
    """Return the window of the week that is planned on a session."""
    return sessions.execution_window(sessions.execution_session(last_session), EXECUTION)


def test_the_two_years_have_their_sessions_and_weeks():
    """Else the loops below would prove nothing."""
    assert (len(SESSIONS), len(WEEKS)) == (502, 105)


@pytest.mark.parametrize("dag", SESSION_DAGS, ids=lambda dag: dag.dag_id)
def test_every_session_of_a_cadence_has_one_run_after_its_close(dag):
    """
    In order, within three days, and never between 01:00 and 02:00 in London, where an hour is missing or
    twice there.
    """
    counts = {"daily": 502, "weekly": 105, "monthly": 25}
    infos = list(
        SessionTimetable(dag).iter_partition_dagrun_infos(
            earliest=datetime(2026, 1, 1, tzinfo=UTC), latest=datetime(2027, 12, 31, tzinfo=UTC)
        )
    )
    assert len(infos) == counts[dag.cadence.name]
    dues = [info.run_after for info in infos]
    assert dues == sorted(set(dues))
    for info in infos:
        session = date.fromisoformat(info.partition_key)
        assert sessions.session_close_at(session) < info.run_after
        assert info.run_after.date() - session <= timedelta(days=3)
        assert info.run_after.astimezone(LONDON).hour != 1


def test_a_week_is_loaded_then_reconciled_then_planned_and_then_traded():
    """
    The plan finds the week's last bar and the drift of the morning, and is there before the window opens.
    """
    for last in WEEKS:
        loaded_at, reconciled_at, planned_at, open_at = (
            DAILY_MARKET_DATA.run_at(last),
            WEEKLY_RECONCILIATION.run_at(last),
            WEEKLY_PLAN.run_at(last),
            window_of(last).open_at,
        )
        assert loaded_at < reconciled_at < planned_at < open_at
        # The plan that started as late as it may is done as well.
        assert planned_at + WEEKLY_PLAN.lateness_max + WEEKLY_PLAN.duration_max < open_at


def test_a_training_comes_after_the_weeks_plan_and_is_done_before_the_next():
    """
    Whether or not it started as late as it may; it takes two hours at most of the room a plan's scores need.
    """
    trained = [last for last in WEEKS if sessions.is_training_session(last)]
    assert len(trained) == 25
    for last in trained:
        started_at = MONTHLY_TRAINING.run_at(last)
        next_plan_at = WEEKLY_PLAN.run_at(sessions.execution_session(last))
        assert WEEKLY_PLAN.run_at(last) < started_at
        assert started_at + MONTHLY_TRAINING.lateness_max + MONTHLY_TRAINING.duration_max < next_plan_at


def test_a_follow_up_is_over_before_the_morning_it_belongs_to():
    """The daily run waits for nobody, so what comes before it has to be done."""
    for session, following in pairwise(SESSIONS):
        started_at = DAILY_FOLLOWUP.run_at(session)
        assert started_at + DAILY_FOLLOWUP.duration_max < DAILY_MARKET_DATA.run_at(session)
        assert DAILY_MARKET_DATA.run_at(session) < DAILY_FOLLOWUP.run_at(following)


def test_a_dag_is_found_by_its_id_and_knows_who_goes_first():
    """An unknown id is none of the desk's."""
    assert find_dag("weekly_plan") is WEEKLY_PLAN
    assert find_dag("model_training") is find_dag(None) is None
    assert dags_before(DAILY_MARKET_DATA) == ()
    assert dags_before(WEEKLY_PLAN) == (DAILY_MARKET_DATA, WEEKLY_RECONCILIATION, DAILY_FOLLOWUP)


def test_postgres_knows_exactly_the_kinds_of_the_table(desk):
    """A kind the database refuses would be found out by the first run of its DAG."""
    with connect("desk_reader", desk) as connection:
        known = connection.execute(
            "select regexp_matches(pg_get_constraintdef(oid), '''([a-z]+)''', 'g') as kind"
            " from pg_constraint where conname = 'runs_kind_check'"
        ).fetchall()
    assert sorted(row["kind"][0] for row in known) == sorted(dag.kind for dag in SESSION_DAGS)
