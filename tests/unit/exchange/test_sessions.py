"""Sessions and clocks: holidays, half-days, both clock changes, and the bar a Monday may expect."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_ops.config.policy import parse_policy
from trading_ops.exchange import sessions
from trading_ops.exchange.calendar import Override, build_calendar
from trading_ops.exchange.sessions import CalendarError
from trading_ops.settings import PROJECT_ROOT

EXECUTION = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml").execution
LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
days = st.dates(date(2024, 1, 1), date(2028, 12, 31))


def utc(text: str) -> datetime:
    """An instant as in 2026-06-15 13:45."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-06-12", True),
        ("2026-06-13", False),  # a Saturday
        ("2025-01-09", False),  # the day of mourning for President Carter
        ("2024-03-29", False),  # Good Friday
        ("2026-06-19", False),  # Juneteenth
        ("2026-07-03", False),  # Independence Day, observed on a Friday
        ("2027-12-31", True),  # New Year's Day on a Saturday closes no Friday
        ("2026-05-25", False),  # Memorial Day, a bank holiday in London too
        ("2026-08-31", True),  # London's summer bank holiday: New York trades
        ("2026-12-28", True),  # Boxing Day, observed in London only
        ("2026-11-26", False),  # Thanksgiving: London trades
        ("2028-02-29", True),
    ],
)
def test_the_exchange_decides_what_a_session_is(day, expected):
    """Weekends and New York's holidays are none; London's are of no concern."""
    assert sessions.is_session(date.fromisoformat(day)) is expected


def test_neighbours_of_a_holiday():
    """Thanksgiving 2026: the Wednesday before, the Friday after, and both in between."""
    holiday = date(2026, 11, 26)
    assert sessions.session_on_or_before(holiday) == date(2026, 11, 25)
    assert sessions.session_on_or_before(date(2026, 11, 25)) == date(2026, 11, 25)
    assert sessions.next_session(holiday) == date(2026, 11, 27)
    assert sessions.next_session(date(2026, 11, 25)) == date(2026, 11, 27)
    week = sessions.sessions_between(date(2026, 11, 23), date(2026, 11, 27))
    assert [day.day for day in week] == [23, 24, 25, 27]
    assert sessions.sessions_between(holiday, holiday) == ()


@pytest.mark.parametrize("day", ["2026-11-27", "2026-12-24", "2025-07-03", "2027-11-26"])
def test_half_days_close_at_one_in_new_york(day):
    """An early close moves the close and the follow-up, not the open."""
    session = date.fromisoformat(day)
    assert sessions.session_close_at(session).astimezone(NEW_YORK).time() == time(13)
    assert sessions.session_open_at(session).astimezone(NEW_YORK).time() == time(9, 30)
    assert sessions.followup_run_at(session).astimezone(NEW_YORK).time() == time(13, 30)


# Weeks in which London and New York are four hours apart instead of five, 2024 to 2028.
MISMATCH_WEEKS = [
    ("2024-03-11", "2024-03-28"),
    ("2024-10-28", "2024-11-01"),
    ("2025-03-10", "2025-03-28"),
    ("2025-10-27", "2025-10-31"),
    ("2026-03-09", "2026-03-27"),
    ("2026-10-26", "2026-10-30"),
    ("2027-03-15", "2027-03-25"),
    ("2027-11-01", "2027-11-05"),
    ("2028-03-13", "2028-03-24"),
    ("2028-10-30", "2028-11-03"),
]


def test_new_york_opens_an_hour_early_for_london_in_exactly_the_mismatch_weeks():
    """13:30 in London in those weeks, 14:30 in all others, for every session of five years."""
    early = {
        session
        for first, last in MISMATCH_WEEKS
        for session in sessions.sessions_between(date.fromisoformat(first), date.fromisoformat(last))
    }
    every = sessions.sessions_between(date(2024, 1, 1), date(2028, 12, 31))
    assert len(every) > 1250
    for session in every:
        expected = time(13, 30) if session in early else time(14, 30)
        assert sessions.session_open_at(session).astimezone(LONDON).time() == expected, session


