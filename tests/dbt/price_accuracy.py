"""
How near the published prices come to what vendors give as the answer, on the real files.

Everything goes through the real loader and the real dbt build. Where a set has no file in the
layout the desk reads (prices as traded with their actions), its own figures are written into one.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median

from tests.dbt import daily_desk, small_desk
from trading_ops.bars.load import load_folder
from trading_ops.config.policy import parse_policy
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.runs.freeze import freeze
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.universe.instruments import Universe, universe_from_symbols

YAHOO_STOCKS = (
    "AAPL", "AMZN", "BAC", "GOOGL", "HD", "JPM", "MA", "META", "MSFT", "NVDA", "PG", "TSLA", "UNH", "V", "WMT",
)  # fmt: skip
RAW_STOCKS = ("AAPL", "AMZN", "GOOGL", "MSFT")
YAHOO_DATE, RAW_DATE, STOOQ_DATE = date(2026, 6, 30), date(2025, 9, 5), date(2020, 1, 23)

# A step of the ratio of two series is between the medians of so many sessions before and after it.
STEP_DAYS, STEP_RATIO = 5, 0.02
DIVIDENDS_FROM = date(2011, 1, 1)

Series = dict[date, Decimal]
Actions = dict[date, Decimal]


@dataclass(frozen=True)
class Gap:
    """How far one symbol's published prices are from the answer, as |ours / theirs - 1|."""

    symbol: str
    days_count: int
    median_ratio: float
    largest_ratio: float
    largest_date: date


@dataclass(frozen=True)
class Yahoo:
    """What the Yahoo set holds of a symbol: split-adjusted rows by date, adjusted closes, actions."""

    rows: dict[date, dict[str, str]]
    splits: Actions
    dividends: Actions

    def later_splits(self, day: date) -> Decimal:
        """Return new shares per old one from a session's close to the end of the set."""
        ratio = Decimal(1)
        for at, split in self.splits.items():
            ratio *= split if at > day else 1
        return ratio

    def close(self, column: str) -> Series:
        """Return a column by date."""
        return {day: Decimal(row[column]) for day, row in self.rows.items()}


def read_yahoo(data: Path, symbol: str) -> Yahoo:
    """Return a symbol of the set yahoo_split_adj_2026-06; an absent file of actions means there were none."""
    folder = data / "yahoo_split_adj_2026-06/data"
    rows = {date.fromisoformat(row["date"]): row for row in _csv(folder / f"stocks/{symbol}.csv")}
    splits, dividends = (
        {
            date.fromisoformat(row["Date"][:10]): Decimal(row[column])
            for row in _csv(folder / f"{kind}/{symbol}.csv")
        }
        for kind, column in (("splits", "Stock Splits"), ("dividends", "Dividends"))
    )
    return Yahoo(rows, splits, dividends)


def recomputed_from_yahoo(desk: Settings, data: Path, work: Path) -> list[Gap]:
    """
    Compare adjusted closes with Yahoo's own, for its 15 stocks.

    Each is brought back to what was traded, with its splits and dividends beside it, and adjusted
    again by the desk.
    """
    folder = work / "yahoo_as_traded"
    sets = {symbol: read_yahoo(data, symbol) for symbol in YAHOO_STOCKS}
    for symbol, yahoo in sets.items():
        rows = {
            day: [
                *(Decimal(row[name]) * yahoo.later_splits(day) for name in ("open", "high", "low", "close")),
                Decimal(row["volume"]) / yahoo.later_splits(day),
            ]
            for day, row in yahoo.rows.items()
        }
        _write_as_traded(folder, symbol, rows, yahoo)
    publish(desk, work / "dbt", folder, YAHOO_DATE, YAHOO_STOCKS)
    answers = {name: it.close("adj_close") for name, it in sets.items()}
    return _gaps(_ratios(desk, "adj_close_usd", answers))


