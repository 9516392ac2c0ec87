"""
How long a load takes beside a bare COPY of the same rows and beside pandas.to_sql.

Run by `make bench`. Each writes the 95 real Alpha Vantage files (0.48 M bars) into a fresh
database of one embedded server: the loader reads, checks and compares them; the bare COPY gets the
finished text from memory; to_sql, with its default method through SQLAlchemy and psycopg, gets a finished
frame of floats, which is how pandas reads a csv. All write raw.eod_bars itself, with its primary
key. Rounds alternate, so another program's load falls on all alike.
"""

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import psycopg
from psycopg import sql
from sqlalchemy import create_engine

from tests.bench.scratch import fresh_desk, real_folder, server
from trading_ops.bars import prepare
from trading_ops.bars.load import load_folder
from trading_ops.db.connect import connect, queries
from trading_ops.settings import Settings

ROUNDS = 3
# to_sql is slow and linear in rows: it gets every n-th file and its time is scaled by rows.
TO_SQL_FILE_STEP = 5
COLUMNS = (
    "load_id", "source", "vendor_symbol", "session_date", "price_basis", "open_price", "high_price", "low_price",
    "close_price", "adj_close_price", "volume_units",
)  # fmt: skip
COPY_GOAL, TO_SQL_GOAL = 1.5, 15


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    rounds = arguments.parse_args().rounds
    folder = real_folder("av_sp500_daily_adjusted")
    with server() as config:
        text = _copy_text(config, folder)
        frames = _frames(text)
        steps: dict[str, Callable[[Settings], None]] = {
            "COPY": lambda desk: _bare_copy(desk, text),
            "load_folder": lambda desk: _load(desk, folder),
            "to_sql": lambda desk: _to_sql(desk, frames),
        }
        times: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(rounds):
            for name, step in steps.items():
                times[name].append(_measure(config, step))
    row_count, frame_rows = text.count(b"\n"), sum(map(len, frames))
    times["to_sql"] = [seconds * row_count / frame_rows for seconds in times["to_sql"]]
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(
        f"{row_count} bars of 95 files, median of {rounds} rounds (to_sql: {frame_rows} bars measured, scaled by rows)"
    )
    for name, seconds in medians.items():
        rounds_text = " ".join(f"{value:.2f}" for value in times[name])
        print(f"  {name:<12} {seconds:7.2f} s   {row_count / seconds:9,.0f} bars/s   rounds: {rounds_text}")
    loaded = medians["load_folder"]
    _print_ratio("load_folder / bare COPY", loaded / medians["COPY"], f"at most {COPY_GOAL}")
    _print_ratio("to_sql / load_folder", medians["to_sql"] / loaded, f"at least {TO_SQL_GOAL}")
    _print_ratio("to_sql / bare COPY", medians["to_sql"] / medians["COPY"], "none; what no loader could pass")


def _print_ratio(name: str, ratio: float, goal: str) -> None:
    print(f"  {name:<24} {ratio:6.2f} x   goal: {goal}")


def _measure(config: Settings, run: Callable[[Settings], None]) -> float:
    """Return how long a step takes in a fresh database, commit included."""
    with fresh_desk(config) as desk:
        started = time.perf_counter()
        run(desk)
        return time.perf_counter() - started


def _load(desk: Settings, folder: Path) -> None:
    # Like a new process: the calendar is built within the measured time.
    prepare.session_dates.cache_clear()
    with connect("desk_loader", desk) as connection:
        report = load_folder(connection, folder, "bench")
    assert not report.refused and len(report.symbols) == 95


def _bare_copy(desk: Settings, text: bytes) -> None:
    with (
        connect("desk_loader", desk) as connection,
        connection.cursor() as cursor,
        cursor.copy(queries.bars.copy_new_bars.sql) as copy,
    ):
        copy.write(text)


def _to_sql(desk: Settings, frames: list[pd.DataFrame]) -> None:
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(**_plain(desk)))
    with engine.begin() as connection:
        for frame in frames:
            frame.to_sql("eod_bars", connection, schema="raw", if_exists="append", index=False)
    engine.dispose()


def _plain(desk: Settings) -> dict:
    return {
        "host": desk.db_host,
        "port": desk.db_port,
        "dbname": desk.db_name,
        "user": "desk_loader",
        "passfile": str(desk.pgpass),
    }


def _copy_text(config: Settings, folder: Path) -> bytes:
    """Return the rows of a finished load as COPY text, in the order the loader writes them."""
    with fresh_desk(config) as desk, connect("desk_loader", desk) as connection:
        load_folder(connection, folder, "prepare")
        statement = sql.SQL(
            "copy (select {} from raw.eod_bars order by vendor_symbol, session_date) to stdout"
        ).format(sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            return b"".join(copy)


def _frames(text: bytes) -> list[pd.DataFrame]:
    """Return every n-th symbol's rows as a frame with dates and numbers."""
    numbers = dict.fromkeys(COLUMNS[5:], float)
    frame = pd.read_csv(
        io.BytesIO(text),
        sep="\t",
        names=COLUMNS,
        na_values="\\N",
        parse_dates=["session_date"],
        dtype=numbers,
    )
    symbols = sorted(frame["vendor_symbol"].unique())[::TO_SQL_FILE_STEP]
    return [frame[frame["vendor_symbol"] == symbol] for symbol in symbols]


if __name__ == "__main__":
    main()
