"""
Files that lie, loaded and judged by the real chain.

Each lie is one company's among sound ones, and two vendors write about most of them.
"""

from datetime import date
from decimal import Decimal

import pytest

from tests.dbt import small_desk, vendor_desk
from tests.dbt.vendor_desk import (
    BENCHMARK,
    SESSIONS,
    blocked,
    load_and_freeze,
    scaled,
    series,
    spliced,
    verdicts,
    write_rate,
    write_stooq,
    write_yahoo,
    write_yahoo_dividends,
)

FRIDAY_MORNING_AFTER = "2026-06-13 08:00:00+00"
# From this session on a lie is told: inside the lookback, with bars after it.
DAY = SESSIONS[-6]
NEWEST = SESSIONS[-1]


@pytest.fixture(scope="module")
def hundred(cluster, tmp_path_factory):
    """
    A desk of 100 companies, one vendor; 97 of them were loaded before the first run, one before the second.
    """
    with vendor_desk.cloned(cluster, "desk_hundred") as desk:
        folder, target = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("dbt")
        symbols = tuple(f"K{number:03}" for number in range(1, 101))
        write_rate(folder / "early")
        write_yahoo(folder / "early", BENCHMARK, series(0))
        for number, symbol in enumerate(symbols[:97], start=1):
            write_yahoo(folder / "early", symbol, series(number))
        early = load_and_freeze(desk, folder / "early", symbols, "2026-06-13 08:00:00+00")
        first = verdicts(desk, target, early)
        write_yahoo(folder / "late", symbols[97], series(98))
        late = load_and_freeze(desk, folder / "late", symbols, "2026-06-13 08:10:00+00")
        yield first, verdicts(desk, target, late)


def test_one_symbol_below_the_limit_blocks_and_says_which_would_do(hundred):
    """97 of 100 with 98 needed: any one of the three."""
    first, _ = hundred
    assert blocked(first) == {"coverage"}
    assert first["coverage"]["observed_value"] == Decimal("0.97")
    assert first["coverage"]["fix"] == "coverage 97.0 %: one of K098, K099, K100 needed"


def test_coverage_flips_exactly_at_the_limit(hundred):
    """98 of 100 is 98 %, and every other check is clear on files that tell the truth."""
    _, second = hundred
    assert blocked(second) == set(), second
    assert second["coverage"]["observed_value"] == second["coverage"]["limit_value"]
    assert second["sources_agree"]["reason"] == "99 symbols have one source only"


@pytest.fixture(scope="module")
def lied_to(cluster, tmp_path_factory):
    """A desk where each symbol's name says what is wrong with its files, built once."""
    with vendor_desk.cloned(cluster, "desk_lied_to") as desk:
        folder, target = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("dbt")
        symbols = _write_lies(folder)
        run_id = load_and_freeze(desk, folder, symbols, FRIDAY_MORNING_AFTER)
        yield desk, verdicts(desk, target, run_id)