def raw_against_yahoo(desk: Settings, data: Path, work: Path) -> tuple[list[Gap], list[Gap]]:
    """
    Compare Alpha Vantage's prices as traded with Yahoo: split-adjusted closes, then adjusted ones.

    The actions are Yahoo's. Adjusted closes are on the scale of the last common session, because
    Yahoo's file knows later dividends.
    """
    folder = work / "raw"
    sets = {symbol: read_yahoo(data, symbol) for symbol in RAW_STOCKS}
    for symbol, yahoo in sets.items():
        rows = {
            date.fromisoformat(row["Date"]): [
                *(Decimal(row[name]) for name in ("Open", "High", "Low", "Close", "5. volume"))
            ]
            for row in _csv(data / f"av_raw_unadjusted_2025-09/{symbol}.csv")
        }
        _write_as_traded(folder, symbol, rows, yahoo)
    publish(desk, work / "dbt", folder, RAW_DATE, RAW_STOCKS)
    closes = {name: it.close("close") for name, it in sets.items()}
    adjusted = {name: it.close("adj_close") for name, it in sets.items()}
    for name, prices in adjusted.items():
        scale = closes[name][RAW_DATE] / prices[RAW_DATE]
        adjusted[name] = {day: price * scale for day, price in prices.items()}
    return (
        _gaps(_ratios(desk, "as_traded_close_usd * split_factor", closes)),
        _gaps(_ratios(desk, "adj_close_usd", adjusted)),
    )


def stooq_against_raw(desk: Settings, data: Path, work: Path) -> tuple[list[Gap], dict[str, str]]:
    """
    Compare Stooq's adjusted closes with the ones made of Alpha Vantage's prices and actions.

    Both as of the day of Stooq's zip, each published by the desk from its own vendor. Returns the
    gaps, and for each symbol why the two are apart, as far as the series themselves tell.
    """
    zipped = data / "stooq_bulk_vintages/dev_d_us_txt_2020-01-23.zip"
    folder = data / "av_sp500_daily_adjusted/daily_adjusted"
    with connect("desk_loader", desk) as connection:
        stooq = load_folder(connection, zipped, "stooq").symbols
        raw = load_folder(connection, folder, "raw").symbols
    symbols = sorted({*stooq} & {*raw})
    publish(desk, work / "dbt", None, STOOQ_DATE, symbols, first_source="stooq")
    answers: dict[str, Series] = {symbol: {} for symbol in symbols}
    for row in _published(desk, "adj_close_usd", "stooq"):
        answers[row["internal_symbol"]][row["session_date"]] = row["price"]
    publish(desk, work / "dbt", None, STOOQ_DATE, symbols, first_source="alpha_vantage")
    ratios = _ratios(desk, "adj_close_usd", answers)
    return _gaps(ratios), {symbol: why_apart(days) for symbol, days in ratios.items()}


def why_apart(ratios: dict[date, float]) -> str:
    """
    Return why Stooq's series and the recomputed one are apart, or nothing when they are not.

    A step that stays is an event only one vendor adjusted for (a spin-off, a merger). What builds
    up before 2011 and never after is dividends: Stooq leaves the ordinary ones of that time out.
    """
    days, values = list(ratios), list(ratios.values())
    steps = {}
    for place in range(STEP_DAYS, len(values) - STEP_DAYS):
        after = median(values[place : place + STEP_DAYS])
        steps[days[place]] = after / median(values[place - STEP_DAYS : place]) - 1
    reasons, remainder = [], 1.0
    while steps:
        day = max(steps, key=lambda at: abs(steps[at]))
        if abs(steps[day]) <= STEP_RATIO:
            break
        place = days.index(day)
        # The medians blur the step; it is where the ratio itself moves most.
        near = range(place - STEP_DAYS, place + STEP_DAYS)
        moved = max(near, key=lambda at: abs(values[at] / values[at - 1] - 1))
        reasons.append(f"only one vendor has {abs(steps[day]):.1%} on {days[moved]}")
        remainder *= 1 + steps[day] if day < DIVIDENDS_FROM else 1
        steps = {at: step for at, step in steps.items() if abs((at - day).days) > 3 * STEP_DAYS}
    before = [value for day, value in ratios.items() if day < DIVIDENDS_FROM]
    if before:
        first = median(before[:STEP_DAYS]) * remainder / median(before[-STEP_DAYS:])
        if abs(first - 1) > STEP_RATIO / 4:
            reasons.append(f"Stooq lacks dividends of {abs(first - 1):.1%} before 2011")
    return "; ".join(reasons)


