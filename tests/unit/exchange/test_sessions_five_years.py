"""
Five years of mornings and windows, against a calendar written by hand.

The expectations here come from the exchange's published holidays and from the law on summer time,
not from the calendar package or the time zone data the desk reads.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from trading_ops.config.policy import parse_policy
from trading_ops.exchange import sessions
from trading_ops.settings import PROJECT_ROOT

EXECUTION = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml").execution
FIRST, LAST = date(2024, 1, 1), date(2028, 12, 31)
EVERY_DAY = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
EVERY_WEEK = [day for day in EVERY_DAY if day.weekday() == 0]

# New Year, King, Washington, Good Friday, Memorial, Juneteenth, Independence, Labor, Thanksgiving,
# Christmas; 9 January 2025 is the day of mourning, and 2028 begins on a Saturday nobody makes up.
HOLIDAYS = {
    2024: "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25",
    2025: "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25",
    2026: "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
    2027: "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
    2028: "01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25",
}
HALF_DAYS = {
    2024: "07-03 11-29 12-24",
    2025: "07-03 11-28 12-24",
    2026: "11-27 12-24",
    2027: "11-26",
    2028: "07-03 11-24",
}


def days_of(table: dict[int, str]) -> set[date]:
    """The days a table above names."""
    return {date.fromisoformat(f"{year}-{day}") for year, days in table.items() for day in days.split()}


SESSIONS = sorted({day for day in EVERY_DAY if day.weekday() < 5} - days_of(HOLIDAYS))


@cache
def sunday(year: int, month: int, number: int) -> date:
    """The Sundays of a month, counted from 0; -1 is the last."""
    return [day for day in EVERY_DAY if (day.year, day.month) == (year, month) and day.weekday() == 6][number]


# The law: London from the last Sunday of March to that of October, New York from the second Sunday of
# March to the first of November.
LONDON_SWITCHES = {sunday(y, month, -1) for y in HOLIDAYS for month in (3, 10)}
NEW_YORK_SWITCHES = {sunday(y, 3, 1) for y in HOLIDAYS} | {sunday(y, 11, 0) for y in HOLIDAYS}


def is_summer_in_london(day: date) -> bool:
    """At eight in the morning, after any switch of the night."""
    return sunday(day.year, 3, -1) <= day < sunday(day.year, 10, -1)


def is_summer_in_new_york(day: date) -> bool:
    """During the session, after any switch of the night."""
    return sunday(day.year, 3, 1) <= day < sunday(day.year, 11, 0)


def due_at(session: date) -> datetime:
    """Eight in London on the day after."""
    morning = session + timedelta(days=1)
    return datetime.combine(morning, time(8 - is_summer_in_london(morning)), UTC)


DUE = [due_at(session) for session in SESSIONS]


def expected_at(moment: datetime) -> date | None:
    """The newest session that is due at a moment, by counting alone."""
    due = bisect_right(DUE, moment)
    return SESSIONS[due - 1] if due else None


def new_york(day: date, hour: int, minute: int) -> datetime:
    """A clock time in New York on a day, as an instant."""
    return datetime.combine(day, time(hour + 5 - is_summer_in_new_york(day), minute), UTC)


def test_the_switches_of_the_law_are_those_of_the_time_zone_data():
    """Twenty of them; a time zone database that has lost a rule would move every run by an hour."""
    for zone, switches in (("Europe/London", LONDON_SWITCHES), ("America/New_York", NEW_YORK_SWITCHES)):
        noons = [(day, datetime.combine(day, time(12), ZoneInfo(zone))) for day in EVERY_DAY]
        found = {
            day
            for (_, before), (day, noon) in zip(noons, noons[1:], strict=False)
            if before.utcoffset() != noon.utcoffset()
        }
        assert found == switches
        assert len(found) == 10


def test_the_sessions_and_half_days_are_the_published_ones():
    """Every session of five years, and which of them close at one."""
    assert list(sessions.sessions_between(FIRST, LAST)) == SESSIONS
    half = {day for day in SESSIONS if sessions.session_close_at(day) != new_york(day, 16, 0)}
    assert half == days_of(HALF_DAYS)
    for day in half:
        assert sessions.session_close_at(day) == new_york(day, 13, 0)


@pytest.mark.parametrize("year", sorted(HOLIDAYS))
def test_every_morning_expects_the_session_that_counting_gives(year):
    """Five moments a day around eight in London in winter and in summer: no day is off by one."""
    checked = 0
    for day in (day for day in EVERY_DAY if day.year == year):
        for clock_time in ("00:30:00", "06:59:59", "07:00:00", "07:59:59", "08:00:00", "22:00:00"):
            moment = datetime.combine(day, time.fromisoformat(clock_time), UTC)
            expected = expected_at(moment)
            if expected:
                assert sessions.newest_complete_session(moment) == expected, moment
                checked += 1
    assert checked > 2150


@pytest.mark.parametrize("switch", sorted(LONDON_SWITCHES | NEW_YORK_SWITCHES))
def test_the_week_around_a_switch_has_a_bar_due_at_eight_in_london_each_morning(switch):
    """Friday's bar on the Saturday before, Monday's on the Tuesday after, to the second."""
    for offset in range(-5, 6):
        session = switch + timedelta(days=offset)
        if session not in SESSIONS:
            continue
        assert sessions.daily_run_at(session) == due_at(session)
        assert sessions.newest_complete_session(due_at(session)) == session
        earlier = sessions.newest_complete_session(due_at(session) - timedelta(seconds=1))
        assert earlier == SESSIONS[SESSIONS.index(session) - 1]


def test_every_window_of_five_years_is_on_both_clocks_where_the_law_puts_it():
    """9:45 to 11:00 in New York; an hour earlier in London in the weeks between two switches."""
    mismatched = 0
    for monday in EVERY_WEEK[1:]:
        session = sessions.execution_session(monday - timedelta(days=3))
        assert session == next(day for day in SESSIONS if day >= monday)
        window = sessions.execution_window(session, EXECUTION)
        assert (window.open_at, window.close_at) == (new_york(session, 9, 45), new_york(session, 11, 0))
        is_mismatched = is_summer_in_new_york(session) != is_summer_in_london(session)
        shown = window.open_at.astimezone(sessions.LONDON)
        assert (shown.hour, shown.minute) == (13 if is_mismatched else 14, 45)
        mismatched += is_mismatched
    # Two or three weeks each spring and one each autumn.
    assert 5 * 3 <= mismatched <= 5 * 4


# Days on which London's banks rest and New York trades; the bar is due the next morning all the same.
LONDON_ONLY_HOLIDAYS = [
    "2024-04-01",
    "2024-05-06",
    "2024-08-26",
    "2024-12-26",
    "2025-04-21",
    "2025-05-05",
    "2025-08-25",
    "2025-12-26",
    "2026-04-06",
    "2026-05-04",
    "2026-08-31",
    "2026-12-28",
    "2027-03-29",
    "2027-05-03",
    "2027-08-30",
    "2027-12-27",
    "2027-12-28",
    "2028-04-17",
    "2028-05-01",
    "2028-08-28",
    "2028-12-26",
]


@pytest.mark.parametrize("day", LONDON_ONLY_HOLIDAYS)
def test_a_bank_holiday_in_london_moves_nothing(day):
    """That morning the bar of the session before is there, the next morning its own."""
    holiday = date.fromisoformat(day)
    before = SESSIONS[SESSIONS.index(holiday) - 1]
    morning = datetime.combine(holiday, time(8), sessions.LONDON)
    assert sessions.newest_complete_session(morning) == before
    assert sessions.newest_complete_session(morning + timedelta(days=1)) == holiday


@pytest.mark.parametrize("holiday", sorted(days_of(HOLIDAYS)))
def test_no_bar_of_an_american_holiday_is_waited_for(holiday):
    """The morning after expects the session before the holiday, as the holiday's morning did."""
    before = max((day for day in SESSIONS if day < holiday), default=date(2023, 12, 29))
    for offset in (0, 1):
        morning = datetime.combine(holiday + timedelta(days=offset), time(8), sessions.LONDON)
        assert sessions.newest_complete_session(morning) == before