def _write_lies(folder) -> tuple[str, ...]:
    """Write the files of every company; return the symbols."""
    both = {f"GOOD{number}": series(number) for number in range(1, 6)}
    yahoo, stooq = dict(both), dict(both)
    # A split no vendor booked. The halved price rose a little on its day, so it fell by less than half.
    for number, (symbol, ratio) in enumerate(
        (("HALVED", "0.51"), ("TWICE", "2"), ("FIFTY", "50"), ("FIFTTH", "0.02")), start=10
    ):
        yahoo[symbol] = scaled(series(number), DAY, ratio)
    # Yahoo missed the split, Stooq adjusted for it: its older prices are half of Yahoo's.
    yahoo["UNSPLT"] = scaled(series(20), DAY, "0.5")
    stooq["UNSPLT"] = scaled(series(20), SESSIONS[0], "0.5")
    # One dividend of 4 %, taken off twice by Yahoo.
    yahoo["TWODIV"], stooq["TWODIV"] = series(22), scaled(series(22), SESSIONS[0], "0.96")
    stooq["TWODIV"] = spliced(stooq["TWODIV"], DAY, series(22))
    # Two companies a third apart whose files Yahoo swapped, and two of one vendor far apart.
    yahoo["SWAPA"] = spliced(series(30), DAY, series(35))
    yahoo["SWAPB"] = spliced(series(35), DAY, series(30))
    stooq["SWAPA"], stooq["SWAPB"] = series(30), series(35)
    yahoo["FARA"] = spliced(series(40), DAY, series(140))
    yahoo["FARB"] = spliced(series(140), DAY, series(40))
    # One file under two names from the newest session on, at a level where it is no jump.
    yahoo["COPY"], yahoo["COPIED"] = spliced(series(51), NEWEST, series(50)), series(50)
    # One company under two names, where one file begins a session later; the loader sees equal files itself.
    yahoo["TWINA"], yahoo["TWINB"] = series(60), dict(list(series(60).items())[1:])
    # Apart by exactly what is allowed, and by one step more.
    yahoo["ATEDGE"], stooq["ATEDGE"] = _ending("103", 61), _ending("101", 61)
    yahoo["BEYOND"], stooq["BEYOND"] = _ending("103.01", 62), _ending("101", 62)
    write_rate(folder)
    for symbol, bars in {BENCHMARK: series(0), **yahoo}.items():
        ratios = dict.fromkeys((day for day in SESSIONS if day < DAY), Decimal("0.9216"))
        write_yahoo(folder, symbol, bars, ratios if symbol == "TWODIV" else None)
    for symbol, bars in stooq.items():
        write_stooq(folder, symbol, bars)
    return tuple(yahoo)


def _ending(close: str, number: int) -> vendor_desk.Series:
    """Return a series that stands at 100 and ends at a close."""
    ends = dict.fromkeys(SESSIONS, "100") | {NEWEST: close}
    return {
        day: vendor_desk.Bar(*(Decimal(end),) * 4, 1000 * number + place)
        for place, (day, end) in enumerate(ends.items())
    }


def _found(desk) -> set[tuple[str, date]]:
    """Return the bars that speak against themselves: a jump, or a split nobody reported."""
    found = small_desk.rows(
        desk,
        "select internal_symbol, session_date from intermediate.int_market__price_findings"
        " where kind in ('jump', 'action')",
    )
    return {(row["internal_symbol"], row["session_date"]) for row in found}


def _apart(desk) -> dict[str, set[date]]:
    found = small_desk.rows(
        desk,
        "select internal_symbol, session_date from intermediate.int_market__source_comparisons"
        " where difference_ratio > 0.02",
    )
    apart: dict[str, set[date]] = {}
    for row in found:
        apart.setdefault(row["internal_symbol"], set()).add(row["session_date"])
    return apart


def test_only_the_checks_that_are_lied_to_block(lied_to):
    """Coverage, freshness and the rest see nothing wrong: the lies are well-formed."""
    _, checks = lied_to
    assert blocked(checks) == {"jumps_explained", "actions_sound", "sources_agree", "series_distinct"}, checks


@pytest.mark.parametrize("symbol", ["HALVED", "TWICE", "FIFTY", "FIFTTH", "UNSPLT"])
def test_a_split_nobody_booked_is_found(lied_to, symbol):
    """Up or down, by two or by fifty, and also when the day's own move makes it a little smaller."""
    desk, checks = lied_to
    assert (symbol, DAY) in _found(desk)
    assert symbol in checks["jumps_explained"]["fix"] + checks["actions_sound"]["fix"]


def test_swapped_files_of_companies_far_apart_are_found(lied_to):
    """One vendor is enough to see it."""
    desk, _ = lied_to
    assert {("FARA", DAY), ("FARB", DAY)} <= _found(desk)


def test_nothing_else_is_found(lied_to):
    """The sound companies, and the lies that only a second vendor can see."""
    desk, _ = lied_to
    assert {symbol for symbol, _ in _found(desk)} == {
        "HALVED",
        "TWICE",
        "FIFTY",
        "FIFTTH",
        "UNSPLT",
        "FARA",
        "FARB",
    }


