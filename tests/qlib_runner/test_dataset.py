"""The dataset command: what Qlib reads is what was exported, and what cannot be trusted is refused."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tests.qlib_runner import market


def test_qlib_reads_back_every_bar_and_every_membership(dataset, inside, tmp_path):
    """Seven fields of 21,000 bars in 32 bits, a gap where a company paused, and the one that left."""
    market.write_dataset_inputs(tmp_path)
    found = json.loads(inside("read_back.py", dataset / "store", tmp_path / "bars.parquet"))
    counts = json.loads((dataset / "counts.json").read_text())
    assert found["equal"] is True
    assert found["bar_count"] == counts["bar_count"] == market.bars_table().num_rows > 20_000
    assert found["gaps"] == [market.PAUSED]
    assert found["sessions"] == ["2020-01-02", "2023-06-30"] and found["future"] > "2023-07-31"
    assert set(found["members"]) == set(market.SYMBOLS)
    assert found["members"][market.LEAVER] == [["2020-01-02", "2022-03-31"]]
    assert found["members"][market.JOINER] == [["2021-06-01", "2023-06-30"]]


def test_the_same_inputs_give_the_same_bytes(dataset, made, tmp_path):
    """A second run's manifest, which names every file's hash, is equal."""
    again = made("dataset", market.write_dataset_inputs(tmp_path))
    assert (again / "manifest.json").read_bytes() == (dataset / "manifest.json").read_bytes()


def test_what_cannot_be_trusted_is_refused_without_a_trace(commands, tmp_path):
    """Each fault has its own reason, exit code 2, one line, and nothing is left of the result."""
    bars = market.bars_table()
    [paused] = np.flatnonzero(_is_bar(bars, market.PAUSED, "2022-09-30"))
    close = bars["close"].to_numpy()
    faults = {
        "one byte of it differs": ({}, "its SHA-256 differs"),
        "another as-of": ({"as_of_date": "2023-06-29"}, "but as_of_date is 2023-06-29"),
        "no session": ({"as_of_date": "2023-07-01"}, "as_of_date 2023-07-01 is no session"),
        "calendar too short": ({"as_of_date": "2023-12-29"}, "before as_of_date 2023-12-29"),
        "an input too few": (
            {"inputs": []},
            "dataset takes the inputs bars.parquet, instruments.csv, calendar.csv",
        ),
        "unknown config": ({"config": {"fields": 3}}, "config 'fields' is unknown"),
        "for another command": ({"command": "train"}, "is for the command 'train', not 'dataset'"),
    }
    tables = {
        "a duplicate": (_with_row(bars, paused, 2), f"{market.PAUSED} on 2022-09-30 twice"),
        "a missing symbol": (
            bars.filter(pc.not_equal(bars["internal_symbol"], "QINT")),
            "QINT is a member in",
        ),
        "a foreign symbol": (
            _renamed(bars, market.PAUSED, f"{market.PAUSED}X"),
            f"{market.PAUSED}X has bars but is no member",
        ),
        "no number": (_with(bars, "close", paused, float("nan")), "close of "),
        "a negative price": (_with(bars, "close", paused, -close[paused]), "close of "),
    }
    lines, wanted = [], []
    for number, (changes, reason) in enumerate(faults.values()):
        path = market.write_dataset_inputs(tmp_path / f"in{number}", bars=bars, **changes)
        if not changes:
            calendar = path.parent / "calendar.csv"
            calendar.write_bytes(calendar.read_bytes().replace(b"2020-01-02", b"2020-01-03", 1))
        lines.append(["dataset", "--manifest", path, "--out", tmp_path / f"results/{number}"])
        wanted.append(reason)
    for name, (table, reason) in tables.items():
        path = market.write_dataset_inputs(tmp_path / name.replace(" ", "_"), bars=table)
        lines.append(["dataset", "--manifest", path, "--out", tmp_path / f"results/{name}"])
        wanted.append(reason)
    (tmp_path / "results").mkdir()
    found = commands(*lines)
    assert len(found) == len(faults) + len(tables)
    for (code, said), reason in zip(found, wanted, strict=True):
        assert (code, said.count("\n")) == (2, 1), said
        assert reason in said
    assert list((tmp_path / "results").iterdir()) == []


def _is_bar(bars: pa.Table, symbol: str, day: str) -> np.ndarray:
    is_day = bars["session_date"].to_numpy().astype("datetime64[D]") == np.datetime64(day)
    return is_day & (np.array(bars["internal_symbol"].to_pylist()) == symbol)


def _with(bars: pa.Table, name: str, row: int, value: float) -> pa.Table:
    """Return the bars with one cell changed."""
    cells = bars[name].to_pylist()
    cells[row] = value
    return bars.set_column(bars.schema.get_field_index(name), name, pa.array(cells, pa.float64()))


def _renamed(bars: pa.Table, symbol: str, name: str) -> pa.Table:
    """Return the bars with a symbol under another name."""
    symbols = [name if cell == symbol else cell for cell in bars["internal_symbol"].to_pylist()]
    return bars.set_column(0, "internal_symbol", pa.array(symbols, pa.string()))


def _with_row(bars: pa.Table, row: int, times: int) -> pa.Table:
    """Return the bars with one row as often as told."""
    return pa.concat_tables([bars[:row], *[bars[row : row + 1]] * times, bars[row + 1 :]])
