"""
What a year of daily loads adds to the store.

Run by `make bench`, or alone: python -m tests.bench.bench_year. Every morning of 2020 a vendor
delivers the last 100 sessions of ten real symbols, as Alpha Vantage does, and the same files come
a second time in the evening. Once a month the vendor corrects an old bar. Added may be: the first
100 bars of each symbol, one new bar per symbol and session, and each corrected bar once. At the
end the last files are loaded once more there and beside it into a store of one load only, in turn,
so that a load which grows slower with the loads before it would show.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from tests.bench.scratch import fresh_desk, real_folder, server
from trading_ops.bars.load import load_folder
from trading_ops.bars.report import LoadReport
from trading_ops.db.connect import connect

SYMBOL_COUNT = 10
WINDOW_SESSIONS = 100
YEAR = "2020"
# A correction comes every so many sessions, for a bar of so many sessions ago.
CORRECTION_EVERY, CORRECTION_AGE = 21, 30
RELOAD_ROUNDS = 15


def main() -> int:
    """Load the year, print rows added and offered, and return 1 when anything else was added."""
    histories = _histories()
    days = [place for place, line in enumerate(next(iter(histories.values()))) if line.startswith(YEAR)]
    offered = added = corrected = 0
    with server() as config, tempfile.TemporaryDirectory() as name, fresh_desk(config) as desk:
        folder = Path(name)
        with connect("desk_loader", desk) as connection:
            for number, place in enumerate(days, start=1):
                if number % CORRECTION_EVERY == 0:
                    symbol = list(histories)[number % SYMBOL_COUNT]
                    _correct(histories[symbol], place - CORRECTION_AGE)
                    corrected += 1
                _deliver(folder, histories, place)
                for part_of_day in ("morning", "evening"):
                    report = _load(connection, folder, f"{number}:{part_of_day}")
                    offered += report.rows_new + report.rows_changed + report.rows_unchanged
                    added += report.rows_new + report.rows_changed
            stored = connection.execute("select count(*) as n from raw.eod_bars").fetchone()["n"]
            with fresh_desk(config) as other, connect("desk_loader", other) as beside:
                _load(beside, folder, "only")
                year_s, once_s = _reload_in_turn(folder, connection, beside)
    expected = SYMBOL_COUNT * (WINDOW_SESSIONS + len(days) - 1) + corrected
    print(f"{len(days)} sessions of {YEAR}, {SYMBOL_COUNT} symbols, each day's files loaded twice")
    print(f"  rows offered  {offered:9,}")
    print(f"  rows added    {added:9,}   expected: {expected:,}, {corrected} of them corrections")
    print(f"  rows stored   {stored:9,}   added / offered {added / offered:.3%}")
    print(
        f"  a load after the year / after one load {year_s / once_s:6.2f} x"
        f"   ({year_s * 1000:.0f} ms, {once_s * 1000:.0f} ms)"
    )
    return int(not added == stored == expected)


def _histories() -> dict[str, list[str]]:
    """Return the lines of each file that is listed all through, so that one place is one session in all."""
    texts = {
        file.name: file.read_text(encoding="utf-8").splitlines()
        for file in sorted(real_folder("av_sp500_daily_adjusted").rglob("*.csv"))
    }
    longest = max(map(len, texts.values()))
    complete = [name for name, lines in texts.items() if len(lines) == longest]
    return {name: texts[name] for name in complete[:SYMBOL_COUNT]}


def _correct(history: list[str], place: int) -> None:
    """Give one old bar another volume, from now on."""
    cells = history[place].split(",")
    cells[6] = str(int(float(cells[6])) + 100)
    history[place] = ",".join(cells)


def _deliver(folder: Path, histories: dict[str, list[str]], place: int) -> None:
    """Write what the vendor has on the morning after the session at a place of its files."""
    for name, history in histories.items():
        lines = [history[0], *history[place - WINDOW_SESSIONS + 1 : place + 1]]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _load(connection: psycopg.Connection, folder: Path, key: str) -> LoadReport:
    report = load_folder(connection, folder, f"bench:{key}")
    assert not report.refused, report.refused
    return report


def _reload_in_turn(folder: Path, *stores: psycopg.Connection) -> list[float]:
    """Return the median seconds of a load that changes nothing, per store."""
    seconds: list[list[float]] = [[] for _ in stores]
    for number in range(RELOAD_ROUNDS):
        for store, taken in zip(stores, seconds, strict=True):
            started = time.perf_counter()
            _load(store, folder, f"again:{number}")
            taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in seconds]


if __name__ == "__main__":
    sys.exit(main())