def test_the_second_vendor_sees_what_the_first_got_wrong(lied_to):
    """A split missed, a dividend taken off twice, files swapped within the size of a jump, a wrong close."""
    desk, checks = lied_to
    assert _apart(desk) == {
        "UNSPLT": {DAY},
        "TWODIV": {DAY},
        "SWAPA": {DAY, NEWEST},
        "SWAPB": {DAY, NEWEST},
        "BEYOND": {NEWEST},
    }
    for symbol in ("UNSPLT", "TWODIV", "SWAPA", "SWAPB", "BEYOND"):
        assert symbol in checks["sources_agree"]["reason"], checks["sources_agree"]
        assert f"{symbol} of " in checks["sources_agree"]["fix"]
    assert "ATEDGE" not in checks["sources_agree"]["reason"]


def test_a_disagreement_names_symbol_session_vendors_and_figures(lied_to):
    """Whoever reads the ticket knows which two files to open."""
    _, checks = lied_to
    assert f"BEYOND on {NEWEST}: yahoo moves 3.0 %, stooq 1.0 %" in checks["sources_agree"]["reason"]


def test_one_series_under_two_names_is_named_by_both(lied_to):
    """Wholly, or from its newest bar on."""
    _, checks = lied_to
    assert checks["series_distinct"]["fix"] == (
        "Load the right file of one of COPIED and COPY; TWINA and TWINB, or disable one."
    )


@pytest.fixture(scope="module")
def behind(cluster, tmp_path_factory):
    """
    A desk whose newest bars are Thursday's on the Saturday after, with one company that Yahoo rescaled.

    Of that company a second load brought the newest month, and not what was before.
    """
    with vendor_desk.cloned(cluster, "desk_behind") as desk:
        folder, target = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("dbt")
        companies = {BENCHMARK: series(0), "CALM": series(1), "PAYER": series(2)}
        early = {
            symbol: {day: bar for day, bar in bars.items() if day < NEWEST}
            for symbol, bars in companies.items()
        }
        write_rate(folder / "early")
        for symbol, bars in early.items():
            write_yahoo(folder / "early", symbol, bars)
        symbols = ("CALM", "PAYER")
        first = load_and_freeze(desk, folder / "early", symbols, "2026-06-13 08:00:00+00")
        stale = verdicts(desk, target, first)
        newer = {day: bar for day, bar in early["PAYER"].items() if day >= SESSIONS[-20]}
        rescaled = dict.fromkeys((day for day in SESSIONS if day < DAY), Decimal("0.97"))
        write_yahoo(folder / "late", "PAYER", newer, rescaled)
        # The dividend behind it comes along and is stored; the history is on the old scale all the same.
        paid = early["PAYER"][SESSIONS[SESSIONS.index(DAY) - 1]].close * Decimal("0.03")
        write_yahoo_dividends(folder / "late", "PAYER", {DAY: paid})
        second = load_and_freeze(
            desk, folder / "late", symbols, "2026-06-13 08:10:00+00", refused=("PAYER.csv",)
        )
        yield stale, verdicts(desk, target, second)


def test_a_bar_of_the_day_before_is_stale(behind):
    """Thursday's bar on Saturday: the one that was due is named, and so are those who lack it."""
    stale, _ = behind
    assert blocked(stale) == {"freshness", "coverage", "benchmark_present"}, stale
    assert stale["freshness"]["reason"] == ("the newest bar is of 2026-06-11, but that of 2026-06-12 is due")
    assert stale["freshness"]["fix"] == "Load the bars of 2026-06-12."


def test_a_rescaled_history_must_be_loaded_whole(behind):
    """The newest month on a new scale is refused, and the run says what it needs."""
    _, checks = behind
    assert blocked(checks) == {"freshness", "coverage", "benchmark_present", "history_current"}
    assert checks["history_current"]["reason"] == (
        "histories on an old scale: yahoo restated PAYER, told on 2026-06-13"
    )
    assert checks["history_current"]["fix"] == "Load a file with the whole history of PAYER (yahoo)."
