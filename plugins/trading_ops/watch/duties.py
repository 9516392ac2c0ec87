"""
What the desk owes people by the clock: a ticket by Saturday noon, a report every morning after a session.

Pure.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from trading_ops.exchange import sessions
from trading_ops.exchange.clocks import LONDON


@dataclass(frozen=True)
class Duty:
    """The session something is owed for, when the run that makes it starts, and by when it is there."""

    session: date
    run_at: datetime
    due_at: datetime

    @property
    def plan_week(self) -> str:
        """The ISO week in which a ticket planned on the session is executed."""
        return sessions.plan_week(sessions.execution_session(self.session))


def newest_ticket(now_at: datetime) -> Duty:
    """Return the newest week whose ticket is due at an instant. Raises CalendarError beyond the calendar."""
    day = now_at.astimezone(LONDON).date()
    session = sessions.last_session_of_week(day)
    while sessions.ticket_due_at(session) > now_at:
        day -= timedelta(days=7)
        session = sessions.last_session_of_week(day)
    return Duty(session, sessions.plan_run_at(session), sessions.ticket_due_at(session))


def newest_report(now_at: datetime) -> Duty:
    """Return the newest session whose report is due. Raises CalendarError beyond the calendar."""
    session = sessions.session_on_or_before(now_at.astimezone(LONDON).date())
    while sessions.report_due_at(session) > now_at:
        session = sessions.session_on_or_before(session - timedelta(days=1))
    return Duty(session, sessions.daily_run_at(session), sessions.report_due_at(session))
