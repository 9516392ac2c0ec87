"""Qlib's store: the bytes of Qlib's own writer, and nothing at all for bars that cannot be trusted."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlib_runner.manifest import Refused
from qlib_runner.store import FIELDS, has_bars, write_store
from tests.qlib_runner.odd_series import SESSIONS, odd_bars

CALENDAR = [date(2024, 1, 1) + timedelta(days=n) for n in range(40)]


def bars_of(days: dict[str, list[int]], **changes) -> pa.Table:
    """Return bars of symbols on the given sessions of CALENDAR, with some columns replaced."""
    keys = [(symbol, CALENDAR[day]) for symbol, own in days.items() for day in own]
    columns = {
        "internal_symbol": pa.array([symbol for symbol, _ in keys], pa.string()),
        "session_date": pa.array([day for _, day in keys], pa.date32()),
        **{field: np.arange(len(keys)) + 10.5 + place for place, field in enumerate(FIELDS)},
    }
    return pa.table({**columns, **changes})


def written(folder: Path, bars: pa.Table, calendar=CALENDAR, members: str | None = None) -> Path:
    """Write a store below a folder and return it."""
    pq.write_table(bars, folder / "bars.parquet")
    membership = folder / "members.csv" if members is not None else None
    if membership:
        membership.write_text("internal_symbol,start_date,end_date\n" + members)
    write_store(folder / "bars.parquet", folder / "store", calendar, membership)
    return folder / "store"


def test_every_file_is_what_qlibs_own_writer_makes(inside, tmp_path):
    """Byte for byte, with gaps, late and short lives, odd names and a first day without a change."""
    odd = odd_bars(3)
    names = {"PLAIN": "PRN", "STALE": "BRK.B", "TICKS": "RDS-A"}
    renamed = [names.get(name, name) for name in odd["internal_symbol"].to_pylist()]
    bars = odd.set_column(odd.schema.get_field_index("internal_symbol"), "internal_symbol", pa.array(renamed))
    bars = bars.append_column("change", pa.array(np.where(np.arange(len(odd)) % 9 == 0, np.nan, 0.01)))
    bars = bars.sort_by([("internal_symbol", "ascending"), ("session_date", "ascending")])
    sessions = [day.date() for day in SESSIONS]
    store = written(tmp_path, bars, [date(2019, 12, 31), *sessions, date(2021, 1, 4)])
    (tmp_path / "reference").mkdir()
    found = json.loads(inside("store_files.py", tmp_path / "bars.parquet", store, tmp_path / "reference"))
    assert found["files"] == 2 + 8 * len(set(renamed)) > 200
    assert found["differing"] == ["calendars/day_future.txt"]
    assert (store / "features/_qlib_prn/close.day.bin").exists()
    days = [f"{day}\n" for day in [*sessions, date(2021, 1, 4)]]
    assert (store / "calendars/day_future.txt").read_text() == "".join(days)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sets(st.integers(0, 29), min_size=1), min_size=1, max_size=4))
def test_reading_the_format_gives_the_bars(tmp_path_factory, days):
    """
    Any days of any number of symbols: the first number places the series, gaps are NaN, the rest is the bars.
    """
    symbols = {f"S{number}": sorted(own) for number, own in enumerate(days)}
    bars = bars_of(symbols).to_pandas()
    first = min(map(min, days))
    folder = tmp_path_factory.mktemp("any")
    store = written(folder, pa.Table.from_pandas(bars, preserve_index=False))
    for symbol, own in symbols.items():
        for field in FIELDS:
            begin, *values = np.fromfile(store / f"features/{symbol.lower()}/{field}.day.bin", "<f4")
            expected = bars[bars["internal_symbol"] == symbol][field].to_numpy(np.float32)
            found = pd.Series(values, range(int(begin) + first, int(begin) + first + len(values)))
            assert list(found.index[found.notna()]) == own
            assert list(found.dropna()) == list(expected)


def test_membership_spans_are_kept_and_open_ends_are_the_newest_session(tmp_path):
    """A company that left and came back has two lines; one that is still in ends with the calendar."""
    store = written(
        tmp_path,
        bars_of({"AAA": [0, 9], "BBB": [3, 20]}),
        members="BBB,2024-01-02,\nAAA,2023-01-01,2024-01-03\nAAA,2024-01-05,2024-01-09\n",
    )
    assert (store / "instruments/all.txt").read_text().splitlines() == [
        "AAA\t2023-01-01\t2024-01-03",
        "AAA\t2024-01-05\t2024-01-09",
        "BBB\t2024-01-02\t2024-01-21",
    ]


def test_a_symbol_without_dates_has_bars_and_is_no_member(tmp_path):
    """A benchmark is measured against and never ranked."""
    bars = bars_of({"AAA": [0, 1], "IDX": [0, 1]})
    store = written(tmp_path, bars, members="AAA,2024-01-01,\nIDX,,\n")
    assert (store / "instruments/all.txt").read_text().split()[::3] == ["AAA"]
    assert has_bars(store, "IDX") and has_bars(store, "AAA") and not has_bars(store, "ZZZ")


def _changed(field: str, value: float) -> pa.Table:
    values = np.array([10.0, value, 12.0])
    return bars_of({"AAA": [0, 1, 2]}, **{field: values})


THREE = bars_of({"AAA": [0, 1, 2]})
REFUSALS = {
    "AAA on 2024-01-02 twice": {"bars": bars_of({"AAA": [0, 1, 1]})},
    "AAA on 2024-01-02 out of order": {"bars": bars_of({"AAA": [0, 2, 1]})},
    "the bars of AAA come after those of BBB": {"bars": bars_of({"BBB": [0], "AAA": [1]})},
    "the symbol 'aaa' is no name Qlib can keep": {"bars": bars_of({"aaa": [0]})},
    "the symbol '../AAA' is no name": {"bars": bars_of({"../AAA": [0]})},
    "Qlib reads the symbol NA as nan": {"bars": bars_of({"AAA": [0], "NA": [0]})},
    "close of AAA on 2024-01-02 is nan": {"bars": _changed("close", np.nan)},
    "open of AAA on 2024-01-02 is 0.0": {"bars": _changed("open", 0.0)},
    "high of AAA on 2024-01-02 is inf": {"bars": _changed("high", np.inf)},
    "low of AAA on 2024-01-02 is 1e+39": {"bars": _changed("low", 1e39)},
    "factor of AAA on 2024-01-02 is 1e-50": {"bars": _changed("factor", 1e-50)},
    "volume of AAA on 2024-01-02 is -1.0": {"bars": _changed("volume", -1.0)},
    "volume is int64, not a float": {"bars": bars_of({"AAA": [0]}, volume=np.array([5]))},
    "lacks the column vwap": {"bars": THREE.drop(["vwap"])},
    "holds no bar": {"bars": THREE[:0]},
    "session_date is string, not a date": {
        "bars": bars_of({"AAA": [0]}, session_date=pa.array(["2024-01-01"]))
    },
    "without a symbol or a day": {"bars": bars_of({"AAA": [0]}, session_date=pa.array([None], pa.date32()))},
    "the calendar ends on 2024-01-02, but the newest bar is of 2024-01-03": {
        "bars": THREE,
        "calendar": CALENDAR[:2],
    },
    "a session twice or out of order": {"bars": THREE, "calendar": [*CALENDAR, CALENDAR[-1]]},
    "AAA on 2024-01-02 is a bar on no session": {"bars": THREE, "calendar": [CALENDAR[0], *CALENDAR[2:]]},
    "AAA has bars but is no member": {"bars": THREE, "members": ""},
    "ZZZ is a member in": {"bars": THREE, "members": "AAA,2024-01-01,\nZZZ,2024-01-01,\n"},
    "ZZZ is named in": {"bars": THREE, "members": "AAA,2024-01-01,\nZZZ,,\n"},
    "AAA is a member and is said to be none": {"bars": THREE, "members": "AAA,2024-01-01,\nAAA,,\n"},
    "AAA is a member twice on 2024-01-03": {
        "bars": THREE,
        "members": "AAA,2024-01-01,2024-01-03\nAAA,2024-01-03,\n",
    },
    "before it joins on 2024-01-02": {"bars": THREE, "members": "AAA,2024-01-02,2024-01-01\n"},
    "line 2 is not a symbol, a start date and an end date": {"bars": THREE, "members": "AAA,1 May,\n"},
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_what_does_not_fit_is_refused_without_a_trace(tmp_path, reason):
    """Each with its reason; neither the store nor a part of it stays."""
    with pytest.raises(Refused) as refusal:
        written(tmp_path, **REFUSALS[reason])
    assert reason in str(refusal.value)
    assert {path.suffix for path in tmp_path.iterdir()} <= {".parquet", ".csv"}


def test_a_store_is_never_written_over(tmp_path):
    """A folder that exists is somebody's result."""
    store = written(tmp_path, THREE)
    before = (store / "calendars/day.txt").stat().st_mtime_ns
    with pytest.raises(Refused, match="exists already"):
        written(tmp_path, THREE)
    assert (store / "calendars/day.txt").stat().st_mtime_ns == before
    with pytest.raises(Refused, match="cannot be read as parquet"):
        write_store(tmp_path / "nothing.parquet", tmp_path / "other", CALENDAR)
