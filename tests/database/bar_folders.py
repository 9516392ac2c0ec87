"""Folders of hand-written vendor files, loaded as the desk loads them."""

from pathlib import Path

from trading_ops.bars.load import LoadReport, load_folder
from trading_ops.bars.report import report_of_load
from trading_ops.db.connect import connect

HEADER = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient\n"
ROWS = [
    "2024-03-04,100.0,101.50,99.25,100.75,50.1,1000,0.0,1.0\n",
    "2024-03-05,100.80,102.0,100.5,101.1,50.2,1100,0.24,1.0\n",
    "2024-03-06,50.55,51.0,50.10,50.80,50.80,2200,0.0,2.0\n",
]
STOOQ_HEADER = "Date,Open,High,Low,Close,Volume\n"


def write(folder: Path, name: str, *rows: str, header: str = HEADER) -> Path:
    """Write a vendor file and return its folder."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(header + "".join(rows))
    return folder


def load(desk, path: Path, key: str) -> LoadReport:
    """Load as the desk does, and check that no invariant of loading broke."""
    with connect("desk_loader", desk) as connection:
        report = load_folder(connection, path, key)
    with connect("desk_planner", desk) as connection:
        for invariant in ("s1_no_partial_load", "s9_bars_are_reported"):
            assert connection.execute(f"select * from inv.{invariant}").fetchall() == []
        assert report_of_load(connection, report.load_id) == report
    return report


def stored(desk, query: str) -> list[tuple]:
    """Return the rows of a query as tuples."""
    with connect("desk_reader", desk) as connection:
        return [tuple(row.values()) for row in connection.execute(query).fetchall()]


def counts(report: LoadReport) -> tuple[int, int, int]:
    """Return how many bars were new, changed and unchanged."""
    return report.rows_new, report.rows_changed, report.rows_unchanged
