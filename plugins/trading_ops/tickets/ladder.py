"""
When whoever owes the desk something is written to: the rungs of a ticket, and every morning after them.

Pure. The rungs follow the ticket's own window, the minutes and the quiet hours are the policy's; what would
fall into those waits for their end. Whoever asks at `instants` meets every rung when it is due.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from trading_ops.config.policy_sections import Execution, Reminders
from trading_ops.exchange import sessions
from trading_ops.exchange.clocks import LONDON
from trading_ops.exchange.sessions import Window

OPENS, CLOSED, SOON, LATE, MORNING = "opens", "closed", "soon", "late", "morning"


@dataclass(frozen=True)
class Rung:
    """One letter that is due at an instant in UTC; no other rung of the ticket has its name."""

    kind: str
    due_at: datetime

    @property
    def name(self) -> str:
        """What a dedupe key calls it: each morning is a rung of its own."""
        return f"{self.kind}:{self.due_at.astimezone(LONDON):%Y-%m-%d}" if self.kind == MORNING else self.kind


def rungs(window: Window, rules: Reminders) -> tuple[Rung, ...]:
    """Return the rungs of a ticket that is executed in a window, in their order."""
    planned = (
        (OPENS, window.open_at),
        (CLOSED, window.close_at + timedelta(minutes=rules.after_close_minutes)),
        (SOON, window.deadline_at - timedelta(minutes=rules.before_deadline_minutes)),
        (LATE, window.deadline_at),
    )
    return tuple(Rung(kind, _out_of_the_night(at, rules)) for kind, at in planned)


def rung_at(now_at: datetime, window: Window | None, since_at: datetime, rules: Reminders) -> Rung | None:
    """
    Return the newest rung that is due, or None before the first and in quiet hours.

    A ticket without a window has mornings alone; they count after its last rung and after since_at.
    """
    if is_night(now_at, rules):
        return None
    climbed = rungs(window, rules) if window else ()
    morning_at = _london(now_at.astimezone(LONDON).date(), rules.quiet_until_hour)
    if max([since_at, *(rung.due_at for rung in climbed)]) < morning_at:
        return Rung(MORNING, morning_at)
    newest = next((rung for rung in reversed(climbed) if rung.due_at <= now_at), None)
    # Nobody hears that a window is open which is not.
    return None if newest and newest.kind == OPENS and now_at >= window.close_at else newest


def is_night(now_at: datetime, rules: Reminders) -> bool:
    """Say whether an instant lies in the quiet hours."""
    return _out_of_the_night(now_at, rules) != now_at


def instants(first_date: date, last_date: date, execution: Execution, rules: Reminders) -> list[datetime]:
    """
    Return when to look whether a letter is due, for the sessions of some days: each morning and each rung.

    A rung may lie after last_date.
    """
    days = (last_date - first_date).days + 1
    found = {_london(first_date + timedelta(days=day), rules.quiet_until_hour) for day in range(days)}
    for session in _execution_sessions(first_date, last_date):
        window = sessions.execution_window(session, execution)
        found |= {rung.due_at for rung in rungs(window, rules)}
    return sorted(found)


def _execution_sessions(first_date: date, last_date: date) -> Iterator[date]:
    """Yield the first session of each week."""
    for session in sessions.sessions_between(first_date, last_date):
        week_before = session - timedelta(days=7)
        if sessions.execution_session(week_before) == session:
            yield session


def _out_of_the_night(at: datetime, rules: Reminders) -> datetime:
    london = at.astimezone(LONDON)
    if london.hour < rules.quiet_until_hour:
        return _london(london.date(), rules.quiet_until_hour)
    if london.hour >= rules.quiet_from_hour:
        return _london(london.date() + timedelta(days=1), rules.quiet_until_hour)
    return at


def _london(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), LONDON).astimezone(UTC)
