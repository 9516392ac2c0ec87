"""
Qlib's store, written straight from one parquet file of adjusted bars.

The files are those Qlib's own scripts/dump_bin.py writes, byte for byte, and the calendar of known future
sessions, without which a backtest cannot close its last day:

    calendars/day.txt              the sessions from the first bar to the newest
    calendars/day_future.txt       the same and the known sessions after it
    instruments/all.txt            SYMBOL, first and last day of membership; one line per span
    features/<symbol>/<field>.day.bin
                                   32-bit little-endian floats: the position of the first value in day.txt,
                                   then a value per session to the symbol's last bar, NaN without a bar

The bars are adjusted forward (the oldest day has factor 1), so that old bytes stay when actions arrive.
Columns: internal_symbol, session_date, and the 64- or 32-bit floats of FIELDS, `change` if wanted; rows by
symbol, then by day. Nothing here corrects a bar: whatever does not fit is refused with its reason.
"""

import csv
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qlib_runner.manifest import Refused, parse_date

FIELDS = ("open", "high", "low", "close", "vwap", "volume", "factor")
# A first day has no change; every other field must be there on each day that has a bar.
OPTIONAL_FIELDS = ("change",)
_SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.^=_-]*")
_DEVICES = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(10)}
_SPAN_COLUMNS = ["internal_symbol", "start_date", "end_date"]


def write_store(
    bars: Path, folder: Path, calendar: list[date], instruments: Path | None = None
) -> dict[str, int | str]:
    """
    Make the store `folder` appear in one step, from a parquet file of bars and the market's sessions.

    instruments is a csv of membership spans (internal_symbol, start_date, end_date; several spans per
    symbol, an empty end is still a member, without both dates it has bars and is never one, as a benchmark
    is); without it a symbol is a member from its first bar to its last.
    Returns counts, the first and newest session, and one SHA-256 over names and bytes of all files.

    Raises Refused, and leaves nothing behind, for a folder that exists; unsorted, duplicate or missing
    bars; a symbol Qlib cannot read back, one outside the membership, or a member without bars; a number
    that is missing, infinite (also only in 32 bits), not positive (prices, factor) or negative (volume); a
    bar on no session; a calendar out of order or at its end before the newest bar.
    """
    if folder.exists():
        raise Refused(f"{folder} exists already")
    if not folder.parent.is_dir():
        raise Refused(f"{folder.parent} is no folder, so no store can be put into it")
    panel = _read_bars(bars)
    sessions, positions = _place(panel, calendar)
    spans = _read_spans(instruments, panel, sessions) if instruments else _bar_spans(panel)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        digest = _write(partial, panel, sessions, positions, spans)
        _check_read_back(partial, spans)
        # The model's container reads the store under another user id.
        partial.chmod(0o755)
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {
        "symbol_count": len(panel.symbols),
        "bar_count": len(panel.days),
        "session_count": sessions.known,
        "first_session_date": str(sessions.days[0]),
        "newest_session_date": str(sessions.days[sessions.known - 1]),
        "sha256": digest,
    }


def has_bars(store: Path, symbol: str) -> bool:
    """Say whether a store holds bars of a symbol, member or not."""
    return (store / home_of(symbol)).is_dir()


def home_of(symbol: str) -> str:
    """Return where a symbol's fields lie in a store; Qlib never makes a folder with a device's name."""
    name = symbol.lower()
    return f"features/{'_qlib_' if name in _DEVICES else ''}{name}"


def read_fields(
    store: Path, symbol: str, fields: tuple[str, ...], first: int, last: int
) -> tuple[int, np.ndarray]:
    """
    Return the bars of a symbol between two positions of the calendar, both included, and where they begin.

    The values are (field, session), 32-bit, NaN without a bar; a symbol without bars there gives none.
    Raises FileNotFoundError for a symbol or field the store lacks, and ValueError for fields that do not
    cover the same sessions.
    """
    extents, rows = set(), []
    home = store / home_of(symbol)
    for field in fields:
        with open(home / f"{field}.day.bin", "rb") as file:
            begin = int(np.frombuffer(file.read(4), "<f4")[0])
            end = begin + os.fstat(file.fileno()).st_size // 4 - 1
            extents.add((begin, end))
            start = min(max(begin, first), end)
            stop = max(start, min(end, last + 1))
            file.seek(4 * (start - begin + 1))
            rows.append(np.frombuffer(file.read(4 * (stop - start)), "<f4"))
    if len(extents) != 1:
        raise ValueError(f"the fields of {symbol} do not cover the same sessions: {sorted(extents)}")
    return start, np.stack(rows)