def findings(desk: Settings) -> list[dict]:
    """Return what the newest build found wrong with splits and dividends."""
    return small_desk.rows(
        desk,
        "select internal_symbol, ex_date, finding, treatment, reason"
        " from intermediate.int_market__action_findings order by 1, 2, 3",
    )


def publish(
    desk: Settings,
    target: Path,
    folder: Path | None,
    as_of: date,
    symbols: Iterable[str],
    first_source: str = "alpha_vantage",
) -> None:
    """Load a folder, unless None, and publish the prices of a run as of a session."""
    with connect("desk_planner", desk) as connection:
        connection.execute(
            "select desk.set_simulated_now(greatest(desk.now(), %s) + interval '1 minute')",
            (sessions.daily_run_at(as_of),),
        )
    if folder is not None:
        with connect("desk_loader", desk) as connection:
            report = load_folder(connection, folder, str(folder))
            assert report.refused == (), report.refused
    policy = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml")
    others = [name for name in policy.market_data.source_order if name != first_source]
    market_data = policy.market_data.model_copy(update={"source_order": (first_source, *others)})
    policy = policy.model_copy(update={"market_data": market_data})
    universe = universe_from_symbols(symbols, Universe(()), sorted(symbols)[0])
    universe = Universe(
        tuple(
            replace(entry, stooq_symbol=entry.internal_symbol.replace(".", "-")) for entry in universe.entries
        )
    )
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, desk.portfolio_id, "simulated", policy)
        run = freeze(
            connection,
            kind="daily",
            as_of_date=as_of,
            idempotency_key=f"{as_of} {first_source}",
            policy=policy,
            universe=universe,
            config=desk,
        )
    done = daily_desk.build(desk, target, run.run_id)
    assert done.is_green, done.output[-4000:]


def _published(desk: Settings, price: str, source: str) -> list[dict]:
    return small_desk.rows(
        desk,
        f"select internal_symbol, session_date, {price} as price from marts.market_prices_eod"
        f" where source = %s and {price} is not null order by internal_symbol, session_date",
        source,
    )


def _ratios(desk: Settings, price: str, answers: dict[str, Series]) -> dict[str, dict[date, float]]:
    """Return answer / ours per symbol and session that both have, in order."""
    ratios: dict[str, dict[date, float]] = {symbol: {} for symbol in answers}
    for row in _published(desk, price, "alpha_vantage"):
        answer = answers[row["internal_symbol"]].get(row["session_date"])
        if answer:
            ratios[row["internal_symbol"]][row["session_date"]] = float(answer / row["price"])
    assert all(ratios.values()), "a symbol has no session in common with its answer"
    return ratios


def _gaps(ratios: dict[str, dict[date, float]]) -> list[Gap]:
    gaps = []
    for symbol, days in sorted(ratios.items()):
        sizes = {day: abs(1 / ratio - 1) for day, ratio in days.items()}
        largest_date = max(sizes, key=sizes.get)
        gaps.append(Gap(symbol, len(days), median(sizes.values()), sizes[largest_date], largest_date))
    return gaps


def _write_as_traded(folder: Path, symbol: str, rows: dict[date, list[Decimal]], yahoo: Yahoo) -> None:
    """Write prices as traded with Yahoo's actions, whose dividends are in shares of the set's end."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [daily_desk.AV_HEADER]
    for day, (open_, high, low, close, volume) in sorted(rows.items()):
        # A dividend of a split day is one per share before the split.
        per_share = yahoo.later_splits(day) * yahoo.splits.get(day, Decimal(1))
        dividend = yahoo.dividends.get(day, Decimal(0)) * per_share
        prices = ",".join(f"{price:f}" for price in (open_, high, low, close, close, volume))
        lines.append(f"{day},{prices},{dividend:f},{yahoo.splits.get(day, 1)}")
    (folder / f"DA-{symbol}.csv").write_text("\n".join([*lines, ""]))


def _csv(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
