"""
A rehearsal: what the desk's own rules would have made of a model's scores, week by week.

The model's backtest holds its best few; the desk sizes by its policy, keeps cash, leaves a holding near
its target alone, skips what opens beyond the price limit and lets the riskguard stop a week. Here the very
functions that plan a ticket (plan.sizing, plan.checks) plan one after each week's last session, and every
line is executed at the open of the next.

Prices are those the model saw, adjusted forward: a dividend is reinvested by itself and a split changes
nothing. The account is in one currency, so what the pound does is left out.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import yaml

from trading_ops.config.policy import Policy
from trading_ops.plan.book import Book, Day, Holding, Instrument, Order
from trading_ops.plan.checks import run_checks
from trading_ops.plan.ranking import rank_scores
from trading_ops.plan.sizing import size_plan

YEAR_SESSIONS = 252
_ATR_SESSIONS = 14
_RATE = Decimal(1)


@dataclass(frozen=True)
class Quote:
    """What a session made of a symbol; None is unknown, as on the first days of a company."""

    open: Decimal
    close: Decimal
    previous_close: Decimal | None
    atr_14: Decimal | None


@dataclass
class RehearsedAccount:
    """Cash and units, and what was paid and traded on the way."""

    cash: Decimal
    units: dict[str, Decimal] = field(default_factory=dict)
    closes: dict[str, Decimal] = field(default_factory=dict)
    traded: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    @property
    def value(self) -> Decimal:
        """Cash and every holding at the last close it had."""
        return self.cash + sum(
            (units * self.closes[symbol] for symbol, units in self.units.items()), Decimal(0)
        )


@dataclass(frozen=True)
class Rehearsal:
    """The account's value after each session, and what became of the weeks and their lines."""

    values: pd.Series
    weeks_count: int
    orders_count: int
    skipped_count: int
    blocked_weeks_count: int
    blocked_by: dict[str, int]
    traded: Decimal
    cost: Decimal

    def figures(self) -> dict[str, float | int | None]:
        """
        Return the figures by name, each with the prefix `policy_`.

        cagr = (last / first) ** (252 / n) - 1 over n returns; sharpe = sqrt(252) mean(r) / std(r);
        max_drawdown = the lowest of value / highest so far - 1; turnover = traded a year over the mean
        value; cost_ratio = what was paid over what the account began with.
        """
        returns = self.values.pct_change().dropna()
        spread = returns.std()
        years = len(returns) / YEAR_SESSIONS
        first, last = self.values.iloc[0], self.values.iloc[-1]
        return {
            "policy_cagr": (last / first) ** (1 / years) - 1 if years and last > 0 else None,
            "policy_sharpe": math.sqrt(YEAR_SESSIONS) * returns.mean() / spread if spread else None,
            "policy_max_drawdown": float((self.values / self.values.cummax() - 1).min()),
            "policy_turnover": float(self.traded) / years / self.values.mean() if years else None,
            "policy_cost_ratio": float(self.cost) / first,
            "policy_weeks_count": self.weeks_count,
            "policy_blocked_weeks_count": self.blocked_weeks_count,
            "policy_orders_count": self.orders_count,
            "policy_skipped_count": self.skipped_count,
        }


def rehearse(scores: pd.DataFrame, bars: pd.DataFrame, policy: Policy, cost_ratio: Decimal) -> Rehearsal:
    """
    Return what the policy would have done with the scores.

    `scores` has session_date, internal_symbol and score, `bars` internal_symbol, session_date, open, high,
    low and close. `cost_ratio` is paid on every trade. Raises ValueError when no session is scored.
    """
    if scores.empty:
        raise ValueError("no session is scored, so there is nothing to rehearse")
    ranked = {
        day: dict(zip(rows["internal_symbol"], rows["score"], strict=True))
        for day, rows in scores.groupby("session_date")
    }
    quotes = _quotes(bars, first=min(ranked))
    sessions = sorted(day for day in quotes if min(ranked) <= day <= max(ranked))
    week_ends = {list(days)[-1] for _, days in groupby(sessions, key=lambda day: day.isocalendar()[:2])}
    account = RehearsedAccount(cash=policy.account.paper_opening_cash_gbp)
    orders: tuple[Order, ...] = ()
    values: dict[date, float] = {}
    blocked_by: Counter[str] = Counter()
    weeks_count = orders_count = skipped_count = blocked_weeks_count = 0
    peak, previous = account.value, None
    for session in sessions:
        skipped_count += _execute(account, orders, quotes[session], cost_ratio)
        orders = ()
        account.closes |= {symbol: quote.close for symbol, quote in quotes[session].items()}
        value = account.value
        peak = max(peak, value)
        today = Day(session, None if previous is None else value / previous - 1, 1 - value / peak)
        values[session], previous = float(value), value
        # The last week would be executed when nothing is known any more.
        if session in week_ends and session in ranked and session != sessions[-1]:
            weeks_count += 1
            book = _book(account, quotes[session], ranked[session], today)
            plan = size_plan(book, policy)
            reasons = [check.check_name for check in run_checks(book, plan, policy) if not check.is_clear]
            if reasons:
                blocked_weeks_count += 1
                blocked_by.update(reasons)
            else:
                orders = plan.orders
                orders_count += len(orders)
    return Rehearsal(
        pd.Series(values),
        weeks_count,
        orders_count,
        skipped_count,
        blocked_weeks_count,
        dict(blocked_by),
        account.traded,
        account.cost,
    )


