"""Closures the calendar package does not know: what the override does, and what happens without it."""

from datetime import UTC, date, datetime, timedelta

import exchange_calendars
import pytest
from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

from trading_ops.config.policy import parse_policy
from trading_ops.exchange import sessions
from trading_ops.exchange.sessions import Override, build_calendar, parse_overrides
from trading_ops.settings import PROJECT_ROOT

MOURNING = date(2025, 1, 9)
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
