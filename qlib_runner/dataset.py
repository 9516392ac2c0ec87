"""
The dataset: adjusted bars in, Qlib's store out, refused rather than repaired.

`dataset` takes three inputs:

bars.parquet     one row per symbol and session, in that order, no missing value:
                 internal_symbol  string
                 session_date     date32
                 open high low close   float64, adjusted with forward factors, so that a new dividend or
                                  split changes no old row: old bytes stay old bytes
                 volume           float64, shares as traded divided by factor
                 factor           float64, adjusted price / traded price
                 vwap             float64, optional; without it vwap is (high + low + close) / 3
instruments.csv  internal_symbol,first_date,last_date: one row per membership of a symbol in the universe;
                 an open end is an empty last_date. A symbol that left stays in the file: whoever trains on
                 today's members only trains on the survivors.
calendar.csv     session_date, ascending: every session from the first bar to at least as_of_date; the
                 later ones are known future sessions.

A symbol is what Qlib can hold: letters, digits, dots and underscores, and none of the texts pandas reads
as a missing value. The result is the folder Qlib calls its provider_uri and counts.json.
"""

import csv
import io
import json
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qlib_runner.manifest import Manifest, Refused, parse_date
from qlib_runner.store import write_store

BARS, INSTRUMENTS, CALENDAR = "bars.parquet", "instruments.csv", "calendar.csv"
_PRICES = ("open", "high", "low", "close", "factor")
_SCHEMA = {
    "internal_symbol": pa.string(),
    "session_date": pa.date32(),
    **dict.fromkeys(("open", "high", "low", "close", "volume", "factor"), pa.float64()),
}
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9._]*", re.ASCII)
# What pandas reads as a missing value in Qlib's instruments file.
_UNREADABLE = {"NA", "NAN", "NULL", "NONE"}


@dataclass(frozen=True)
class Membership:
    """A symbol's stay in the universe; last_date is None while it lasts."""

    internal_symbol: str
    first_date: date
    last_date: date | None


def run(manifest: Manifest, folder: Path) -> None:
    """Write the store of a manifest's bars into `folder`; raises Refused for what cannot be trusted."""
    manifest.require_inputs(BARS, INSTRUMENTS, CALENDAR)
    if manifest.config:
        raise Refused(f"config {sorted(manifest.config)[0]!r} is unknown; dataset takes none")
    sessions = parse_calendar(manifest.read(CALENDAR), manifest.as_of_date)
    memberships = parse_instruments(manifest.read(INSTRUMENTS))
    try:
        bars = pq.read_table(io.BytesIO(manifest.read(BARS)))
    except pa.ArrowException as error:
        raise Refused(f"{BARS} is not parquet: {error}") from None
    check_bars(bars, sessions, {stay.internal_symbol for stay in memberships}, manifest.as_of_date)
    counts = write_store(manifest.folder / BARS, folder, sessions, manifest.folder / INSTRUMENTS)
    (folder / "counts.json").write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")


def parse_calendar(content: bytes, as_of_date: date) -> list[date]:
    """Return the sessions; raises Refused unless they ascend and as_of_date is one of them."""
    sessions = [
        _date(text, f"{CALENDAR} line {line}")
        for line, (text,) in _rows(content, CALENDAR, ["session_date"])
    ]
    if any(later <= earlier for earlier, later in zip(sessions, sessions[1:], strict=False)):
        raise Refused(f"{CALENDAR}: the sessions do not ascend")
    if not sessions or sessions[-1] < as_of_date:
        newest = sessions[-1] if sessions else "nowhere"
        raise Refused(f"{CALENDAR} ends on {newest}, before as_of_date {as_of_date}")
    if as_of_date not in sessions:
        raise Refused(f"{CALENDAR}: as_of_date {as_of_date} is no session")
    return sessions


def parse_instruments(content: bytes) -> list[Membership]:
    """
    Return every membership.

    Raises Refused for a symbol Qlib cannot hold, two symbols in one file name, an end before a beginning
    and memberships of one symbol that overlap.
    """
    memberships = []
    for line, (symbol, first, last) in _rows(
        content, INSTRUMENTS, ["internal_symbol", "first_date", "last_date"]
    ):
        where = f"{INSTRUMENTS} line {line}"
        if not _SYMBOL.fullmatch(symbol) or symbol in _UNREADABLE:
            raise Refused(f"{where}: Qlib cannot hold the symbol {symbol!r}; give it an alias")
        stay = Membership(symbol, _date(first, where), _date(last, where) if last else None)
        if stay.last_date and stay.last_date < stay.first_date:
            raise Refused(f"{where}: the membership of {symbol} ends before it begins")
        memberships.append(stay)
    if not memberships:
        raise Refused(f"{INSTRUMENTS} names no symbol")
    ordered = sorted(memberships, key=lambda stay: (stay.internal_symbol, stay.first_date))
    for earlier, later in zip(ordered, ordered[1:], strict=False):
        is_same = earlier.internal_symbol == later.internal_symbol
        if is_same and (earlier.last_date or date.max) >= later.first_date:
            raise Refused(f"{INSTRUMENTS}: memberships of {later.internal_symbol} overlap")
    return memberships


