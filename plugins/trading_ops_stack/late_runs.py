"""
Runs of the timetable that did not end in time, told once each.

A morning without a report and a week without a ticket have words of their own (`trading_ops.watch.missing`);
of a run that failed its own incident tells.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from trading_ops.comms.incidents import raise_incident
from trading_ops.db import clock
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.exchange.clocks import LONDON
from trading_ops.settings import Settings
from trading_ops.wording.instants import in_full
from trading_ops_airflow.schedule import (
    DAILY_MARKET_DATA,
    DAILY_REMINDERS,
    SESSION_DAGS,
    WEEKLY_PLAN,
    DeskDag,
)

_MISSED_OTHERWISE = (DAILY_MARKET_DATA, WEEKLY_PLAN)
# One lies in every night, and a morning may begin an hour later by the clock.
_REMINDERS_EVERY = timedelta(hours=26)


def tell_late_runs(config: Settings) -> list[str]:
    """Record each run that is over its time and left no beat, once, and return a line for each."""
    if config.environment != "production":
        return []
    said = []
    with connect("desk_planner", config) as connection:
        now_at = clock.now(connection)
        opened_at = queries.watch.opened_at(connection, portfolio_id=config.portfolio_id)
        for dag, key, due_at in _due(now_at):
            if opened_at is None or opened_at > due_at:
                continue
            if queries.watch.has_ended(connection, dag_id=dag.dag_id, due_at=due_at):
                continue
            detail = (
                f"{dag.dag_id} was due {in_full(due_at)} and has not done its work; is Airflow running, and does it "
                "read the DAG? (`make status`)"
            )
            if raise_incident(connection, "RUN_LATE", f"RUN_LATE:{dag.dag_id}:{key}", detail, config=config):
                said.append(detail)
    return said


def _due(now_at: datetime) -> Iterator[tuple[DeskDag, str, datetime]]:
    """Yield each DAG with a name and the instant of its newest run that is over its time."""
    for dag in SESSION_DAGS:
        if dag in _MISSED_OTHERWISE:
            continue
        # Beyond the last day the calendar knows nobody can say what is due.
        with suppress(sessions.CalendarError):
            session = sessions.session_on_or_before(now_at.astimezone(LONDON).date())
            while not (dag.cadence.is_due(session) and dag.run_at(session) + dag.duration_max <= now_at):
                session = sessions.session_on_or_before(session - timedelta(days=1))
            yield dag, str(session), dag.run_at(session)
    due_at = now_at - _REMINDERS_EVERY
    yield DAILY_REMINDERS, str(due_at.astimezone(LONDON).date()), due_at
