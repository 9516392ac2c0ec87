"""What befell a part of the desk, a disk without room and a database that was away: told by the watcher."""

from datetime import UTC, datetime, timedelta

from tests.conftest import at_a_shell
from tests.database.planning import table
from trading_ops.settings import settings
from trading_ops.watch.__main__ import hear
from trading_ops.watch.__main__ import main as watch
from trading_ops.watch.resources import DatabaseWatch
from trading_ops.watch.troubles import note


def test_what_befell_a_part_is_told_once_it_can_be_written(desk, monkeypatch):
    """Noted while the database was away, told when it answers; a file that is no note says nothing."""
    at_a_shell(monkeypatch, desk)
    note(desk, "scheduler", "hung", 1781252400)
    (desk.data.parent / "troubles/scheduler.sold everything.1781252400").touch()
    with monkeypatch.context() as away:
        away.setenv("TRADING_OPS_DB_NAME", "nobodys")
        settings.cache_clear()
        assert watch(["--once"]) == 1
    settings.cache_clear()
    for _ in range(2):
        assert watch(["--once"]) == 0
    assert [row["dedupe_key"] for row in table(desk, "incidents")] == ["COMPONENT_DOWN:scheduler:2026-06-12"]
    assert [row["kind"] for row in table(desk, "outbox")] == ["alert"]
    [letter] = (desk.data / "mail").glob("*alert*.eml")
    assert "scheduler did not answer for a minute" in letter.read_text()


def test_a_part_that_keeps_ending_is_told_once_a_day(desk):
    """Every quarter of an hour, with calm between; a folder in the way of the notes hinders none of them."""
    (desk.data.parent / "troubles/postgres.hung.1781252300").mkdir(parents=True)
    for minutes in (0, 16, 32, 24 * 60):
        note(desk, "scheduler", "ended", 1781252400 + minutes * 60)
    note(desk, "watcher", "hung", 1781252400)
    assert (len(hear(desk)), hear(desk)) == (5, [])
    assert sorted(row["dedupe_key"] for row in table(desk, "incidents")) == [
        "COMPONENT_DOWN:scheduler:2026-06-12",
        "COMPONENT_DOWN:scheduler:2026-06-13",
        "COMPONENT_DOWN:watcher:2026-06-12",
    ]
    assert len(table(desk, "outbox")) == 3


def test_a_disk_without_room_is_named_once_a_day(desk, monkeypatch):
    """With the place, what is left and the setting; the disk of the test is as large as it is."""
    at_a_shell(monkeypatch, desk)
    monkeypatch.setenv("TRADING_OPS_DISK_FREE_MB_MIN", "9999999")
    settings.cache_clear()
    for _ in range(2):
        assert watch(["--once"]) == 0
    [incident] = table(desk, "incidents")
    assert incident["code"] == "DISK_LOW"
    assert (
        str(desk.data.parent) in incident["detail"] and "TRADING_OPS_DISK_FREE_MB_MIN" in incident["detail"]
    )


def test_a_database_that_was_away_or_is_slow_is_told_with_its_times():
    """A single lost connection is no outage."""
    watched, at = DatabaseWatch(), datetime(2026, 6, 12, 9, tzinfo=UTC)
    assert watched.answered(at, timedelta(milliseconds=3)) is None
    watched.missed(at)
    assert watched.answered(at + timedelta(seconds=60), timedelta(0)) is None
    for minute in range(3):
        watched.missed(at + timedelta(minutes=minute))
    said = watched.answered(at + timedelta(minutes=3), timedelta(0))
    assert (
        said.startswith("the database did not answer from")
        and "10:00 London" in said
        and "10:03 London" in said
    )
    assert "took 7 s" in watched.answered(at, timedelta(seconds=7))
