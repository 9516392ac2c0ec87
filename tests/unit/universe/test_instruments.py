"""The universe file: what is accepted, what is refused and how, and what a folder of files becomes."""

from datetime import date

import pytest

from trading_ops.settings import PROJECT_ROOT
from trading_ops.universe.instruments import (
    Universe,
    UniverseError,
    parse_universe,
    universe_from_symbols,
    universe_text,
)

HEADER = (
    "internal_symbol,vendor_symbol,stooq_symbol,yahoo_symbol,etoro_search_name,currency,"
    "instrument_type,is_benchmark,is_tradable_underlying,is_enabled,notes,verified_by,verified_at\n"
)
ROWS = [
    "AAPL,AAPL,AAPL,AAPL,Apple (AAPL),USD,stock,false,true,true,,,\n",
    "BRK.B,BRK.B,BRK-B,BRK-B,Berkshire Hathaway B (BRK.B),USD,stock,false,true,true,a note,A. Person,2026-11-20\n",
    "SPY,SPY,SPY,SPY,SPDR S&P 500 ETF (SPY),USD,etf,true,false,true,,,\n",
    "VIX,VIX,,VIX,VIX,USD,index,false,false,false,,,\n",
]
GOOD = HEADER + "".join(ROWS)


def parsed(text: str = GOOD) -> Universe:
    """Parse a text as the file u.csv."""
    return parse_universe(text, "u.csv", date(2026, 11, 20))


def test_the_committed_universe_is_accepted():
    """At least a hundred stocks that may be bought, and one benchmark."""
    path = PROJECT_ROOT / "config/universe.csv"
    universe = parse_universe(path.read_text(), path.name)
    stocks = [entry for entry in universe.entries if entry.is_tradable_underlying]
    assert len(stocks) >= 100
    assert universe.benchmark.internal_symbol == "SPY"
    assert all(entry.is_enabled for entry in stocks)


def test_empty_symbols_are_none():
    """A vendor that does not carry an instrument has no name for it."""
    assert parsed().entries[-1].stooq_symbol is None


def test_the_hash_knows_content_and_not_order():
    """Sorting the file is no change; one flag is."""
    turned = HEADER + "".join(reversed(ROWS))
    assert parsed(turned).universe_hash == parsed().universe_hash
    changed = GOOD.replace(
        "Apple (AAPL),USD,stock,false,true,true", "Apple (AAPL),USD,stock,false,true,false"
    )
    assert parsed(changed).universe_hash != parsed().universe_hash


def test_a_universe_survives_being_written_and_read():
    """What universe_text writes is what parse_universe reads, verification and empty cells included."""
    assert parse_universe(universe_text(parsed()), "u.csv") == parsed()
    assert parsed().entries[1].verified_at == date(2026, 11, 20)


def test_a_symbol_taken_out_is_not_bought_and_stays_in_the_universe():
    """What is held of it must still be known; the universe it was taken from is not changed."""
    before = parsed()
    entries = {entry.internal_symbol: entry for entry in before.without({"AAPL", "ZZZ"}).entries}
    assert not entries["AAPL"].is_enabled
    assert entries["BRK.B"].is_enabled
    assert before.without({"AAPL"}).universe_hash != before.universe_hash
    assert before.without(set()).universe_hash == before.universe_hash


def test_a_benchmark_taken_out_still_proves_that_the_exchange_was_open():
    """A benchmark that is a stock as well is no longer bought, and its bar is still asked for."""
    benchmark = universe_from_symbols(["KO"], parsed(), "KO").without({"KO"}).benchmark
    assert (benchmark.is_enabled, benchmark.is_tradable_underlying) == (True, False)