@dataclass(frozen=True)
class _Panel:
    """All bars: symbol i has the rows starts[i]..starts[i + 1]; days are datetime64[D]."""

    symbols: list[str]
    starts: np.ndarray
    days: np.ndarray
    fields: dict[str, np.ndarray]

    def rows(self) -> Iterator[tuple[str, slice]]:
        """Yield each symbol and its rows."""
        for symbol, start, stop in zip(self.symbols, self.starts, self.starts[1:], strict=False):
            yield symbol, slice(start, stop)


@dataclass(frozen=True)
class _Sessions:
    """The calendar from the first bar on; the first `known` sessions reach to the newest bar."""

    days: np.ndarray
    known: int


def _read_bars(path: Path) -> _Panel:
    try:
        with pq.ParquetFile(path) as file:
            present = file.schema_arrow.names
            missing = [name for name in ("internal_symbol", "session_date", *FIELDS) if name not in present]
            if missing:
                raise Refused(f"{path} lacks the column {missing[0]}")
            names = [name for name in (*FIELDS, *OPTIONAL_FIELDS) if name in present]
            table = file.read(columns=["internal_symbol", "session_date", *names]).combine_chunks()
    except (OSError, pa.ArrowException) as error:
        raise Refused(f"{path} cannot be read as parquet: {str(error).splitlines()[0]}") from None
    if table.num_rows == 0:
        raise Refused(f"{path} holds no bar")
    keys = [table[name] for name in ("internal_symbol", "session_date")]
    if any(column.null_count for column in keys):
        raise Refused(f"{path} has a bar without a symbol or a day")
    if keys[1].type != pa.date32():
        raise Refused(f"{path}: session_date is {keys[1].type}, not a date")
    codes = keys[0].combine_chunks()
    codes = codes if pa.types.is_dictionary(codes.type) else pc.dictionary_encode(codes)
    if isinstance(codes, pa.ChunkedArray):
        codes = codes.chunk(0)
    days = keys[1].cast(pa.int32()).to_numpy().view("<i4").astype("datetime64[D]")
    changes = np.flatnonzero(np.diff(codes.indices.to_numpy())) + 1
    starts = np.concatenate(([0], changes, [len(days)]))
    symbols = [codes.dictionary[code].as_py() for code in codes.indices.to_numpy()[starts[:-1]]]
    for one, following in zip(symbols, symbols[1:], strict=False):
        if one >= following:
            raise Refused(f"{path} is not sorted: the bars of {following} come after those of {one}")
    inside = np.ones(len(days) - 1, bool)
    inside[changes - 1] = False
    broken = np.flatnonzero(inside & (np.diff(days) <= np.timedelta64(0, "D")))
    panel = _Panel(symbols, starts, days, {})
    if broken.size:
        row = broken[0] + 1
        reason = "twice" if days[row] == days[row - 1] else "out of order"
        raise Refused(f"{path} has {_name(panel, row)} {reason}")
    for symbol in symbols:
        if not _SYMBOL.fullmatch(symbol):
            raise Refused(f"{path}: the symbol {symbol!r} is no name Qlib can keep")
    for name in names:
        panel.fields[name] = _checked(table[name], name, panel, path)
    return panel


def _checked(column: pa.ChunkedArray, name: str, panel: _Panel, path: Path) -> np.ndarray:
    if not pa.types.is_floating(column.type):
        raise Refused(f"{path}: {name} is {column.type}, not a float")
    with np.errstate(over="ignore"):
        values = column.to_numpy().astype("<f4")
    if name in OPTIONAL_FIELDS:
        is_wrong = np.isinf(values)
    elif name == "volume":
        is_wrong = ~((values >= 0) & (values < np.inf))
    else:
        is_wrong = ~((values > 0) & (values < np.inf))
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise Refused(f"{path}: {name} of {_name(panel, row)} is {column[row].as_py()}")
    return values


def _name(panel: _Panel, row: int) -> str:
    symbol = panel.symbols[int(np.searchsorted(panel.starts, row, side="right")) - 1]
    return f"{symbol} on {panel.days[row]}"


