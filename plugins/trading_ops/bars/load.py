"""Loading into `raw`: a folder of vendor files, or the European Central Bank's exchange rates."""

from collections.abc import Callable
from pathlib import Path

import psycopg

from trading_ops.bars.append import load_files
from trading_ops.bars.ecb import load_ecb_rates
from trading_ops.bars.files import LoadError, find_files, find_left_alone
from trading_ops.bars.refusal import Refusal
from trading_ops.bars.report import LoadReport, report_text

# A folder of something else altogether has thousands.
_SHOWN_MAX = 20

__all__ = [
    "LoadError",
    "LoadReport",
    "Refusal",
    "left_alone_lines",
    "load_ecb_rates",
    "load_folder",
    "report_text",
]


def load_folder(
    connection: psycopg.Connection,
    path: Path,
    idempotency_key: str,
    progress: Callable[[str], None] | None = None,
) -> LoadReport:
    """
    Store the vendor files under a path (a folder, a file or a zip) and say what became of each.

    `connection` works as desk_loader. A refused file adds nothing and is recorded with the reason;
    a key used before adds nothing and gives the stored report. `progress` is told what is left alone, and
    every few seconds how far a long load is. Raises LoadError when the path does not exist. Commits on return
    unless the caller had already begun a transaction.
    """
    report = load_files(
        connection, lambda newest_date: find_files(Path(path)), idempotency_key, progress=progress
    )
    for line in left_alone_lines(Path(path)) if progress else ():
        progress(line)
    return report


def left_alone_lines(path: Path) -> list[str]:
    """Return what was not opened under a path, for a person: a line for each of the first twenty."""
    left = find_left_alone(path) if path.exists() else []
    more = len(left) - _SHOWN_MAX
    lines = [f"left alone, no vendor file: {one}" for one in left[:_SHOWN_MAX]]
    return lines + [f"left alone as well: {more} more"] * (more > 0)
