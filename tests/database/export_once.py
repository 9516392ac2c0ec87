"""
Export a run once, in a process of its own, and print how long it took and the process's peak in MB.

    python -m tests.database.export_once RUN_ID FOLDER
"""

import sys
import time
from pathlib import Path

# pyarrow imports it with the first value it converts: a second of starting, not of exporting.
import pandas  # noqa: F401

from trading_ops.db.connect import connect
from trading_ops.models.export import export_dataset


def main(run_id: str, folder: str) -> None:
    """Export and print."""
    with connect("desk_reader") as connection:
        started = time.perf_counter()
        export_dataset(connection, run_id, Path(folder))
        seconds = time.perf_counter() - started
    # Not getrusage: its ru_maxrss begins with what the parent process had.
    (peak,) = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")
    ]
    print(f"{seconds:.3f} {int(peak.split()[1]) / 1024:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
