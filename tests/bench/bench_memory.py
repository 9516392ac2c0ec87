"""
How much memory a load takes, by the number of symbols in it.

Run by `make bench`, or alone: python -m tests.bench.bench_memory. Each size is loaded into a fresh
database by a process of its own, whose peak is read from the kernel. Flat is the goal: what a
first load of a whole market needs must not depend on how large the market is.
"""

import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.bench.scratch import fresh_desk, real_folder, server
from trading_ops.bars.load import load_folder
from trading_ops.db.connect import connect
from trading_ops.settings import Settings

SYMBOL_COUNTS = (10, 50, 95)
PEAK_RATIO_MAX = 1.1


def main() -> int:
    """Measure, print, and return 1 when the largest load needs more than the smallest."""
    files = sorted(real_folder("av_sp500_daily_adjusted").rglob("*.csv"))
    peaks: dict[int, float] = {}
    print(f"peak memory of a first load of up to {len(files)} files of about 5,400 bars")
    with server() as config:
        for count in SYMBOL_COUNTS:
            with tempfile.TemporaryDirectory() as folder, fresh_desk(config) as desk:
                for file in files[:count]:
                    shutil.copy(file, folder)
                row_count, before_mb, peaks[count] = _in_its_own_process(desk, Path(folder))
                print(
                    f"  {count:3d} symbols  {row_count:8,} bars   peak {peaks[count]:6.1f} MB"
                    f"   ({before_mb:.1f} MB before the load)"
                )
    ratio = peaks[SYMBOL_COUNTS[-1]] / peaks[SYMBOL_COUNTS[0]]
    print(
        f"  peak of {SYMBOL_COUNTS[-1]} / {SYMBOL_COUNTS[0]} symbols {ratio:6.2f} x"
        f"   goal: at most {PEAK_RATIO_MAX}"
    )
    return int(ratio > PEAK_RATIO_MAX)


def _in_its_own_process(desk: Settings, folder: Path) -> tuple[int, float, float]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_load, desk, folder).result()


def _load(desk: Settings, folder: Path) -> tuple[int, float, float]:
    """Return how many bars were loaded, and the peak in MB before and after."""
    before_mb = _peak_mb()
    with connect("desk_loader", desk) as connection:
        report = load_folder(connection, folder, "bench")
    assert not report.refused
    return report.rows_new, before_mb, _peak_mb()


def _peak_mb() -> float:
    # Not getrusage: its ru_maxrss begins with what the parent process had.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
