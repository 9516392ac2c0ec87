"""
QuantConnect Lean's map files and daily bars, for tests of dated vendor names.

A map file lists what one company was called: its first row says since when, each later row gives a
ticker and the last day it was used. Bars are in a zip per ticker, prices times ten thousand, and a
zip holds whoever had the ticker.
"""

import zipfile
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from trading_ops.universe import Alias

SET = "lean_equity_daily/Data/equity/usa"
HEADER = "timestamp,open,high,low,close,volume"
_FOR_EVER = date(2050, 12, 31)


def read_map(path: Path, internal_symbol: str, source: str) -> list[Alias]:
    """Return the dated names a map file gives one instrument."""
    rows = [line.split(",")[:2] for line in path.read_text().split()]
    days = [datetime.strptime(day, "%Y%m%d").date() for day, _ in rows]
    names = []
    begins = days[0]
    for ends, (_, ticker) in list(zip(days, rows, strict=True))[1:]:
        names.append(Alias(source, ticker.upper(), internal_symbol, begins, ends))
        begins = ends + timedelta(days=1)
    if names[-1].valid_to_date == _FOR_EVER:
        names[-1] = replace(names[-1], valid_to_date=date.max)
    return [name for name in names if name.valid_from_date <= name.valid_to_date]


def read_bars(folder: Path, ticker: str) -> dict[date, str]:
    """Return a ticker's bars as rows of an Alpha Vantage daily file, by session."""
    with zipfile.ZipFile(folder / "daily" / f"{ticker.lower()}.zip") as archive:
        lines = archive.read(archive.namelist()[0]).decode().split("\n")
    bars = {}
    for line in filter(None, lines):
        day, *prices, volume = line.strip().split(",")
        session = datetime.strptime(day, "%Y%m%d %H:%M").date()
        cells = (str(Decimal(price) / 10_000) for price in prices)
        bars[session] = f"{session},{','.join(cells)},{volume}"
    return bars


def write_bars(folder: Path, ticker: str, bars: dict[date, str]) -> None:
    """Write bars as the Alpha Vantage daily file of a ticker."""
    folder.mkdir(exist_ok=True)
    (folder / f"{ticker}.csv").write_text(
        "\n".join([HEADER, *(bars[day] for day in sorted(bars))]) + "\n"
    )