@pytest.mark.parametrize(
    ("session", "open_at", "close_at"),
    [
        ("2026-03-02", "2026-03-02 14:45", "2026-03-02 16:00"),  # both in winter
        ("2026-03-09", "2026-03-09 13:45", "2026-03-09 15:00"),  # New York in summer time, London not yet
        ("2026-03-30", "2026-03-30 13:45", "2026-03-30 15:00"),  # both in summer
        ("2026-10-26", "2026-10-26 13:45", "2026-10-26 15:00"),  # London back, New York not yet
        ("2026-11-02", "2026-11-02 14:45", "2026-11-02 16:00"),
    ],
)
def test_the_window_follows_new_york_through_the_clock_changes(session, open_at, close_at):
    """Always from 9:45 to 11:00 in New York, confirmed six hours later."""
    window = sessions.execution_window(date.fromisoformat(session), EXECUTION)
    assert (window.open_at, window.close_at) == (utc(open_at), utc(close_at))
    assert window.deadline_at == utc(close_at) + timedelta(hours=6)
    assert window.open_at.astimezone(NEW_YORK).time() == time(9, 45)


def test_a_window_never_outlasts_an_early_close():
    """210 minutes after the open is the close of a half-day."""
    late = EXECUTION.model_copy(update={"window_close_after_minutes": 300})
    half_day = date(2026, 11, 27)
    assert sessions.execution_window(half_day, late).close_at == sessions.session_close_at(half_day)
    never = EXECUTION.model_copy(update={"window_open_after_minutes": 210, "window_close_after_minutes": 300})
    with pytest.raises(CalendarError, match="2026-11-27 closes before"):
        sessions.execution_window(half_day, never)


@pytest.mark.parametrize(
    ("now_at", "expected"),
    [
        ("2026-06-13 06:59:59", "2026-06-11"),  # Saturday, a second before 08:00 in London
        ("2026-06-13 07:00:00", "2026-06-12"),  # Saturday, 08:00 in London
        ("2026-06-15 06:00:00", "2026-06-12"),  # Monday morning still expects Friday
        ("2026-06-15 22:00:00", "2026-06-12"),  # Monday is over, but its bar is due tomorrow
        ("2026-06-16 07:00:00", "2026-06-15"),
        ("2026-11-27 08:00:00", "2026-11-25"),  # the Friday after Thanksgiving
        ("2026-11-28 08:00:00", "2026-11-27"),  # its half-day counts
        ("2026-12-28 08:00:00", "2026-12-24"),  # Christmas and a weekend
        ("2026-12-29 08:00:00", "2026-12-28"),  # London closed on the 28th, New York did not
        ("2025-01-10 08:00:00", "2025-01-08"),  # the day of mourning
        ("2026-03-28 08:00:00", "2026-03-27"),  # winter time: 08:00 in London is 08:00 UTC
        ("2026-03-31 07:00:00", "2026-03-30"),  # summer time: 08:00 in London is 07:00 UTC
        ("2026-03-31 06:59:59", "2026-03-27"),
    ],
)
def test_the_bar_a_morning_may_expect(now_at, expected):
    """T-1 from 08:00 in London on the day after, however many days the market was closed."""
    assert sessions.newest_complete_session(utc(now_at)) == date.fromisoformat(expected)


@given(day=days)
def test_every_session_becomes_the_newest_at_its_daily_run(day):
    """At 08:00 in London it is expected, a second earlier the one before is."""
    session = sessions.session_on_or_before(day)
    run_at = sessions.daily_run_at(session)
    assert run_at.astimezone(LONDON).time() == time(8)
    assert sessions.newest_complete_session(run_at) == session
    assert sessions.newest_complete_session(run_at - timedelta(seconds=1)) < session


