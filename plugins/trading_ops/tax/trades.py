"""
What the ledger says of each stock, as the share matching rules want it: what was bought and sold, and when.

Pure. A split changes the size of a share and nothing else, so every trade is told in shares of today; days
are London's. What is neither trade, opening nor split is not understood here: its stock is left out, by name.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from trading_ops.exchange.clocks import LONDON

_TRADES = ("fill", "trade")
# Units that splits added or took, and the crumb that a sale of everything left or overdrew.
_SPLIT, _ROUNDING = "split", "rounding"
_OPENING = "opening"
# Moves cash alone, and is income.
_DIVIDEND = "dividend"


@dataclass(frozen=True)
class Entry:
    """
    One entry of a stock: units and pounds with their signs, the fee beside them.

    A split has what it did to the units held, and how many shares it made of how many.
    """

    kind: str
    symbol: str
    happened_at: datetime
    units_delta: Decimal
    cash_gbp: Decimal
    fee_gbp: Decimal = Decimal(0)
    held_since: date | None = None
    new_shares: int | None = None
    old_shares: int | None = None


@dataclass(frozen=True)
class Trade:
    """
    Units bought (above zero) or sold, and what they are worth without the fee.

    `scale` is how many shares of today one of then is.
    """

    symbol: str
    day: date
    units: Decimal
    value_gbp: Decimal
    fee_gbp: Decimal
    scale: Fraction = Fraction(1)

    @property
    def shares(self) -> Fraction:
        """Return the units in shares of today, with their sign."""
        return Fraction(self.units) * self.scale

    @property
    def net_gbp(self) -> Decimal:
        """Return what a purchase cost, or what a sale brought, fee included."""
        return self.value_gbp + (self.fee_gbp if self.units > 0 else -self.fee_gbp)


@dataclass(frozen=True)
class Known:
    """The trades of a book by stock, in the order they happened, and why other stocks are left out."""

    trades: Mapping[str, tuple[Trade, ...]]
    left_out: Mapping[str, str]


def read_trades(entries: Iterable[Entry]) -> Known:
    """Return the trades of each stock; `entries` are those that stand."""
    by_symbol: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind != _DIVIDEND:
            by_symbol[entry.symbol].append(entry)
    trades, left_out = {}, {}
    for symbol, found in sorted(by_symbol.items()):
        in_order = sorted(found, key=lambda entry: (entry.happened_at, entry.kind != _SPLIT))
        try:
            trades[symbol] = tuple(_trades(in_order))
        except ValueError as reason:
            left_out[symbol] = str(reason)
    return Known(trades, left_out)


def _trades(entries: list[Entry]) -> list[Trade]:
    """Return the trades of one stock, each in shares of the end. Raises ValueError."""
    crumbs = {entry.happened_at: entry.units_delta for entry in entries if entry.kind == _ROUNDING}
    # How many units there are, and by how much later splits made each of them more.
    held, grown = Fraction(0), Fraction(1)
    found: list[tuple[Trade, Fraction]] = []
    for entry in entries:
        day = entry.happened_at.astimezone(LONDON).date()
        units = entry.units_delta
        if entry.kind == _ROUNDING:
            continue
        if entry.kind == _SPLIT:
            # What was held was rounded; where nothing was, the thirty days reach across it all the same.
            grown *= (held + Fraction(units)) / held if held else Fraction(entry.new_shares, entry.old_shares)
        elif entry.kind == _OPENING:
            # Bought before the book began, and on which day is not always known.
            since = entry.held_since or day - timedelta(days=1)
            found.append((Trade(entry.symbol, since, units, -entry.cash_gbp, entry.fee_gbp), grown))
        elif entry.kind in _TRADES:
            if units < 0:
                units += crumbs.pop(entry.happened_at, Decimal(0))
            trade = Trade(entry.symbol, day, units, abs(entry.cash_gbp), entry.fee_gbp)
            found.append((trade, grown))
        else:
            raise ValueError(f"{entry.kind} on {day}")
        held += Fraction(units)
        if held < 0:
            raise ValueError(f"more sold than held on {day}")
    return [replace(trade, scale=grown / then) for trade, then in found]
