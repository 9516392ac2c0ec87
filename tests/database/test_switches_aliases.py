"""Tickers that passed from one company to another, on real files: no two companies become one series."""

from datetime import date
from pathlib import Path

import pytest

from tests.database.lean_files import AS_OF_DATE, RENAMED_DATE, SET, alias_text, entry, load_renamed, read_map
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.ops.auto_disable import disable_missing
from trading_ops.runs.run import Run
from trading_ops.universe.aliases import with_aliases
from trading_ops.universe.instruments import Universe

# What dbt makes of a run: bars of a vendor's symbol, within the dates it belonged to an instrument.
SERIES = """
    select alias.internal_symbol, bar.vendor_symbol, bar.session_date, bar.close_price
    from desk.runs as run
    inner join desk.config_aliases as alias on alias.universe_hash = run.universe_hash
    inner join raw.eod_bars as bar
        on bar.source = alias.source
        and bar.vendor_symbol = alias.vendor_symbol
        and bar.session_date between alias.valid_from_date and alias.valid_to_date
        and bar.load_id <= run.data_snapshot_id
    where run.run_id = %s
    order by alias.internal_symbol, bar.session_date
"""


@pytest.fixture
def lean(real_files) -> Path:
    """The folder of Lean's files."""
    return real_files / SET


@pytest.fixture
def run(desk, real_files, tmp_path) -> Run:
    """Lean's bars and the continued FB and META, loaded; a daily run frozen on them."""
    return load_renamed(desk, real_files, tmp_path / "inbox")


@pytest.fixture
def series(desk, run) -> dict[str, list[tuple[str, date]]]:
    """The (vendor symbol, session) of each bar of each instrument, oldest first."""
    found: dict[str, list] = {}
    with connect("desk_dbt", desk) as connection:
        for row in connection.execute(SERIES, (run.run_id,)):
            found.setdefault(row["internal_symbol"], []).append((row["vendor_symbol"], row["session_date"]))
    return found


def test_every_map_file_can_be_told_together(lean):
    """Twenty-seven companies, tickers used again and again, and no session belongs to two of them."""
    paths = sorted((lean / "map_files").glob("*.csv"))
    assert len(paths) > 25
    symbols = [path.stem.upper() for path in paths]
    universe = Universe(tuple(entry(symbol) for symbol in symbols))
    names = [name for path in paths for name in read_map(path, path.stem.upper(), "lean")]
    joined = with_aliases(universe, alias_text(names), "maps.csv")
    assert set(joined.aliases) == set(names)
    assert len({name.vendor_symbol for name in names if name.internal_symbol.startswith("FB")}) == 1
    assert len(names) > len(paths)


def test_the_company_of_1999_and_meta_share_a_file_and_no_session(desk, series):
    """One file FB.csv holds both: 1999 to 2003 is another company's, and nothing of it is Meta's."""
    other, meta = series["FBX"], series["META"]
    assert {symbol for symbol, _ in other} == {"FB"}
    assert (other[0][1], other[-1][1]) == (date(1999, 9, 29), date(2003, 3, 28))
    assert meta[0] == ("FB", date(2012, 5, 18))
    assert not {day for _, day in other} & {day for _, day in meta}
    # The bars of both are stored, so without the dates they would be one series.
    with connect("desk_dbt", desk) as connection:
        stored = connection.execute(
            "select count(*) as n from raw.eod_bars where vendor_symbol = 'FB'"
        ).fetchone()
    assert stored["n"] == len(other) + sum(symbol == "FB" for symbol, _ in meta)


def test_facebook_and_meta_are_one_history_of_one_symbol(series):
    """The rename leaves neither a gap nor a session twice."""
    meta = series["META"]
    days = [day for _, day in meta]
    assert len(days) == len(set(days))
    seam = days.index(RENAMED_DATE)
    assert meta[seam : seam + 2] == [("FB", RENAMED_DATE), ("META", date(2022, 6, 9))]
    assert set(sessions.sessions_between(days[0], days[-1])) - set(days) == set()
    assert days[-1] == AS_OF_DATE


def test_google_s_share_classes_keep_their_own_past(series):
    """GOOG was the A share until 2 April 2014 and is the C share since; GOOCV was the C share for a week."""
    a_share, c_share = series["GOOGL"], series["GOOG"]
    assert [symbol for symbol, day in a_share if day == date(2014, 4, 2)] == ["GOOG"]
    assert [symbol for symbol, day in a_share if day == date(2014, 4, 3)] == ["GOOGL"]
    assert [symbol for symbol, day in c_share if day <= date(2014, 4, 2)][-1] == "GOOCV"
    assert [symbol for symbol, day in c_share if day == date(2014, 4, 3)] == ["GOOG"]
    assert {symbol for symbol, day in c_share if day > date(2014, 4, 3)} == {"GOOG"}


def test_waste_management_leaves_out_the_bank_that_had_its_ticker(series):
    """
    WM.csv begins in 1998 with Washington Mutual; the dated names take Waste Management from UW, WMI and WM.
    """
    owners = [(symbol, day) for symbol, day in series["WM"]]
    changes = [symbol for n, (symbol, _) in enumerate(owners) if n == 0 or owners[n - 1][0] != symbol]
    assert changes == ["UW", "WMI", "WM"]
    assert next(day for symbol, day in owners if symbol == "WM") == date(2009, 8, 5)


def test_a_symbol_s_next_owner_does_not_hide_that_it_stopped(desk, run):
    """FBX has had no bar since 2003 although FB.csv goes on: the desk counts its own sessions only."""
    with connect("desk_planner", desk) as connection:
        found = disable_missing(connection, run.run_id, desk)
    # Lean's sample ends in 2021 for everything but META, so this is an outage and not one symbol's fault.
    assert found.outage == ("FBX", "GOOG", "GOOGL", "WM")