@pytest.mark.parametrize(
    ("as_of", "last", "executed", "week", "planned_at"),
    [
        ("2026-06-12", "2026-06-12", "2026-06-15", "2026-W25", "2026-06-13 08:00"),
        ("2026-06-10", "2026-06-12", "2026-06-15", "2026-W25", "2026-06-13 08:00"),
        ("2024-03-28", "2024-03-28", "2024-04-01", "2024-W14", "2024-03-30 09:00"),  # Good Friday
        ("2026-05-22", "2026-05-22", "2026-05-26", "2026-W22", "2026-05-23 08:00"),  # Memorial Day
        ("2025-01-03", "2025-01-03", "2025-01-06", "2025-W02", "2025-01-04 09:00"),
        ("2026-12-31", "2026-12-31", "2027-01-04", "2027-W01", "2027-01-02 09:00"),
        ("2024-12-27", "2024-12-27", "2024-12-30", "2025-W01", "2024-12-28 09:00"),
        ("2021-04-20", "2021-04-23", "2021-04-26", "2021-W17", "2021-04-24 08:00"),
    ],
)
def test_a_week_is_planned_on_saturday_and_executed_on_its_first_session(
    as_of, last, executed, week, planned_at
):
    """Over holidays, both clock changes and the turn of the year."""
    day = date.fromisoformat(as_of)
    assert sessions.last_session_of_week(day) == date.fromisoformat(last)
    assert sessions.execution_session(day) == date.fromisoformat(executed)
    assert sessions.plan_week(sessions.execution_session(day)) == week
    assert sessions.plan_run_at(day) == utc(planned_at)


@given(day=days)
def test_nothing_is_scheduled_while_london_changes_its_clock(day):
    """
    No run of any cadence falls between 01:00 and 02:00 in London, where an hour is missing or twice there.
    """
    session = sessions.session_on_or_before(day)
    for run_at in (
        sessions.daily_run_at(session),
        sessions.reconciliation_run_at(session),
        sessions.plan_run_at(session),
        sessions.training_run_at(session),
        sessions.followup_run_at(session),
    ):
        assert run_at.astimezone(LONDON).hour != 1


@given(day=days)
def test_a_plan_is_made_before_its_window_and_after_its_bars(day):
    """The order of a week holds in every week of five years."""
    last = sessions.last_session_of_week(day)
    window = sessions.execution_window(sessions.execution_session(last), EXECUTION)
    assert sessions.daily_run_at(last) <= sessions.plan_run_at(last) < window.open_at < window.close_at


def test_the_calendar_hash_is_stable_and_its_text_changes_with_an_answer():
    """A run pins it, so a changed calendar between two runs shows."""
    assert sessions.calendar_hash() == sessions.calendar_hash()
    day = date(2026, 6, 15)
    plain = sessions.text_of(build_calendar(()))
    assert (
        "2026-06-15\t2026-06-15T13:30:00+00:00\t2026-06-15T20:00:00+00:00\t2026-06-16T07:00:00+00:00\n"
        in plain
    )
    for override in (Override(day, None, "storm"), Override(day, time(12), "fog")):
        assert sessions.text_of(build_calendar((override,))) != plain


@pytest.mark.parametrize(
    "ask", [sessions.session_open_at, sessions.session_close_at, sessions.followup_run_at]
)
def test_a_day_without_a_session_has_no_hours(ask):
    """Not those of a neighbour."""
    with pytest.raises(CalendarError, match="2026-06-13 is not a session"):
        ask(date(2026, 6, 13))


def test_a_day_beyond_the_calendar_is_refused():
    """An unknown year is no holiday."""
    for day in (date(1959, 12, 31), date(2041, 1, 1)):
        with pytest.raises(CalendarError, match="known from 1960-01-01 to 2040-12-31"):
            sessions.is_session(day)
