"""A session closed by mistake, loaded and judged by the real chain."""

from datetime import date
from decimal import Decimal

from tests.dbt import vendor_desk
from tests.dbt.vendor_desk import (
    BENCHMARK,
    SESSIONS,
    blocked,
    load_and_freeze,
    series,
    verdicts,
    write_rate,
    write_yahoo,
)

# To the calendar, Memorial Day is what a day closed by a slip in the overrides is.
CLOSED = date(2026, 5, 25)


def test_a_day_everybody_traded_on_is_not_closed(cluster, tmp_path):
    """Its bars are left out as they are loaded, and every other check is clear without them."""
    with vendor_desk.cloned(cluster, "desk_closed") as desk:
        write_rate(tmp_path / "files")
        for number, symbol in enumerate((BENCHMARK, "AAAA", "BBBB")):
            bars = series(number)
            before = bars[max(day for day in SESSIONS if day < CLOSED)]
            bars[CLOSED] = before.times(Decimal("1.001"))
            write_yahoo(tmp_path / "files", symbol, dict(sorted(bars.items())))
        run_id = load_and_freeze(desk, tmp_path / "files", ("AAAA", "BBBB"), "2026-06-13 08:00:00+00")
        checks = verdicts(desk, tmp_path / "dbt", run_id)
    assert blocked(checks) == {"calendar_agrees"}, checks
    assert checks["calendar_agrees"]["reason"].startswith(f"2 of 2 symbols have a bar of {CLOSED}")
