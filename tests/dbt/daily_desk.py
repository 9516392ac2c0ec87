"""
A desk that lives through days: files are written, loaded, frozen and built by the real chain.

Prices are made as they were traded, with splits and dividends on top; the writers put them down as
each vendor would have on that day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from psycopg import sql

from tests.conftest import admin
from tests.dbt import small_desk
from trading_ops.bars.load import load_folder
from trading_ops.config.policy import parse_policy
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.runs.freeze import freeze
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.universe.instruments import Alias, Universe, UniverseEntry

# The selector `prices`, and the signals on top of it.
SELECTION = (
    "--select",
    "+path:models/intermediate/market",
    "+path:models/marts/market",
    "signals_momentum",
    "--exclude-resource-type",
    "unit_test",
)
BENCHMARK = "BNCH"
SESSIONS = sessions.sessions_between(date(2024, 6, 3), date(2026, 6, 30))
AV_HEADER = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"


@dataclass(frozen=True)
class Company:
    """
    One company as traded: a close per session, and what happened on its ex-dates.

    `false_splits` are in the vendor's file of prices as traded, and never happened.
    """

    number: int
    splits: dict[date, Decimal] = field(default_factory=dict)
    dividends: dict[date, Decimal] = field(default_factory=dict)
    closes: dict[date, Decimal] = field(default_factory=dict)
    false_splits: dict[date, Decimal] = field(default_factory=dict)

    def bars(self, last: date) -> list[tuple[date, Decimal, int]]:
        """Return (session, close, volume) as traded, up to a session."""
        rows = []
        for place, session in enumerate(day for day in SESSIONS if day <= last):
            wave = Decimal((place * 7 + self.number * 5) % 13 - 6) / 1000
            shares = _product(ratio for day, ratio in self.splits.items() if day <= session)
            close = _cents(Decimal(240 + 10 * self.number) * (1 + wave) / shares)
            volume = int((100_000 + 997 * self.number + 37 * place) * shares)
            rows.append((session, self.closes.get(session, close), volume))
        return rows


def write_alpha_vantage(folder: Path, symbol: str, company: Company, last: date) -> None:
    """Write the prices as traded, with dividends and splits beside them."""
    splits = company.splits | company.false_splits
    lines = [
        f"{day},{close},{close},{close},{close},{close},{volume},"
        f"{company.dividends.get(day, 0)},{splits.get(day, 1)}"
        for day, close, volume in company.bars(last)
    ]
    _write(folder / f"DA-{symbol}.csv", AV_HEADER, lines)


def write_stooq(folder: Path, symbol: str, company: Company, last: date) -> None:
    """Write the prices as the vendor adjusts all of them on the day of the last."""
    lines, factors = [], _factors(company, last)
    for day, close, volume in company.bars(last):
        ratio = factors[day][1]
        price = _digits(close * ratio)
        lines.append(f"{day},{price},{price},{price},{price},{_digits(volume / ratio)}")
    _write(folder / f"{symbol.lower()}_us_d.csv", "Date,Open,High,Low,Close,Volume", lines)


def write_yahoo(folder: Path, symbol: str, company: Company, last: date) -> None:
    """Write split-adjusted prices with a fully adjusted close beside them."""
    lines, factors = [], _factors(company, last)
    for day, close, volume in company.bars(last):
        split, ratio = factors[day]
        price, adjusted = _digits(close * split), _digits(close * ratio)
        lines.append(f"{day},{price},{price},{price},{price},{adjusted},{int(volume / split)}")
    _write(folder / f"{symbol}.csv", "Date,Open,High,Low,Close,Adj Close,Volume", lines)


@dataclass
class Day:
    """What a desk did on a day: its run, and what is published after it."""

    run_id: str
    is_green: bool
    output: str


def live(
    desk: Settings,
    target: Path,
    folder: Path,
    as_of: date,
    symbols: Iterable[str],
    aliases: tuple[Alias, ...] = (),
    key: str = "",
) -> Day:
    """Load a folder, freeze a run of the session and build its prices, the morning after it."""
    with connect("desk_planner", desk) as connection:
        now_at = max(
            sessions.daily_run_at(as_of),
            connection.execute("select desk.now() as now_at").fetchone()["now_at"],
        ) + timedelta(minutes=1)
        connection.execute("select desk.set_simulated_now(%s)", (now_at,))
    with connect("desk_loader", desk) as connection:
        report = load_folder(connection, folder, f"{as_of} {now_at} {key}")
        assert report.refused == (), report.refused
    policy = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml")
    universe = Universe(tuple(_entry(symbol) for symbol in (*symbols, BENCHMARK)), aliases)
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, desk.portfolio_id, "simulated", policy)
        run = freeze(
            connection,
            kind="daily",
            as_of_date=as_of,
            idempotency_key=f"{as_of} {now_at} {key}",
            policy=policy,
            universe=universe,
            config=desk,
        )
    return build(desk, target, run.run_id)


def build(desk: Settings, target: Path, run_id: str, *options: str) -> Day:
    """Build the prices of a run and what is ranked by them, the way Airflow calls dbt."""
    done = small_desk.run_dbt(desk, target, "build", *SELECTION, *options, run_id=run_id)
    return Day(run_id, done.returncode == 0, done.stdout)


def published(desk: Settings) -> dict[str, list[dict]]:
    """Return the rows of every mart that is made of prices, in order."""
    return {
        mart: small_desk.rows(desk, f"select * from marts.{mart} order by {order}")
        for mart, order in {
            "market_prices_eod": "internal_symbol, session_date",
            "reference_prices": "internal_symbol",
            "signals_momentum": "internal_symbol",
            "price_coverage": "run_id",
            "fx_latest": "run_id",
        }.items()
    }


def ranges(desk: Settings) -> dict[str, str]:
    """Return why the whole history of each symbol was read in the last build; empty when it was not."""
    found = small_desk.rows(desk, "select internal_symbol, whole_because from staging.stg_market__ranges")
    return {row["internal_symbol"]: row["whole_because"] for row in found}


def rebuilt(cluster: Settings, desk: Settings, target: Path, run_id: str) -> dict[str, list[dict]]:
    """Return what a full refresh publishes, built in a copy of the desk."""
    copy = replace(desk, db_name=f"{desk.db_name}_copy", data=desk.data / "copy")
    with admin(cluster) as connection:
        connection.execute(
            sql.SQL("create database {} template {} owner desk_owner").format(
                sql.Identifier(copy.db_name), sql.Identifier(desk.db_name)
            )
        )
    try:
        done = build(copy, target, run_id, "--full-refresh")
        assert done.is_green, done.output[-3000:]
        return published(copy)
    finally:
        with admin(cluster) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(copy.db_name)))


def write_rate(folder: Path) -> None:
    """Write an exchange rate that is older than every session."""
    header = "rate_date,base_currency,quote_currency,rate,source"
    _write(folder / "FX-GBPUSD.csv", header, [f"{SESSIONS[0]},GBP,USD,1.25,ecb"])


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


def _factors(company: Company, last: date) -> dict[date, tuple[Decimal, Decimal]]:
    """Return by how much a close of each session is multiplied: for splits, and for everything."""
    shares, ratio, factors = Decimal(1), Decimal(1), {}
    rows = company.bars(last)
    for place in range(len(rows) - 1, -1, -1):
        day, before = rows[place][0], rows[max(place - 1, 0)][1]
        factors[day] = (1 / shares, ratio / shares)
        shares *= company.splits.get(day, Decimal(1))
        ratio *= 1 - company.dividends.get(day, Decimal(0)) / before
    return factors


def _product(factors: Iterable[Decimal]) -> Decimal:
    result = Decimal(1)
    for factor in factors:
        result *= factor
    return result


def _cents(price: Decimal) -> Decimal:
    return price.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def _digits(number: Decimal) -> Decimal:
    return Decimal(f"{number:.8g}")


def _write(path: Path, header: str, lines: list[str]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("\n".join([header, *lines, ""]))
