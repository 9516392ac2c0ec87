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

from tests.database.rows import add_portfolio, set_clock
from trading_ops.bars.load import load_folder
from trading_ops.config.policy import parse_policy
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.runs.freeze import freeze
from trading_ops.runs.run import Run
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.universe.aliases import HEADER, with_aliases
from trading_ops.universe.instruments import Alias, Universe, UniverseEntry, parse_universe, universe_text

SET = "lean_equity_daily/Data/equity/usa"
BARS_HEADER = "timestamp,open,high,low,close,volume"
POLICY_PATH = PROJECT_ROOT / "config/policy.yml"
POLICY = parse_policy(POLICY_PATH.read_text(), POLICY_PATH.name)
SOURCE = "alpha_vantage"
RENAMED_DATE = date(2022, 6, 8)
AS_OF_DATE = date(2026, 6, 30)
# Instruments of the test: the map file that tells each one's names.
MAPS = {"FBX": "fb.1", "META": "fb", "GOOG": "goog", "GOOGL": "googl", "WM": "wm", "AIG": "aig"}
TICKERS = ("FB", "GOOCV", "GOOG", "GOOGL", "UW", "WMI", "WM", "AIG")
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
        "\n".join([BARS_HEADER, *(bars[day] for day in sorted(bars))]) + "\n"
    )


def load_renamed(desk: Settings, real_files: Path, inbox: Path) -> Run:
    """Load Lean's bars and what Yahoo has of META since, and freeze a daily run with their dated names."""
    lean = real_files / SET
    bars = {ticker: read_bars(lean, ticker) for ticker in TICKERS} | facebook_bars(real_files, lean)
    for ticker, rows in bars.items():
        write_bars(inbox, ticker, rows)
    set_clock(desk, sessions.daily_run_at(AS_OF_DATE))
    with connect("desk_loader", desk) as connection:
        report = load_folder(connection, inbox, "lean")
    assert not report.refused
    add_portfolio(desk, desk.portfolio_id)
    with connect("desk_planner", desk) as connection:
        return freeze(
            connection,
            kind="daily",
            as_of_date=AS_OF_DATE,
            idempotency_key="daily",
            policy=POLICY,
            universe=universe_of(lean),
            config=desk,
        )


def entry(symbol: str) -> UniverseEntry:
    """A stock that vendors call like itself; AIG is the benchmark."""
    return UniverseEntry(symbol, symbol, symbol, symbol, symbol, "USD", "stock", symbol == "AIG", True, True)


def names_of(lean: Path) -> list[Alias]:
    """Return the names Lean's maps give the instruments, FB ending where META begins."""
    names = [
        name
        for symbol, file in MAPS.items()
        for name in read_map(lean / "map_files" / f"{file}.csv", symbol, SOURCE)
    ]
    facebook = next(name for name in names if name.internal_symbol == "META")
    names.remove(facebook)
    return [
        *names,
        Alias(SOURCE, "FB", "META", facebook.valid_from_date, RENAMED_DATE),
        Alias(SOURCE, "META", "META", RENAMED_DATE + timedelta(days=1), date.max),
    ]


def alias_text(names: list[Alias]) -> str:
    """Return names as the file vendor_aliases.csv has them."""
    ends = {date.min: "", date.max: ""}
    rows = (
        f"{name.source},{name.vendor_symbol},{name.internal_symbol},"
        f"{ends.get(name.valid_from_date, name.valid_from_date)},{ends.get(name.valid_to_date, name.valid_to_date)}"
        for name in names
    )
    return "\n".join([HEADER, *rows]) + "\n"


def universe_of(lean: Path) -> Universe:
    """Parse universe and aliases as the desk does."""
    entries = Universe(tuple(entry(symbol) for symbol in MAPS))
    return with_aliases(parse_universe(universe_text(entries), "u.csv"), alias_text(names_of(lean)), "a.csv")


def facebook_bars(real_files: Path, lean: Path) -> dict[str, dict[date, str]]:
    """Return FB and META as a vendor kept them: Lean's FB, then what Yahoo says of the same company."""
    fb, meta = read_bars(lean, "FB"), {}
    lines = (real_files / "yahoo_split_adj_2026-06/data/stocks/META.csv").read_text().split()[1:]
    for line in lines:
        day, _, close, high, low, opened, volume = line.split(",")
        session = date.fromisoformat(day)
        target = fb if session <= RENAMED_DATE else meta
        # The company never split its stock, so what Yahoo shows is what was traded.
        prices = (round(float(price), 4) for price in (opened, high, low, close))
        target.setdefault(session, f"{day},{','.join(map(str, prices))},{int(float(volume))}")
    return {"FB": fb, "META": meta}
