"""Closures the calendar package does not know: what the override does, and what happens without it."""

from datetime import UTC, date, datetime, time, timedelta

import exchange_calendars
import pytest
from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

from trading_ops.config.policy import parse_policy
from trading_ops.exchange import sessions
from trading_ops.exchange.sessions import CalendarError, Override, build_calendar, parse_overrides
from trading_ops.settings import PROJECT_ROOT

MOURNING = date(2025, 1, 9)
HEADER = "session_date,kind,close_time_new_york,reason\n"
COMMITTED = parse_overrides(
    (PROJECT_ROOT / "config/market_overrides.csv").read_text(), "config/market_overrides.csv"
)
EXECUTION = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml").execution


class PackageOf2024(XNYSExchangeCalendar):
    """The exchange's calendar as it was released before the day of mourning was declared."""

    @property
    def adhoc_holidays(self):
        """All but the one closure."""
        return [day for day in super().adhoc_holidays if day.date() != MOURNING]


@pytest.fixture
def stale_package(monkeypatch):
    """How the calendar is built while an old package is installed."""
    # The package as it is installed is asked first; its answer is kept.
    build_calendar(())
    monkeypatch.setattr(
        exchange_calendars, "get_calendar", lambda _, start, end: PackageOf2024(start=start, end=end)
    )
    return build_calendar.__wrapped__


@pytest.fixture
def on_calendar(monkeypatch):
    """Make the desk's answers those of a calendar."""

    def use(calendar):
        monkeypatch.setattr(sessions, "_calendar", lambda: calendar)

    return use


def morning_after(day: date) -> datetime:
    """Nine in London in winter."""
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(days=1)


def test_the_override_closes_the_day_for_a_stale_package(stale_package, on_calendar):
    """The committed file alone makes an old package right, and changes nothing for a new one."""
    assert stale_package(COMMITTED) == build_calendar(())
    on_calendar(stale_package(COMMITTED))
    assert sessions.newest_complete_session(morning_after(MOURNING)) == date(2025, 1, 8)


def test_a_stale_package_without_the_override_waits_for_a_bar_that_never_comes(stale_package, on_calendar):
    """
    The bar of the 8th is too old then: the desk stays out of the market until somebody writes the override.
    """
    on_calendar(stale_package(()))
    assert sessions.newest_complete_session(morning_after(MOURNING)) == MOURNING
    # The next real bar heals it, two mornings later.
    assert sessions.newest_complete_session(morning_after(date(2025, 1, 10))) == date(2025, 1, 10)


def test_the_calendar_hash_tells_a_stale_package_from_a_new_one(stale_package):
    """A package exchanged between two runs shows in what the second run pins."""
    assert sessions.text_of(stale_package(())) != sessions.text_of(build_calendar(()))


def test_nothing_is_executed_on_a_monday_that_is_closed(on_calendar):
    """The window moves to Tuesday, in the same plan week."""
    monday, tuesday = date(2026, 6, 15), date(2026, 6, 16)
    on_calendar(build_calendar((Override(monday, None, "storm"),)))
    assert sessions.execution_session(date(2026, 6, 12)) == tuesday
    assert sessions.plan_week(tuesday) == sessions.plan_week(monday)
    window = sessions.execution_window(tuesday, EXECUTION)
    assert window.open_at.date() == tuesday
    with pytest.raises(sessions.CalendarError, match="2026-06-15 is not a session"):
        sessions.execution_window(monday, EXECUTION)


def test_a_week_is_planned_on_thursday_when_friday_is_closed(on_calendar):
    """The plan's bars are those of the last session there was."""
    friday = date(2026, 6, 12)
    on_calendar(build_calendar((Override(friday, None, "storm"),)))
    assert sessions.last_session_of_week(friday) == date(2026, 6, 11)
    assert sessions.newest_complete_session(sessions.plan_run_at(friday)) == date(2026, 6, 11)


def test_an_override_closes_a_session_the_package_knows():
    """An unscheduled closure, known on the day, leaves every other session as it was."""
    closed = date(2026, 6, 15)
    plain, changed = build_calendar(()), build_calendar((Override(closed, None, "storm"),))
    assert set(plain.dates) - set(changed.dates) == {closed}
    assert len(changed.opens) == len(changed.closes) == len(changed.dates)


def test_an_override_closes_a_session_early():
    """At the New York time given, in summer."""
    day = date(2026, 6, 15)
    calendar = build_calendar((Override(day, time(12, 30), "power cut"),))
    assert calendar.closes[calendar.dates.index(day)] == datetime(2026, 6, 15, 16, 30, tzinfo=UTC)


def test_the_committed_overrides_are_readable():
    """And hold the closure the file was made for."""
    text = (PROJECT_ROOT / "config/market_overrides.csv").read_text()
    assert date(2025, 1, 9) in {override.session_date for override in parse_overrides(text, "f")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("day,kind\n", "1, field header: day,kind; accepted is exactly session_date,kind,"),
        ("", "1, field header: nothing; accepted is exactly"),
        (
            HEADER + "2026-06-15,closed,,a\n15/06/2026,closed,,b\n",
            "3, field session_date: '15/06/2026'; accepted is a day such as 2025-01-09",
        ),
        (HEADER + "2026-06-15,shut,,a\n", "2, field kind: 'shut'; accepted is closed or early_close"),
        (
            HEADER + "2026-06-15,early_close,1pm,a\n",
            "2, field close_time_new_york: '1pm'; accepted is a time such as 13:00",
        ),
        # Before the opening, and no earlier than ever.
        (HEADER + "2026-06-15,early_close,01:00,a\n", "2, field close_time_new_york: '01:00'"),
        (HEADER + "2026-06-15,early_close,16:00,a\n", "2, field close_time_new_york: '16:00'"),
        (
            HEADER + "2026-06-15,early_close,,a\n",
            "2, field close_time_new_york: '' for a day of kind early_close",
        ),
        (
            HEADER + "2026-06-15,closed,13:00,a\n",
            "2, field close_time_new_york: '13:00' for a day of kind closed",
        ),
        (HEADER + 2 * "2026-06-15,closed,,a\n", "3, field session_date: 2026-06-15 is given twice"),
        (HEADER + "2026-06-15\n", "2, field row: 1 cells; accepted is 4 cells"),
        (HEADER + "2026-02-30,closed,,a\n", "2, field session_date: '2026-02-30'"),
    ],
)
def test_a_wrong_override_is_refused_with_file_and_line(text, message):
    """A closure that is misread would plan on a closed day."""
    with pytest.raises(CalendarError) as error:
        parse_overrides(text, "f")
    assert str(error.value).startswith(f"f, line {message}")
