"""The universe file: what is accepted, what is refused and how, and what a folder of files becomes."""

import pytest

from trading_ops.settings import PROJECT_ROOT
from trading_ops.universe import Universe, UniverseError, parse_universe, universe_from_symbols

HEADER = (
    "internal_symbol,vendor_symbol,stooq_symbol,yahoo_symbol,etoro_search_name,currency,"
    "instrument_type,is_benchmark,is_tradable_underlying,is_enabled,notes\n"
)
ROWS = [
    "AAPL,AAPL,AAPL,AAPL,Apple (AAPL),USD,stock,false,true,true,\n",
    "BRK.B,BRK.B,BRK-B,BRK-B,Berkshire Hathaway B (BRK.B),USD,stock,false,true,true,a note\n",
    "SPY,SPY,SPY,SPY,SPDR S&P 500 ETF (SPY),USD,etf,true,false,true,\n",
    "VIX,VIX,,VIX,VIX,USD,index,false,false,false,\n",
]
GOOD = HEADER + "".join(ROWS)


def parsed(text: str = GOOD) -> Universe:
    """Parse a text as the file u.csv."""
    return parse_universe(text, "u.csv")


def test_the_committed_universe_is_accepted():
    """About a hundred stocks, one benchmark, and every symbol of the golden files."""
    path = PROJECT_ROOT / "config/universe.csv"
    universe = parse_universe(path.read_text(), path.name)
    stocks = [entry for entry in universe.entries if entry.is_tradable_underlying]
    assert len(stocks) > 95
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


REFUSED = {
    "other header": ("notes\n", "note\n", "line 1, field header"),
    "missing cell": ("(AAPL),USD,stock,", "(AAPL),stock,", "line 2, field row: 10 cells"),
    "lower case": (
        "AAPL,AAPL,AAPL,AAPL",
        "aapl,AAPL,AAPL,AAPL",
        "line 2, field internal_symbol: 'aapl'; accepted is a symbol",
    ),
    "currency": (
        "Apple (AAPL),USD",
        "Apple (AAPL),GBP",
        "line 2, field currency: 'GBP'; accepted is USD",
    ),
    "kind": (
        "(BRK.B),USD,stock",
        "(BRK.B),USD,bond",
        "line 3, field instrument_type: 'bond'; accepted is stock, etf or index",
    ),
    "flag": (
        "stock,false,true,true,\n",
        "stock,no,true,true,\n",
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
        "stock,false,true,true,\n",
        "stock,true,true,true,\n",
        "line 4, field is_benchmark: true, already on line 2",
    ),
    "tradable fund": (
        "etf,true,false,true",
        "etf,true,true,true",
        "line 4, field is_tradable_underlying",
    ),
    "disabled benchmark": (
        "etf,true,false,true",
        "etf,true,false,false",
        "line 4, field is_enabled",
    ),
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
    text = GOOD.replace("true,true,", "true,false,").replace(
        "etf,true,false,true", "etf,false,false,false"
    )
    with pytest.raises(UniverseError, match="field is_enabled: no row with true"):
        parsed(text)


def test_files_take_over_known_rows_and_derive_the_others():
    """A known symbol keeps its eToro name under any vendor's spelling; a stranger becomes a stock."""
    universe = universe_from_symbols(["BRK-B", "SPY", "ZZZ"], parsed())
    by_symbol = {entry.internal_symbol: entry for entry in universe.entries}
    assert set(by_symbol) == {"BRK.B", "SPY", "ZZZ"}
    assert by_symbol["BRK.B"].etoro_search_name.startswith("Berkshire")
    assert (by_symbol["ZZZ"].instrument_type, by_symbol["ZZZ"].is_tradable_underlying) == (
        "stock",
        True,
    )
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