def rehearse_files(trained: Path, backtested: Path, bars: Path, policy: Policy) -> Rehearsal:
    """
    Return the rehearsal of a backtest's predictions.parquet, at the cost its workflow.yaml assumes.

    `bars` is the bars.parquet both were made from. Raises ValueError when no session is scored.
    """
    scores = pq.read_table(
        backtested / "predictions.parquet", columns=["session_date", "internal_symbol", "score"]
    ).to_pandas()
    if scores.empty:
        raise ValueError(f"{backtested} scores no session, so there is nothing to rehearse")
    looked_back_to = scores["session_date"].min() - timedelta(days=60)
    columns = ["internal_symbol", "session_date", "open", "high", "low", "close"]
    quoted = pq.read_table(
        bars, columns=columns, filters=[("session_date", ">=", looked_back_to)]
    ).to_pandas()
    workflow = yaml.safe_load((trained / "workflow.yaml").read_text())
    costs = workflow["port_analysis_config"]["backtest"]["exchange_kwargs"]
    return rehearse(scores, quoted, policy, Decimal(str(costs["open_cost"])))


def _execute(
    account: RehearsedAccount, orders: tuple[Order, ...], quotes: dict[str, Quote], cost_ratio: Decimal
) -> int:
    """Execute the orders at the open and return how many were skipped, as the executor would have."""
    skipped_count = 0
    for order in orders:
        quote = quotes.get(order.symbol)
        is_sale = order.side == "SELL"
        if quote is None or (
            quote.open < order.price_limit_usd if is_sale else quote.open > order.price_limit_usd
        ):
            skipped_count += 1
            continue
        held = account.units.get(order.symbol, Decimal(0))
        units = order.value_gbp / quote.open
        if is_sale:
            units = held if order.is_full_exit else min(units, held)
        value = units * quote.open
        account.units[order.symbol] = held - units if is_sale else held + units
        if not account.units[order.symbol]:
            del account.units[order.symbol]
        account.cash += (value if is_sale else -value) - value * cost_ratio
        account.cost += value * cost_ratio
        account.traded += value
    return skipped_count


def _book(account: RehearsedAccount, quotes: dict[str, Quote], scores: dict[str, float], today: Day) -> Book:
    """Return what a plan starts from; a symbol without a bar of the session has no price."""
    symbols = {*scores, *account.units}
    instruments = {
        symbol: Instrument(
            symbol=symbol,
            is_enabled=symbol in scores,
            is_tradable=True,
            close_usd=quote.close if quote else None,
            previous_close_usd=quote.previous_close if quote else None,
            atr_14_usd=quote.atr_14 if quote else None,
        )
        for symbol in symbols
        for quote in [quotes.get(symbol)]
    }
    return Book(
        instruments=instruments,
        holdings={
            symbol: Holding(symbol, units, units * account.closes[symbol])
            for symbol, units in account.units.items()
        },
        ranks={one.symbol: one.rank for one in rank_scores({s: _decimal(v) for s, v in scores.items()})},
        cash_gbp=account.cash,
        spendable_gbp=account.cash,
        gbpusd_rate=_RATE,
        as_of_date=today.session_date,
        days=(today,),
    )


def _quotes(bars: pd.DataFrame, first: date) -> dict[date, dict[str, Quote]]:
    """Return the quotes of each session from `first` on; the bars before it are looked back on."""
    found: dict[date, dict[str, Quote]] = {}
    for symbol, rows in bars.sort_values("session_date").groupby("internal_symbol"):
        for day, quote in _quotes_of(rows, first):
            found.setdefault(day, {})[symbol] = quote
    return found


def _quotes_of(rows: pd.DataFrame, first: date) -> Iterator[tuple[date, Quote]]:
    previous = rows["close"].shift()
    # The true range of a session: from the lower of its low and the close before to the higher.
    reach = np.maximum(rows["high"], previous) - np.minimum(rows["low"], previous)
    columns = (
        rows["session_date"],
        rows["open"],
        rows["close"],
        previous,
        reach.rolling(_ATR_SESSIONS).mean(),
    )
    for day, opened, closed, before, atr in zip(*columns, strict=True):
        if day >= first:
            yield day, Quote(*(_decimal(number) for number in (opened, closed, before, atr)))


def _decimal(number: float) -> Decimal | None:
    """Return a float's shortest decimal; None for what is no number."""
    return Decimal(str(number)) if math.isfinite(number) else None