def check_bars(bars: pa.Table, sessions: list[date], symbols: set[str], as_of_date: date) -> None:
    """
    Raise Refused unless the bars are what the module promises.

    Wrong columns, a missing or impossible number, a duplicate or unordered row, a bar off the calendar or
    after as_of_date, a symbol without bars or without a membership, and no bar on as_of_date.
    """
    wanted = {**_SCHEMA, "vwap": pa.float64()} if "vwap" in bars.schema.names else _SCHEMA
    found = {field.name: field.type for field in bars.schema}
    if found != wanted:
        raise Refused(
            f"{BARS}: expected exactly the columns "
            + ", ".join(f"{name} {kind}" for name, kind in wanted.items())
        )
    for name in wanted:
        if bars[name].null_count:
            raise Refused(f"{BARS}: {name} has {bars[name].null_count} missing values")
    named = set(pc.unique(bars["internal_symbol"]).to_pylist())
    if named - symbols:
        raise Refused(f"{BARS}: foreign symbol {min(named - symbols)}: no membership names it")
    if symbols - named:
        raise Refused(f"{BARS}: missing symbol {min(symbols - named)}: it has no bar")
    for name in (*_PRICES, *(["vwap"] if "vwap" in found else [])):
        _require(bars, _positive(bars, name), f"{name} is not a positive number")
    volume = bars["volume"].to_numpy()
    _require(bars, np.isfinite(volume) & (volume >= 0), "volume is not a number from 0 up")
    _check_order(bars, sessions, as_of_date)


def _check_order(bars: pa.Table, sessions: list[date], as_of_date: date) -> None:
    days = bars["session_date"].to_numpy().astype("datetime64[D]")
    _require(bars, np.isin(days, np.array(sessions, "datetime64[D]")), "the day is no session")
    _require(bars, days <= np.datetime64(as_of_date), f"the bar is after as_of_date {as_of_date}")
    codes = bars["internal_symbol"].combine_chunks().dictionary_encode()
    # Ranks in text order, so that comparing numbers compares symbols.
    rank = np.argsort(np.argsort(np.array(codes.dictionary.to_pylist(), object)))
    symbol = rank[codes.indices.to_numpy()] if len(codes) else np.array([], int)
    is_same = symbol[1:] == symbol[:-1]
    follows = np.concatenate(
        [[True], np.where(is_same, days[1:] > days[:-1], symbol[1:] > symbol[:-1])]
    )
    is_duplicate = np.concatenate([[False], is_same & (days[1:] == days[:-1])])
    _require(bars, ~is_duplicate, "the bar is a duplicate")
    _require(bars, follows[: len(bars)], "the row is out of order")
    if not len(days) or days.max() != np.datetime64(as_of_date):
        newest = days.max() if len(days) else "none"
        raise Refused(f"{BARS}: the newest session is {newest}, but as_of_date is {as_of_date}")


def _positive(bars: pa.Table, name: str) -> np.ndarray:
    values = bars[name].to_numpy()
    return np.isfinite(values) & (values > 0)


def _require(bars: pa.Table, is_good: np.ndarray, complaint: str) -> None:
    """Raise Refused naming the first row for which is_good is false."""
    if not is_good.all():
        row = int(np.argmin(is_good))
        symbol, day = (bars[name][row].as_py() for name in ("internal_symbol", "session_date"))
        raise Refused(f"{BARS}: {symbol} on {day}: {complaint}")


def _rows(content: bytes, name: str, header: list[str]):
    """Yield (line number, cells) of a csv file with exactly that header."""
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        if next(rows, []) != header:
            raise Refused(f"{name} line 1: expected the columns {','.join(header)}")
        for row in rows:
            if len(row) != len(header):
                raise Refused(
                    f"{name} line {rows.line_num}: {len(row)} fields where {len(header)} are expected"
                )
            yield rows.line_num, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{name} is not a csv file in UTF-8: {error}") from None


def _date(text: str, where: str) -> date:
    day = parse_date(text)
    if day is None:
        raise Refused(f"{where}: {text!r} is not a date like 2026-06-05")
    return day