REFUSED = {
    "other header": ("notes,", "note,", "line 1, field header"),
    "missing cell": ("(AAPL),USD,stock,", "(AAPL),stock,", "line 2, field row: 12 cells"),
    "lower case": (
        "AAPL,AAPL,AAPL,AAPL",
        "aapl,AAPL,AAPL,AAPL",
        "line 2, field internal_symbol: 'aapl'; accepted is a symbol",
    ),
    "currency": ("Apple (AAPL),USD", "Apple (AAPL),GBP", "line 2, field currency: 'GBP'; accepted is USD"),
    "kind": (
        "(BRK.B),USD,stock",
        "(BRK.B),USD,bond",
        "line 3, field instrument_type: 'bond'; accepted is stock, etf or index",
    ),
    "flag": (
        "stock,false,true,true,,",
        "stock,no,true,true,,",
        "line 2, field is_benchmark: 'no'; accepted is true or false",
    ),
    "no name": ("Apple (AAPL)", "", "line 2, field etoro_search_name"),
    "twice": (
        "AAPL,AAPL,AAPL,AAPL",
        "BRK.B,AAPL,AAPL,AAPL",
        "line 3, field internal_symbol: 'BRK.B', already on line 2",
    ),
    "vendor name twice": (
        "BRK-B,BRK-B",
        "AAPL,BRK-B",
        "line 3, field stooq_symbol: 'AAPL', already on line 2",
    ),
    "two benchmarks": (
        "stock,false,true,true,,",
        "stock,true,true,true,,",
        "line 4, field is_benchmark: true, already on line 2",
    ),
    "tradable fund": ("etf,true,false,true", "etf,true,true,true", "line 4, field is_tradable_underlying"),
    "verified by nobody": (
        "A. Person,",
        ",",
        "line 3, field verified_by: empty; accepted is both verified_by and verified_at",
    ),
    "verified never": (
        ",2026-11-20",
        ",",
        "line 3, field verified_at: empty, but verified by 'A. Person'; accepted is both",
    ),
    "day of verifying": (
        "2026-11-20",
        "20/11/2026",
        "line 3, field verified_at: '20/11/2026'; accepted is a day as YYYY-MM-DD",
    ),
    "no such day": (
        "2026-11-20",
        "2026-02-30",
        "line 3, field verified_at: '2026-02-30'; accepted is a day as YYYY-MM-DD",
    ),
    "verified before there was an eToro": (
        "2026-11-20",
        "1999-12-31",
        "line 3, field verified_at: '1999-12-31'; accepted is a day from 2000-01-01 to 2026-11-20",
    ),
    "verified tomorrow": (
        "2026-11-20",
        "2026-11-21",
        "line 3, field verified_at: '2026-11-21'; accepted is a day from 2000-01-01 to 2026-11-20",
    ),
    "a name that turns around": (
        "Apple (AAPL)",
        "Apple \u202e(AAPL)",
        r"line 2, field etoro_search_name: 'Apple \u202e(AAPL)'; accepted is characters that can be seen",
    ),
    "nobody's name": ("A. Person", "\u2800", r"line 3, field verified_by: '\u2800'; accepted is characters"),
    "disabled benchmark": ("etf,true,false,true", "etf,true,false,false", "line 4, field is_enabled"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_row_is_refused_with_its_place(case):
    """The message names file, line, field and the accepted form."""
    old, new, words = REFUSED[case]
    assert old in GOOD
    with pytest.raises(UniverseError) as refused:
        parsed(GOOD.replace(old, new, 1))
    assert f"u.csv, {words}" in str(refused.value)


def test_a_universe_with_nothing_enabled_is_refused():
    """Coverage of nothing would be complete."""
    text = GOOD.replace("true,true,", "true,false,").replace("etf,true,false,true", "etf,false,false,false")
    with pytest.raises(UniverseError, match="field is_enabled: no row with true"):
        parsed(text)


def test_files_take_over_known_rows_and_derive_the_others():
    """A known symbol keeps its eToro name under any vendor's spelling; a stranger becomes a stock."""
    universe = universe_from_symbols(["BRK-B", "SPY", "ZZZ"], parsed())
    by_symbol = {entry.internal_symbol: entry for entry in universe.entries}
    assert set(by_symbol) == {"BRK.B", "SPY", "ZZZ"}
    assert by_symbol["BRK.B"].etoro_search_name.startswith("Berkshire")
    assert (by_symbol["ZZZ"].instrument_type, by_symbol["ZZZ"].is_tradable_underlying) == ("stock", True)
    assert universe.benchmark.internal_symbol == "SPY"


def test_without_spy_the_named_symbol_is_the_benchmark():
    """It stays a stock that may be bought."""
    benchmark = universe_from_symbols(["AAPL", "KO"], parsed(), "KO").benchmark
    assert (benchmark.internal_symbol, benchmark.is_tradable_underlying) == ("KO", True)


@pytest.mark.parametrize("benchmark", [None, "SPY"])
def test_files_without_a_benchmark_are_refused(benchmark):
    """The message lists the symbols to choose from."""
    with pytest.raises(UniverseError, match="name one of AAPL, KO"):
        universe_from_symbols(["KO", "AAPL"], parsed(), benchmark)


def test_no_symbols_at_all_are_refused():
    """An inbox of refused files must not become an empty universe."""
    with pytest.raises(UniverseError, match="no symbol"):
        universe_from_symbols([], parsed())
