"""
What is due by the desk's clock and is not there: read by whoever watches and by the page.

A simulated desk has no schedule, so nothing is ever due on it; nor is what a run should have made before the
portfolio came to be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import psycopg

from trading_ops.db.connect import queries
from trading_ops.settings import Settings
from trading_ops.watch.duties import Duty, newest_report, newest_ticket


@dataclass(frozen=True)
class Missing:
    """A duty that is late: its incident, whether that is on record, whether a run may still make it."""

    duty: Duty
    code: str
    dedupe_key: str
    is_told: bool
    is_under_way: bool


def missing_ticket(connection: psycopg.Connection, config: Settings, now_at: datetime) -> Missing | None:
    """Return the week that should have its ticket by now and has none. Raises CalendarError."""
    duty = newest_ticket(now_at)
    key = f"NO_TICKET:{config.portfolio_id}:{duty.plan_week}"
    if not _is_owed(connection, config, duty):
        return None
    state = queries.watch.ticket_state(
        connection, portfolio_id=config.portfolio_id, plan_week=duty.plan_week, incident=key
    )
    return _missing(duty, "NO_TICKET", key, state)


def missing_report(connection: psycopg.Connection, config: Settings, now_at: datetime) -> Missing | None:
    """Return the session that should have its daily report by now and has none. Raises CalendarError."""
    duty = newest_report(now_at)
    subject = f"{config.portfolio_id}:{duty.session}"
    key = f"REPORT_MISSING:{subject}"
    if not _is_owed(connection, config, duty):
        return None
    state = queries.watch.report_state(connection, outbox_key=f"daily_report:{subject}", incident=key)
    return _missing(duty, "REPORT_MISSING", key, state)


def all_missing(connection: psycopg.Connection, config: Settings, now_at: datetime) -> Iterator[Missing]:
    """Yield whatever is late. Raises CalendarError."""
    for look in (missing_report, missing_ticket):
        if found := look(connection, config, now_at):
            yield found


def _is_owed(connection: psycopg.Connection, config: Settings, duty: Duty) -> bool:
    opened_at = queries.watch.opened_at(connection, portfolio_id=config.portfolio_id)
    return config.environment == "production" and opened_at is not None and opened_at <= duty.run_at


def _missing(duty: Duty, code: str, key: str, state: dict) -> Missing | None:
    if state["is_there"]:
        return None
    return Missing(duty, code, key, state["is_told"], state["is_under_way"])
