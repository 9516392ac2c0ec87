"""
NYSE sessions and the two clocks of the desk.

The only place that knows weekends, holidays and half-days. Pure: the same arguments give the same answer on
any day, which calendar_hash() makes checkable.
"""

import hashlib
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from trading_ops.exchange.calendar import FIRST_DATE, LAST_DATE, Calendar, desk_calendar
from trading_ops.exchange.clocks import LONDON

if TYPE_CHECKING:
    from trading_ops.config.policy import Execution

DAILY_RUN_TIME = time(8, 0)
# After the daily run of the same morning and before the plan.
RECONCILIATION_RUN_TIME = time(8, 30)
PLAN_RUN_TIME = time(9, 0)
TRAINING_RUN_TIME = time(10, 0)
# By then people have what a run makes; whoever watches from outside Airflow tells of what is missing.
REPORT_DUE_TIME = time(8, 30)
TICKET_DUE_TIME = time(12, 0)
# No plan takes longer: by then Airflow has given it up, and so does whoever watches.
PLAN_DURATION_MAX = timedelta(hours=3)
# Late enough for the day's fills, and half an hour before they have to be confirmed.
FOLLOWUP_AFTER_CLOSE = timedelta(minutes=30)


class CalendarError(Exception):
    """The calendar has no answer; the message says for what."""


@dataclass(frozen=True)
class Window:
    """When a ticket's lines are executed, and by when they are confirmed; instants in UTC."""

    open_at: datetime
    close_at: datetime
    deadline_at: datetime


def is_session(day: date) -> bool:
    """Say whether the exchange trades on a day."""
    dates = desk_calendar().dates
    place = bisect_left(dates, _within_span(day))
    return place < len(dates) and dates[place] == day


def session_on_or_before(day: date) -> date:
    """Return the day itself if it is a session, else the last session before it."""
    dates = desk_calendar().dates
    return _pick(dates, bisect_right(dates, _within_span(day)) - 1, day)


def next_session(day: date) -> date:
    """Return the first session after a day."""
    dates = desk_calendar().dates
    return _pick(dates, bisect_right(dates, _within_span(day)), day)


def sessions_between(first_date: date, last_date: date) -> tuple[date, ...]:
    """Return the sessions from one day to another, both included."""
    dates = desk_calendar().dates
    return dates[bisect_left(dates, _within_span(first_date)) : bisect_right(dates, _within_span(last_date))]


def session_open_at(session: date) -> datetime:
    """Return the instant a session opens."""
    return desk_calendar().opens[_place(session)]


def session_close_at(session: date) -> datetime:
    """Return the instant a session closes, early on a half-day."""
    return desk_calendar().closes[_place(session)]


def newest_complete_session(now_at: datetime) -> date:
    """
    Return the newest session whose bar is expected at an instant.

    A bar is expected from the daily run on: 08:00 in London on the day after its session.
    """
    session = session_on_or_before(now_at.astimezone(LONDON).date())
    while daily_run_at(session) > now_at:
        session = session_on_or_before(session - timedelta(days=1))
    return session


def last_session_of_week(day: date) -> date:
    """Return the last session of the ISO week a day lies in."""
    session = session_on_or_before(_monday(day) + timedelta(days=6))
    if session < _monday(day):
        raise CalendarError(f"the week of {day} has no session")
    return session


def is_last_of_week(session: date) -> bool:
    """Say whether a session is the last one of its ISO week."""
    return last_session_of_week(session) == session


def is_training_session(session: date) -> bool:
    """Say whether a model is trained on the Sunday after a session: the month's first Sunday."""
    return is_last_of_week(session) and (_monday(session) + timedelta(days=6)).day <= 7


def execution_session(as_of: date) -> date:
    """Return the first session after the ISO week of as_of: where a plan on its bars is executed."""
    return next_session(_monday(as_of) + timedelta(days=6))


def plan_week(session: date) -> str:
    """Return the ISO week of an execution session, such as 2026-W25."""
    year, week, _ = session.isocalendar()
    return f"{year}-W{week:02d}"


