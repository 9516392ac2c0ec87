"""
The prices of a run as files, for a model that knows no database.

    bars.parquet     every published bar of who is or was a member, and of the benchmark
    instruments.csv  who was a member when; a row without dates has bars and was none
    calendar.csv     the sessions, from the first bar to a year after the run's as-of date

`qlib_runner dataset` takes them as they are; its docstring gives the columns. One run gives the same bytes
every time, and never more than three symbols are held in memory.

**Prices forward.** Price = price as traded x factor, where a symbol's first bar has the factor one: what is
paid or split later changes no earlier row. The factor is the publication's total return factor over that of
the first bar, to twelve decimals, which keeps the rounding of the marts (24) out of it. Where a vendor hands
out adjusted closes of its own (split_adjusted), old rows stay as equal as its digits do. Where nobody knows
what was traded (fully_adjusted), prices are in units of the first close and the factor is one throughout: the
vendor's rescaling at each dividend falls out, but for its rounding.

**Membership.** A member is what the desk could buy: enabled and tradable in the universe of the run that was
frozen for a session. What is dropped or switched off ends its span and keeps its bars; what is added later
starts with the first run that knew it, however long its history is. Before the desk's first run nobody
wrote down who was a member: those of the first run count from their first bar, and that part of the
history is of survivors. Who is deleted from the universe file has no published bars and is only named.
"""

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from psycopg import errors
from pyarrow import csv as arrow_csv

from trading_ops.db.connect import queries
from trading_ops.progress import Progress
from trading_ops.runs.run import load_run

BARS, INSTRUMENTS, CALENDAR = "bars.parquet", "instruments.csv", "calendar.csv"
_FACTOR_STEP = Decimal("1e-12")
# Enough to close a position that is opened on the last session.
_KNOWN_DAYS_COUNT = 366

_PRICES = ("open", "high", "low", "close")
# A factor is divided as the decimal it is, once for all rows that have it.
_COLUMNS = pa.schema(
    [
        ("session_date", pa.date32()),
        *((name, pa.float64()) for name in (*_PRICES, "volume")),
        ("factor", pa.dictionary(pa.int32(), pa.string())),
    ]
)
_SCHEMA = pa.schema(
    [
        pa.field("internal_symbol", pa.string(), nullable=False),
        pa.field("session_date", pa.date32(), nullable=False),
        *(pa.field(name, pa.float64(), nullable=False) for name in (*_PRICES, "vwap", "volume", "factor")),
    ]
)


class ExportError(Exception):
    """A run's prices cannot be exported; the message says why and how to go on."""


@dataclass(frozen=True)
class Export:
    """What was exported; `members_without_bars` were members once and have no published bar."""

    bars_count: int
    symbols_count: int
    first_date: date
    last_date: date
    members_without_bars: tuple[str, ...]


@dataclass(frozen=True)
class _Span:
    """A membership; no start is from the first bar on, no end is still a member."""

    symbol: str
    start_date: date | None
    end_date: date | None


def export_dataset(
    connection: psycopg.Connection, run_id: str, folder: Path, progress: Callable[[str], None] | None = None
) -> Export:
    """
    Write the three files of a run into a folder and return what they hold (as desk_reader).

    Takes one view of the database for all of them. Raises ExportError when the published prices are
    not those of the run, when there are none of its as-of date, and for a bar that lacks a number.
    """
    with connection.transaction():
        queries.export.read_one_snapshot(connection)
        run = load_run(connection, run_id)
        _require_published(connection, run_id)
        spans = [_Span(**row) for row in queries.export.membership_spans(connection, run_id=run_id)]
        members = {span.symbol for span in spans}
        benchmark = queries.export.benchmark_symbol(connection, run_id=run_id)
        wanted = sorted(members | ({benchmark} if benchmark else set()))
        oldest = {
            row["internal_symbol"]: row
            for row in queries.export.first_published_bars(connection, symbols=wanted)
        }
        if not oldest:
            raise ExportError(f"no bar of run {run_id} is published")
        bars_count, last_date = _write_bars(connection, folder / BARS, oldest, progress)
        if last_date != run.as_of_date:
            raise ExportError(
                f"the newest published bar is of {last_date}, not of {run.as_of_date}; load the bars of that session"
            )
        first_date = min(row["session_date"] for row in oldest.values())
        first_dates = {symbol: row["session_date"] for symbol, row in oldest.items()}
        _write_csv(
            folder / INSTRUMENTS,
            "internal_symbol",
            "start_date",
            "end_date",
            rows=_instruments(spans, first_dates),
        )
        calendar = queries.export.calendar_from(
            connection, run_id=run_id, first_date=first_date, known_days_count=_KNOWN_DAYS_COUNT
        )
        _write_csv(folder / CALENDAR, "session_date", rows=((row["session_date"],) for row in calendar))
    return Export(
        bars_count=bars_count,
        symbols_count=len(oldest),
        first_date=first_date,
        last_date=last_date,
        members_without_bars=tuple(sorted(members - set(oldest))),
    )


