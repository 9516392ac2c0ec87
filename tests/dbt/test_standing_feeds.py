"""Feeds that stand still or are on another scale, loaded and judged by the real chain."""

import pytest

from tests.dbt import vendor_desk
from tests.dbt.vendor_desk import (
    BENCHMARK,
    SESSIONS,
    Series,
    blocked,
    load_and_freeze,
    scaled,
    series,
    verdicts,
    write_rate,
    write_yahoo,
)

NEWEST = SESSIONS[-1]


def standing(bars: Series, count: int) -> Series:
    """Return a series whose newest bars are all the one before them."""
    last = bars[SESSIONS[-count - 1]]
    return bars | dict.fromkeys(SESSIONS[-count:], last)


# What is wrong -> (the benchmark's bars, a company's bars, the checks that see it).
CASES = {
    "nothing": (series(0), series(1), set()),
    "the benchmark repeats a week": (standing(series(0), 5), series(1), {"prices_valid"}),
    "a company repeats a day": (series(0), standing(series(1), 1), {"prices_valid"}),
    "the benchmark jumps to ten times": (scaled(series(0), NEWEST, 10), series(1), {"jumps_explained"}),
    # Only its returns are ever read, and they are the same.
    "the benchmark is ten times all along": (scaled(series(0), SESSIONS[0], 10), series(1), set()),
}


@pytest.mark.parametrize("case", CASES)
def test_a_feed_that_stands_still_or_jumps_is_not_traded_on(cluster, tmp_path, case):
    """Every bar of it is possible, so freshness, coverage and the benchmark's presence are clear."""
    benchmark, company, expected = CASES[case]
    with vendor_desk.cloned(cluster, "desk_standing") as desk:
        write_rate(tmp_path / "files")
        for symbol, bars in {BENCHMARK: benchmark, "AAAA": company, "BBBB": series(7)}.items():
            write_yahoo(tmp_path / "files", symbol, bars)
        run_id = load_and_freeze(desk, tmp_path / "files", ("AAAA", "BBBB"), "2026-06-13 08:00:00+00")
        checks = verdicts(desk, tmp_path / "dbt", run_id)
    assert blocked(checks) == expected, checks
    if expected == {"prices_valid"}:
        assert f"on {NEWEST} (as the session before)" in checks["prices_valid"]["reason"]