def execution_window(session: date, execution_policy: "Execution") -> Window:
    """
    Return the window of an execution session under the policy's `execution` section.

    A rule in New York time: it follows the open of that session through both clock changes, and
    never outlasts an early close.
    """
    open_at, close_at = session_open_at(session), session_close_at(session)
    window_open_at = open_at + timedelta(minutes=execution_policy.window_open_after_minutes)
    window_close_at = min(close_at, open_at + timedelta(minutes=execution_policy.window_close_after_minutes))
    if window_open_at >= window_close_at:
        raise CalendarError(f"the session of {session} closes before the execution window opens")
    deadline_at = window_close_at + timedelta(minutes=execution_policy.confirm_within_minutes)
    return Window(window_open_at, window_close_at, deadline_at)


def daily_run_at(session: date) -> datetime:
    """Return when the bar of a session is loaded and the book valued."""
    return _london(session + timedelta(days=1), DAILY_RUN_TIME)


def reconciliation_run_at(session: date) -> datetime:
    """Return when the ledger is compared with the broker's snapshot: the day after a session."""
    return _london(session + timedelta(days=1), RECONCILIATION_RUN_TIME)


def plan_run_at(session: date) -> datetime:
    """Return when the week of a session is planned on: the Saturday after it."""
    return _london(_monday(session) + timedelta(days=5), PLAN_RUN_TIME)


def ticket_due_at(session: date) -> datetime:
    """Return by when the week of a session has its ticket."""
    return _london(_monday(session) + timedelta(days=5), TICKET_DUE_TIME)


def report_due_at(session: date) -> datetime:
    """Return by when the report on a session is written."""
    return _london(session + timedelta(days=1), REPORT_DUE_TIME)


def next_plan_at(now_at: datetime) -> datetime:
    """Return when the first plan after an instant is made."""
    today = now_at.astimezone(LONDON).date()
    this_weeks_at = plan_run_at(today)
    return this_weeks_at if this_weeks_at > now_at else plan_run_at(today + timedelta(days=7))


def training_run_at(session: date) -> datetime:
    """Return when a model is trained on the bars up to a session: the Sunday of its week."""
    return _london(_monday(session) + timedelta(days=6), TRAINING_RUN_TIME)


def followup_run_at(session: date) -> datetime:
    """Return when the fills of a session are chased."""
    return session_close_at(session) + FOLLOWUP_AFTER_CLOSE


@lru_cache
def calendar_hash() -> str:
    """Return the SHA-256 of every answer this module gives, for a run to pin."""
    return hashlib.sha256(calendar_text().encode()).hexdigest()


@lru_cache
def calendar_text() -> str:
    """Return every session as text_of gives it; the hash is taken of this."""
    return text_of(desk_calendar())


def text_of(calendar: Calendar) -> str:
    """Return a line per session: its day, opening, close and when its bar is expected, by tabs."""
    return "".join(
        f"{day}\t{open_at.isoformat()}\t{close_at.isoformat()}\t{daily_run_at(day).isoformat()}\n"
        for day, open_at, close_at in zip(calendar.dates, calendar.opens, calendar.closes, strict=True)
    )


def _place(session: date) -> int:
    place = bisect_left(desk_calendar().dates, _within_span(session))
    if not is_session(session):
        raise CalendarError(f"{session} is not a session of the exchange")
    return place


def _pick(dates: tuple[date, ...], place: int, day: date) -> date:
    if not 0 <= place < len(dates):
        raise CalendarError(f"no session is known on that side of {day}")
    return dates[place]


def _within_span(day: date) -> date:
    if not FIRST_DATE <= day <= LAST_DATE:
        raise CalendarError(f"the calendar is known from {FIRST_DATE} to {LAST_DATE}, not on {day}")
    return day


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _london(day: date, clock_time: time) -> datetime:
    return datetime.combine(day, clock_time, LONDON).astimezone(UTC)
