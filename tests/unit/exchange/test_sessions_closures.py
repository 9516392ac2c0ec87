"""Closures the calendar package does not know: what the override does, and what happens without it."""

from datetime import UTC, date, datetime, time, timedelta

import exchange_calendars
import pytest
from exchange_calendars.exchange_calendar_xnys import XNYSExchangeCalendar

from trading_ops.config.policy import parse_policy
from trading_ops.exchange import calendar, sessions
from trading_ops.exchange.calendar import (
    Override,
    OverridesError,
    build_calendar,
    desk_calendar,
    parse_overrides,
)
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
        monkeypatch.setattr(sessions, "desk_calendar", lambda: calendar)

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
        ("day,kind\n", "1, field header: 'day,kind'; accepted is exactly session_date,kind,"),
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
        *(
            (
                f"{HEADER}{day},{kind},{at},a\n",
                f"2, field session_date: {day}, on which the exchange is closed; accepted is a session of",
            )
            for day in ("2026-07-04", "2026-12-25", "1900-01-02", "2099-01-02")
            for kind, at in (("closed", ""), ("early_close", "13:00"))
        ),
        *(
            (
                f"{HEADER}2026-06-15,early_close,{at},a\n",
                f"2, field close_time_new_york: '{at}'; accepted is a time after 09:30 and before 16:00",
            )
            for at in ("00:00", "09:00", "09:30", "16:00", "16:30", "23:59")
        ),
        (
            HEADER + "2026-11-27,early_close,14:00,a\n",
            "2, field close_time_new_york: '14:00'; accepted is a time after 09:30 and before 13:00",
        ),
    ],
)
def test_a_wrong_override_is_refused_with_file_and_line(text, message):
    """A closure that is misread would plan on a closed day; one that would change nothing is misread."""
    with pytest.raises(OverridesError) as error:
        parse_overrides(text, "f")
    assert str(error.value).startswith(f"f, line {message}")


def test_an_override_that_a_newer_package_knows_is_accepted():
    """The line stays when the package catches up with it, and changes nothing then."""
    text = HEADER + "2025-01-09,closed,,mourning\n2026-11-27,early_close,13:00,half-day\n"
    assert build_calendar(parse_overrides(text, "f")) == build_calendar(())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"session_date,kind\n2026-06-15,\xff\n",
            "market_overrides.csv:2: no UTF-8 text; accepted: a file saved",
        ),
        (
            None,
            "market_overrides.csv cannot be read (No such file or directory); restore it, or leave its header",
        ),
    ],
)
def test_an_override_file_that_cannot_be_read_names_its_cure(tmp_path, monkeypatch, content, message):
    """It is not taken for an empty one: the desk would plan on a closed day."""
    (tmp_path / "plugins/trading_ops").mkdir(parents=True)
    (tmp_path / "config").mkdir()
    if content is not None:
        (tmp_path / "config/market_overrides.csv").write_bytes(content)
    monkeypatch.setattr(calendar, "files", lambda _: tmp_path / "plugins/trading_ops")
    with pytest.raises(OverridesError) as error:
        desk_calendar.__wrapped__()
    assert message in str(error.value)