def _place(panel: _Panel, calendar: list[date]) -> tuple[_Sessions, np.ndarray]:
    """Return the sessions from the first bar on and each bar's position in them."""
    days = np.array(calendar, "datetime64[D]")
    if np.any(np.diff(days) <= np.timedelta64(0, "D")):
        raise Refused("the calendar has a session twice or out of order")
    first, newest = panel.days.min(), panel.days.max()
    if days.size == 0 or days[-1] < newest:
        end = days[-1] if days.size else "nowhere"
        raise Refused(f"the calendar ends on {end}, but the newest bar is of {newest}")
    days = days[np.searchsorted(days, first) :]
    positions = np.searchsorted(days, panel.days)
    is_foreign = days[positions] != panel.days
    if is_foreign.any():
        raise Refused(f"{_name(panel, int(np.argmax(is_foreign)))} is a bar on no session")
    return _Sessions(days, int(positions.max()) + 1), positions


def _bar_spans(panel: _Panel) -> list[tuple[str, str, str]]:
    return [(symbol, str(panel.days[rows][0]), str(panel.days[rows][-1])) for symbol, rows in panel.rows()]


def _read_spans(path: Path, panel: _Panel, sessions: _Sessions) -> list[tuple[str, str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = list(csv.reader(file, strict=True)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path} cannot be read as csv: {error}") from None
    if header != _SPAN_COLUMNS:
        raise Refused(f"{path} line 1: expected the columns {','.join(_SPAN_COLUMNS)}")
    last = str(sessions.days[sessions.known - 1])
    spans, strangers = [], set()
    for number, row in enumerate(rows, start=2):
        if len(row) == 3 and not row[1] and not row[2]:
            strangers.add(row[0])
            continue
        if len(row) != 3 or not all(parse_date(day) for day in (row[1], row[2] or last)):
            raise Refused(f"{path} line {number} is not a symbol, a start date and an end date")
        spans.append((row[0], row[1], row[2] or last))
    spans.sort()
    for symbol, start, end in spans:
        if end < start:
            raise Refused(f"{path}: {symbol} leaves on {end}, before it joins on {start}")
    for one, following in zip(spans, spans[1:], strict=False):
        if one[0] == following[0] and following[1] <= one[2]:
            raise Refused(f"{path}: {one[0]} is a member twice on {following[1]}")
    members = {symbol for symbol, _, _ in spans}
    if both := sorted(members & strangers):
        raise Refused(f"{path}: {both[0]} is a member and is said to be none")
    for symbol in panel.symbols:
        if symbol not in members | strangers:
            raise Refused(f"{symbol} has bars but is no member in {path}")
    if lost := sorted(members - set(panel.symbols)):
        raise Refused(f"{lost[0]} is a member in {path} but has no bar")
    if lost := sorted(strangers - set(panel.symbols)):
        raise Refused(f"{lost[0]} is named in {path} but has no bar")
    return spans


def _write(
    folder: Path, panel: _Panel, sessions: _Sessions, positions: np.ndarray, spans: list[tuple[str, str, str]]
) -> str:
    """Write every file and return the SHA-256 over their names and bytes."""
    digest = hashlib.sha256()

    def write(name: str, content: bytes | np.ndarray) -> None:
        # Not os.write or an unbuffered file: on a nearly full disk they write a part and say so to nobody.
        with open(folder / name, "wb") as file:
            file.write(content)
        digest.update(f"{name}\n".encode())
        digest.update(content)

    for name in ("calendars", "instruments", "features"):
        (folder / name).mkdir()
    days = [f"{day}\n" for day in sessions.days]
    write("calendars/day.txt", "".join(days[: sessions.known]).encode())
    write("calendars/day_future.txt", "".join(days).encode())
    write("instruments/all.txt", "".join("\t".join(span) + "\n" for span in spans).encode())
    for symbol, rows in panel.rows():
        home = home_of(symbol)
        (folder / home).mkdir()
        first, last = positions[rows][0], positions[rows][-1]
        places = positions[rows] - first + 1
        for field, values in panel.fields.items():
            content = np.full(last - first + 2, np.nan, "<f4")
            content[0] = first
            content[places] = values[rows]
            write(f"{home}/{field}.day.bin", content.data)
    return digest.hexdigest()


def _check_read_back(folder: Path, spans: list[tuple[str, str, str]]) -> None:
    """Refuse a symbol that Qlib would read as something else, like NA, which pandas takes for a gap."""
    read = pd.read_csv(folder / "instruments/all.txt", sep="\t", header=None, dtype={0: str})[0]
    for (symbol, _, _), found in zip(spans, read, strict=True):
        if symbol != found:
            raise Refused(f"Qlib reads the symbol {symbol} as {found}: give it another internal symbol")
