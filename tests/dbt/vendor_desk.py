"""
A desk fed by files of two vendors: written, loaded, frozen and built by the real chain.

Every company moves a few tenths of a percent a day on a level of its own, so nothing looks like
anything else unless a test makes it so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

from psycopg import sql

from tests.conftest import admin
from tests.dbt import small_desk
from trading_ops.bars.load import load_folder
from trading_ops.config.policy import parse_policy
from trading_ops.db.connect import connect
from trading_ops.exchange.sessions import sessions_between
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.runs.freeze import freeze
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.universe.instruments import Universe, UniverseEntry

BENCHMARK = "BNCH"
AS_OF_DATE = date(2026, 6, 12)
SESSIONS = sessions_between(date(2026, 4, 15), AS_OF_DATE)
CHECKS = (
    "benchmark_present", "coverage", "freshness", "no_duplicates", "prices_valid", "jumps_explained",
    "universe_not_empty", "fx_present", "fx_plausible", "sources_agree", "series_distinct", "history_current",
    "actions_sound", "calendar_agrees",
)  # fmt: skip


@dataclass(frozen=True)
class Bar:
    """One session of one company, as a vendor without any action to adjust for would write it."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int

    def times(self, ratio: Decimal | str) -> "Bar":
        """Return the bar on another price scale."""
        prices = (self.open, self.high, self.low, self.close)
        return Bar(*((price * Decimal(ratio)).quantize(Decimal("0.0001")) for price in prices), self.volume)


Series = dict[date, Bar]


@contextmanager
def cloned(cluster: Settings, name: str) -> Iterator[Settings]:
    """Give a module a desk of its own, dropped at its end."""
    with admin(cluster) as connection:
        connection.execute(
            sql.SQL("create database {} template template_desk owner desk_owner").format(sql.Identifier(name))
        )
    yield replace(cluster, db_name=name)
    with admin(cluster) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def series(number: int) -> Series:
    """Return the bars of the company with a number."""
    bars = {}
    for place, session in enumerate(SESSIONS):
        wave = Decimal((place * 7 + number * 5) % 13 - 6) / 1000
        close = (Decimal(20 + 2 * number) * (1 + wave)).quantize(Decimal("0.01"))
        flat = Bar(close, close, close, close, 100_000 + 1000 * number + 37 * place)
        bars[session] = replace(flat, high=close * Decimal("1.004"), low=close * Decimal("0.996"))
    return bars


def scaled(bars: Series, first: date, ratio: Decimal | str) -> Series:
    """Return a series whose prices are multiplied from a session on."""
    return {day: bar.times(ratio) if day >= first else bar for day, bar in bars.items()}


def spliced(bars: Series, first: date, other: Series) -> Series:
    """Return a series that is another one from a session on."""
    return {day: other[day] if day >= first else bar for day, bar in bars.items()}


def write_yahoo(folder: Path, symbol: str, bars: Series, adj_ratios: dict | None = None) -> None:
    """Write Yahoo's file of a symbol; `adj_ratios` gives adj close / close where it is not 1."""
    ratios = adj_ratios or {}
    lines = [
        f"{day},{bar.open},{bar.high},{bar.low},{bar.close},{bar.close * ratios.get(day, 1)},{bar.volume}"
        for day, bar in bars.items()
    ]
    _write(folder / f"{symbol}.csv", "Date,Open,High,Low,Close,Adj Close,Volume", lines)


def write_yahoo_dividends(folder: Path, symbol: str, dividends: dict) -> None:
    """Write Yahoo's dividends of a symbol, in dollars per share by ex-date."""
    lines = [f"{day} 09:30:00-04:00,{dollars}" for day, dollars in dividends.items()]
    _write(folder / "dividends" / f"{symbol}.csv", "Date,Dividends", lines)


def write_stooq(folder: Path, symbol: str, bars: Series) -> None:
    """Write Stooq's file of a symbol."""
    lines = [f"{day},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}" for day, bar in bars.items()]
    _write(folder / f"{symbol.lower()}_us_d.csv", "Date,Open,High,Low,Close,Volume", lines)


def write_rate(folder: Path) -> None:
    """Write an exchange rate for every session."""
    header = "rate_date,base_currency,quote_currency,rate,source"
    _write(folder / "FX-GBPUSD.csv", header, [f"{day},GBP,USD,1.25,ecb" for day in SESSIONS])


def load_and_freeze(
    desk: Settings, folder: Path, symbols: tuple[str, ...], at: str, refused: tuple[str, ...] = ()
) -> str:
    """
    Load a folder, freeze a daily run of these symbols and the benchmark, return its name.

    `at` is the desk's time and the key of both; `refused` are the files the loader must not take.
    """
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.set_simulated_now(%s)", (at,))
    with connect("desk_loader", desk) as connection:
        report = load_folder(connection, folder, at)
        assert tuple(refusal.file for refusal in report.refused) == refused, report.refused
    policy = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml")
    universe = Universe((_entry(BENCHMARK), *map(_entry, symbols)))
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, desk.portfolio_id, "simulated", policy)
        run = freeze(
            connection,
            kind="daily",
            as_of_date=AS_OF_DATE,
            idempotency_key=at,
            policy=policy,
            universe=universe,
            config=desk,
        )
    return run.run_id


def verdicts(desk: Settings, target: Path, run_id: str) -> dict[str, dict]:
    """Build everything the data gate stands on for a run; return its checks by name."""
    done = small_desk.run_dbt(
        desk, target, "run", "--select", "+path:models/gates/data_quality", run_id=run_id
    )
    assert done.returncode == 0, done.stdout[-6000:]
    query = " union all ".join(f"select * from gates.gate_data_quality_{name}" for name in CHECKS)
    found = small_desk.rows(desk, query)
    assert {(row["run_id"], row["check_name"]) for row in found} == {(run_id, name) for name in CHECKS}
    return {row["check_name"]: row for row in found}


def blocked(checks: dict[str, dict]) -> set[str]:
    """Return the names of the checks that are not clear."""
    return {name for name, row in checks.items() if not row["is_clear"]}


def _write(path: Path, header: str, lines: list[str]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("\n".join([header, *lines, ""]))


def _entry(symbol: str) -> UniverseEntry:
    is_stock = symbol != BENCHMARK
    return UniverseEntry(
        internal_symbol=symbol,
        vendor_symbol=symbol,
        stooq_symbol=symbol,
        yahoo_symbol=symbol,
        etoro_search_name=symbol,
        currency="USD",
        instrument_type="stock" if is_stock else "index",
        is_benchmark=not is_stock,
        is_tradable_underlying=is_stock,
        is_enabled=is_stock,
    )
