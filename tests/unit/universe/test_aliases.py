"""Dated vendor names: what a row may say, and that no session ever belongs to two companies."""

from datetime import date

import pytest

from trading_ops.settings import PROJECT_ROOT
from trading_ops.universe.aliases import HEADER, aliases_text, with_aliases
from trading_ops.universe.instruments import Universe, UniverseError, parse_universe, universe_from_symbols

UNIVERSE = parse_universe(
    "internal_symbol,vendor_symbol,stooq_symbol,yahoo_symbol,etoro_search_name,currency,"
    "instrument_type,is_benchmark,is_tradable_underlying,is_enabled,notes,verified_by,verified_at\n"
    "META,META,META,META,Meta Platforms (META),USD,stock,false,true,true,,,\n"
    "GOOG,GOOG,GOOG,,Alphabet C (GOOG),USD,stock,false,true,true,,,\n"
    "GOOGL,GOOGL,GOOGL,GOOGL,Alphabet A (GOOGL),USD,stock,false,true,true,,,\n",
    "u.csv",
)
FB_TO_META = "lean,FB,META,2012-05-18,2022-06-08\nlean,META,META,2022-06-09,\n"


def aliased(rows: str, sources=None) -> Universe:
    """Parse rows as the file a.csv."""
    return with_aliases(UNIVERSE, f"{HEADER}\n{rows}", "a.csv", sources)


def test_a_rename_is_two_spans_of_one_instrument():
    """Open ends reach as far as dates go."""
    first, second = aliased(FB_TO_META).aliases
    assert (first.vendor_symbol, first.valid_to_date) == ("FB", date(2022, 6, 8))
    assert (second.internal_symbol, second.valid_to_date) == ("META", date.max)


def test_the_hash_knows_the_dated_names():
    """A span moved by a day is another universe; rows in another order are the same."""
    turned = "".join(reversed(FB_TO_META.splitlines(keepends=True)))
    assert aliased(turned).universe_hash == aliased(FB_TO_META).universe_hash
    moved = FB_TO_META.replace("2012-05-18", "2012-05-17")
    assert len({u.universe_hash for u in (UNIVERSE, aliased(FB_TO_META), aliased(moved))}) == 3


def test_a_disabled_symbol_keeps_its_dated_names():
    """What is held of it must still be priced."""
    universe = aliased(FB_TO_META)
    assert universe.without({"META"}).aliases == universe.aliases


def test_dated_names_are_written_as_they_are_read():
    """Open ends stay open."""
    universe = aliased(FB_TO_META)
    assert aliases_text(universe) == f"{HEADER}\n{FB_TO_META}"


def test_files_under_an_older_name_are_the_instruments():
    """FB is META and no company of its own, and the spans of what is not among the files are left out."""
    universe = universe_from_symbols(["FB", "GOOG"], aliased(FB_TO_META), "GOOG")
    assert [entry.internal_symbol for entry in universe.entries] == ["META", "GOOG"]
    assert universe.aliases == aliased(FB_TO_META).aliases
    assert universe_from_symbols(["GOOG"], aliased(FB_TO_META), "GOOG").aliases == ()


def test_a_symbol_may_pass_from_one_instrument_to_another():
    """GOOG was the A share until 2014-04-02 and is the C share since."""
    rows = "lean,GOOG,GOOGL,2004-08-19,2014-04-02\nlean,GOOGL,GOOGL,2014-04-03,\nlean,GOOG,GOOG,2014-04-03,\n"
    assert len(aliased(rows).aliases) == 3


REFUSED = {
    "source": ("Lean,FB,META,,\n", "line 2, field source: 'Lean'"),
    "unknown source": ("leam,FB,META,,\n", "line 2, field source: 'leam'; accepted is one of lean"),
    "symbol": ("lean,fb,META,,\n", "line 2, field vendor_symbol: 'fb'"),
    "unknown instrument": (
        "lean,FB,FB,,\n",
        "line 2, field internal_symbol: 'FB'; accepted is a symbol of the universe",
    ),
    "day": ("lean,FB,META,18/05/2012,\n", "line 2, field valid_from_date: '18/05/2012'"),
    "no such day": ("lean,FB,META,,2022-02-30\n", "line 2, field valid_to_date: '2022-02-30'"),
    "backwards": (
        "lean,FB,META,2022-06-08,2012-05-18\n",
        "line 2, field valid_to_date: 2012-05-18, before it began on 2022-06-08",
    ),
    "cells": ("lean,FB,META,\n", "line 2, field row: 4 cells"),
    "one session, two companies": (
        "lean,FB,META,2012-05-18,2022-06-08\nlean,FB,GOOGL,2022-06-08,\n",
        "line 3, field vendor_symbol: 'FB' in sessions that line 2 has as well",
    ),
    "one company, two symbols": (
        "lean,FB,META,2012-05-18,2022-06-08\nlean,META,META,2022-06-08,\n",
        "line 3, field internal_symbol: 'META' in sessions that line 2 has as well",
    ),
    "open ends overlap": (
        "lean,FB,META,,\nlean,FB,GOOGL,1990-01-01,1990-01-01\n",
        "line 3, field vendor_symbol: 'FB' in sessions",
    ),
    "somebody's undated name": (
        "lean,GOOG,GOOGL,2004-08-19,2014-04-02\n",
        "line 2, field vendor_symbol: 'GOOG', which the universe gives to GOOG at every date",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_row_is_refused_with_its_place(case):
    """The message names file, line, field and the accepted form."""
    rows, words = REFUSED[case]
    with pytest.raises(UniverseError) as refused:
        aliased(rows, sources={"lean"})
    assert f"a.csv, {words}" in str(refused.value)


def test_another_header_is_refused():
    """A file with its columns swapped must not be read."""
    with pytest.raises(UniverseError, match=r"a\.csv, line 1, field header"):
        with_aliases(UNIVERSE, "vendor_symbol,source\n", "a.csv")


def test_sessions_that_touch_do_not_overlap():
    """One source's spans say nothing about another's."""
    rows = FB_TO_META + "other,FB,META,,\n"
    assert len(aliased(rows).aliases) == 3


def test_the_committed_aliases_belong_to_the_committed_universe():
    """The file beside config/universe.csv is read with it."""
    folder = PROJECT_ROOT / "config"
    universe = parse_universe((folder / "universe.csv").read_text(), "universe.csv")
    text = (folder / "vendor_aliases.csv").read_text()
    assert {
        alias.internal_symbol for alias in with_aliases(universe, text, "vendor_aliases.csv").aliases
    } == {"GM", "META", "V"}
