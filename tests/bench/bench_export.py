"""
How long the export of a run takes beside a bare COPY of the same rows, and how its memory grows.

    python -m tests.bench.bench_export [--rounds N]

Both read published prices of one embedded server, made up of sine waves: 20, 100 and 500 symbols x 12 years;
the goal is for the last. The bare COPY sends the columns the export needs to a client that throws them away.
Each runs in a process of its own, whose peak is read from the kernel. Rounds alternate, so another program's
load falls on both alike.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

from tests.bench.scratch import fresh_desk, server
from tests.conftest import environment_of
from tests.database.published_prices import BENCHMARK, freeze_run, publish, universe_of
from trading_ops.db.connect import connect
from trading_ops.settings import PROJECT_ROOT, Settings

ROUNDS = 5
SESSIONS_COUNT = 3018
GOAL, PEAK_GOAL_MB = 1.5, 16
_BARE = """
copy (
    select
        internal_symbol, session_date, as_traded_open_usd, as_traded_high_usd, as_traded_low_usd,
        as_traded_close_usd, as_traded_volume_units, total_return_factor
    from marts.market_prices_eod
) to stdout
"""


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=ROUNDS)
    options = arguments.parse_args()
    ratios, peaks = [], []
    with server() as config:
        for count in (20, 100, 500):
            with fresh_desk(config) as desk:
                ratio, peak = _measure(desk, count, options.rounds)
                ratios.append(ratio)
                peaks.append(peak)
    growth_mb = peaks[-1] - peaks[0]
    print(f"  export / bare COPY {ratios[-1]:6.2f} x   goal: at most {GOAL}")
    print(f"  peak grows by {growth_mb:6.1f} MB   goal: at most {PEAK_GOAL_MB}")
    return int(ratios[-1] > GOAL or growth_mb > PEAK_GOAL_MB)


def _measure(desk: Settings, count: int, rounds: int) -> tuple[float, float]:
    """Return the ratio of the medians, and the highest peak in MB."""
    symbols = [f"S{number:03d}" for number in range(count)]
    run_id = freeze_run(desk, universe_of(symbols))
    publish(desk, run_id, [*symbols, BENCHMARK], SESSIONS_COUNT)
    bare, exported, peaks = [], [], []
    for _ in range(rounds):
        bare.append(_bare_copy(desk))
        seconds, peak = _export(desk, run_id)
        exported.append(seconds)
        peaks.append(peak)
    ratio = statistics.median(exported) / statistics.median(bare)
    print(
        f"  {count:3d} symbols {(count + 1) * SESSIONS_COUNT:9,} bars   COPY {_text(bare)}   export {_text(exported)}"
        f"   {ratio:5.2f} x   peak {max(peaks):6.1f} MB"
    )
    return ratio, max(peaks)


def _bare_copy(desk: Settings) -> float:
    with connect("desk_reader", desk) as connection, connection.cursor() as cursor:
        started = time.perf_counter()
        with cursor.copy(_BARE) as rows:
            for _ in rows:
                pass
        return time.perf_counter() - started


def _export(desk: Settings, run_id: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.database.export_once", run_id, folder],
            env={**environment_of(desk), "PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}"},
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    seconds, peak = map(float, done.stdout.split()[-2:])
    return seconds, peak


def _text(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):6.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


if __name__ == "__main__":
    sys.exit(main())
