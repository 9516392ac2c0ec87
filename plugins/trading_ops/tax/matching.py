"""
Which shares a sale was of, by the UK's rules for individuals, and what it gained.

Pure. Sales of a day are one, and so are purchases (TCGA 1992, section 105). A sale is first of what was
bought on the same day, then of what was bought within the thirty days after it, the earliest first (section
106A), then of the pool, at its average cost (section 104). Exact in shares; pounds are shared out to the
penny, and none is lost.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from trading_ops.tax.trades import Trade

AFTER = timedelta(days=30)
Rule = Literal["same day", "30 days", "pool"]


@dataclass(frozen=True)
class Matched:
    """Some units of a sale, what they brought and had cost, and by which rule; a pool has no `bought_on`."""

    rule: Rule
    units: Fraction
    proceeds_gbp: Decimal
    cost_gbp: Decimal
    bought_on: date | None = None


@dataclass(frozen=True)
class Disposal:
    """All sales of a stock on one day, in units as they were then; proceeds after fees."""

    symbol: str
    day: date
    parts: tuple[Matched, ...]

    @property
    def units(self) -> Fraction:
        """Return how many units were sold."""
        return sum((part.units for part in self.parts), Fraction(0))

    @property
    def proceeds_gbp(self) -> Decimal:
        """Return what the sale brought."""
        return sum((part.proceeds_gbp for part in self.parts), Decimal(0))

    @property
    def cost_gbp(self) -> Decimal:
        """Return what the shares had cost."""
        return sum((part.cost_gbp for part in self.parts), Decimal(0))

    @property
    def gain_gbp(self) -> Decimal:
        """Return the gain, a loss below zero."""
        return self.proceeds_gbp - self.cost_gbp


class _Lot:
    """Shares of one side and day that are given out bit by bit, and their pounds with them."""

    def __init__(self) -> None:
        self.shares, self.gbp, self.scale = Fraction(0), Decimal(0), Fraction(1)
        self._given = Fraction(0)

    def add(self, trade: Trade) -> None:
        self.shares += abs(trade.shares)
        self.gbp += trade.net_gbp
        self.scale = trade.scale

    @property
    def left(self) -> Fraction:
        return self.shares - self._given

    def give(self, shares: Fraction) -> Decimal:
        """Give out shares and return their pounds: what was given in all is right to the penny."""
        before = pennies(Fraction(self.gbp) * self._given / self.shares)
        self._given += shares
        return pennies(Fraction(self.gbp) * self._given / self.shares) - before


def disposals_of(trades: Sequence[Trade]) -> tuple[Disposal, ...]:
    """Return what each day's sales of one stock were of, in their order."""
    bought: dict[date, _Lot] = defaultdict(_Lot)
    sold: dict[date, _Lot] = defaultdict(_Lot)
    for trade in trades:
        (bought if trade.units > 0 else sold)[trade.day].add(trade)
    parts: dict[date, list[Matched]] = {day: [] for day in sorted(sold)}

    def match(day: date, bought_on: date, rule: Rule) -> None:
        sale, purchase = sold[day], bought[bought_on]
        shares = min(sale.left, purchase.left)
        if shares:
            part = Matched(rule, shares / sale.scale, sale.give(shares), purchase.give(shares), bought_on)
            parts[day].append(part)

    for day in parts:
        if day in bought:
            match(day, day, "same day")
    for day in parts:
        for later in sorted(bought):
            if day < later <= day + AFTER:
                match(day, later, "30 days")
    pool_shares, pool_gbp = Fraction(0), Decimal(0)
    for day in sorted({*bought, *sold}):
        if day in bought:
            purchase = bought[day]
            pool_shares += (rest := purchase.left)
            pool_gbp += purchase.give(rest)
        if day in sold and (rest := sold[day].left):
            cost_gbp = pennies(Fraction(pool_gbp) * rest / pool_shares)
            parts[day].append(Matched("pool", rest / sold[day].scale, sold[day].give(rest), cost_gbp))
            pool_shares, pool_gbp = pool_shares - rest, pool_gbp - cost_gbp
    return tuple(Disposal(trades[0].symbol, day, tuple(found)) for day, found in parts.items())


def pennies(pounds: Fraction) -> Decimal:
    """Return an amount to the nearest penny, half a penny up."""
    return Decimal(math.floor(pounds * 100 + Fraction(1, 2))).scaleb(-2)


def tax_year(day: date) -> str:
    """Return the tax year of a day, which begins on 6 April: 2026-27."""
    first = day.year if (day.month, day.day) >= (4, 6) else day.year - 1
    return f"{first}-{(first + 1) % 100:02d}"