def _require_published(connection: psycopg.Connection, run_id: str) -> None:
    try:
        published = [row["run_id"] for row in queries.export.published_run_ids(connection)]
    except errors.UndefinedTable:
        published = []
    if published != [run_id]:
        raise ExportError(
            f"the published prices are of {', '.join(published) or 'no run'}, not of {run_id}; "
            "build the prices of this run, then export again"
        )


def _write_bars(
    connection: psycopg.Connection,
    path: Path,
    oldest: dict[str, dict[str, Any]],
    progress: Callable[[str], None] | None,
) -> tuple[int, date]:
    """
    Write a row group per symbol, in the order of their names; return how many bars and the newest session.
    """
    said = Progress(progress, len(oldest), "symbols")
    bars_count, last_date = 0, date.min
    with pq.ParquetWriter(path, _SCHEMA, use_dictionary=["internal_symbol"]) as writer:
        for symbol, text in _texts(connection, oldest):
            first_factor = oldest[symbol]["total_return_factor"]
            # Where there is none, every row comes with a factor of one.
            bars = _forward(symbol, text, Decimal(1) if first_factor is None else first_factor)
            writer.write_table(bars)
            bars_count += bars.num_rows
            last_date = max(last_date, bars["session_date"][-1].as_py())
            said.step(bars.num_rows)
    return bars_count, last_date


def _texts(connection: psycopg.Connection, oldest: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each symbol with its bars; the server works on the next one while the caller has this one."""
    with ThreadPoolExecutor(max_workers=1) as ahead:
        waiting = None
        for symbol in sorted(oldest):
            asked = symbol, ahead.submit(_bars_of, connection, symbol, oldest[symbol])
            if waiting:
                yield waiting[0], waiting[1].result()
            waiting = asked
        if waiting:
            yield waiting[0], waiting[1].result()


def _bars_of(connection: psycopg.Connection, symbol: str, first: dict[str, Any]) -> str:
    """Return a symbol's bars as lines of _COLUMNS, the oldest first."""
    if first["total_return_factor"] is None:
        return queries.export.adjusted_bars(
            connection, internal_symbol=symbol, first_close_usd=first["adj_close_usd"]
        )
    return queries.export.traded_bars(connection, internal_symbol=symbol)


def _forward(symbol: str, text: str, first_factor: Decimal) -> pa.Table:
    """Return the bars of one symbol as the dataset takes them, from rows as traded with their factors."""
    rows = arrow_csv.read_csv(
        pa.BufferReader(text.encode()),
        read_options=arrow_csv.ReadOptions(column_names=_COLUMNS.names, use_threads=False),
        convert_options=arrow_csv.ConvertOptions(column_types=_COLUMNS, strings_can_be_null=True),
    )
    missing = [name for name in rows.column_names if rows[name].null_count]
    if missing:
        raise ExportError(f"{symbol} has a bar without {missing[0]}, so it has no place in a dataset")
    stored = rows["factor"].combine_chunks()
    steps = [
        (Decimal(text) / first_factor).quantize(_FACTOR_STEP, ROUND_HALF_UP)
        for text in stored.dictionary.to_pylist()
    ]
    factor = pa.array(map(float, steps), pa.float64()).take(stored.indices)
    prices = {name: pc.multiply(rows[name], factor) for name in _PRICES}
    vwap = pc.divide(pc.add(pc.add(prices["high"], prices["low"]), prices["close"]), 3.0)
    volume = pc.divide(rows["volume"], factor)
    columns = [pa.repeat(symbol, rows.num_rows), rows["session_date"], *prices.values(), vwap, volume, factor]
    return pa.Table.from_arrays(columns, schema=_SCHEMA)


def _instruments(spans: list[_Span], first_dates: dict[str, date]) -> Iterator[tuple]:
    """
    Yield a row per membership of who has bars; who has bars and no membership left has one without dates.
    """
    for symbol in sorted(first_dates):
        kept = [
            (symbol, span.start_date or first_dates[symbol], span.end_date)
            for span in spans
            # Someone who left before their first bar was never a member on any session of the data.
            if span.symbol == symbol and (span.end_date is None or span.end_date >= first_dates[symbol])
        ]
        yield from kept or [(symbol, None, None)]


def _write_csv(path: Path, *header: str, rows) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
