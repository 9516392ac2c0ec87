"""Which sessions a run may be about: those that are over on the desk's clock, and that it has bars for."""

from datetime import UTC, date, datetime

import psycopg
import pytest

from tests.database import rows
from tests.database.bar_folders import ROWS, load, write
from tests.database.planning import freeze_plan
from trading_ops.db.connect import connect
from trading_ops.runs.run import RunError

KINDS = ["daily", "plan", "reconciliation", "followup", "training"]


def runs_count(desk) -> int:
    """Return how many runs are frozen."""
    with connect("desk_reader", desk) as connection:
        return connection.execute("select count(*) as n from desk.runs").fetchone()["n"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_simulated", [True, False], ids=["simulated clock", "real clock"])
def test_a_run_of_years_ahead_is_not_frozen(desk, kind, is_simulated):
    """A partition key of 2031 made a NO-TRADE ticket, and a mail to each of two people."""
    if is_simulated:
        rows.set_clock(desk, rows.SATURDAY_AT)
    for day in (date(2031, 1, 3), date(2040, 12, 31)):
        with pytest.raises(RunError, match=f"the session {day} is not over"):
            freeze_plan(desk, kind=kind, as_of_date=day)
    assert runs_count(desk) == 0


@pytest.mark.parametrize(
    ("now_at", "is_over"),
    [
        (datetime(2026, 6, 12, 19, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 6, 12, 20, 0, tzinfo=UTC), True),
    ],
)
def test_a_session_can_be_worked_on_from_its_close(desk, now_at, is_over):
    """The follow-up runs half an hour after it, so the next morning would be too late."""
    rows.set_clock(desk, now_at)
    if is_over:
        assert freeze_plan(desk, kind="followup").as_of_date == rows.AS_OF_DATE
    else:
        with pytest.raises(RunError, match="newest session that has closed is 2026-06-11"):
            freeze_plan(desk, kind="followup")


@pytest.mark.parametrize("day", [date(1959, 12, 31), date(1, 1, 1), date(2041, 1, 2), date(9999, 12, 31)])
def test_a_day_outside_the_calendar_is_refused_in_words(desk, day):
    """The error of the calendar was a traceback, which says nothing of the run."""
    with pytest.raises(RunError, match=f"{day} is no day to work on: the calendar is known from 1960"):
        freeze_plan(desk, as_of_date=day)


def test_a_session_before_the_oldest_bar_is_refused(desk, tmp_path):
    """There is nothing a run about it could know; on its first day there is."""
    load(desk, write(tmp_path / "bars", "AAPL.csv", *ROWS), "one")
    with pytest.raises(RunError, match="nothing is known of 1999-12-31: the oldest bar is of 2024-03-04"):
        freeze_plan(desk, kind="daily", as_of_date=date(1999, 12, 31))
    assert freeze_plan(desk, kind="daily", as_of_date=date(2024, 3, 4)).as_of_date == date(2024, 3, 4)


def test_a_run_of_years_ahead_is_refused_by_postgres_as_well(desk):
    """Whoever inserts one by hand meets the same fact."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    freeze_plan(desk, kind="daily")
    copied = (
        "insert into desk.runs select (changed).* from (select jsonb_populate_record(run, jsonb_build_object("
        "'run_id', '20260613-090000Z-git0123456', 'idempotency_key', 'k', 'as_of_date', %s::text)) as changed"
        " from desk.runs as run) as copies"
    )
    with connect("desk_planner", desk) as connection:
        with pytest.raises(psycopg.errors.CheckViolation, match="as_of_date_has_come"):
            connection.execute(copied, ("2031-01-03",))
        connection.rollback()
        connection.execute(copied, ("2026-06-11",))
