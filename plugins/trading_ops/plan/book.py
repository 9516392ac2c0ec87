"""
What the riskguard looks at: instruments, holdings, cash and what is known about their past.

Pure. Immutable values without behaviour beyond plain sums; `steps` fills them from Postgres.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class Instrument:
    """One symbol of the universe on the as-of date; None is unknown."""

    symbol: str
    is_enabled: bool
    is_tradable: bool
    close_usd: Decimal | None = None
    previous_close_usd: Decimal | None = None
    atr_14_usd: Decimal | None = None

    @property
    def has_price(self) -> bool:
        """Whether an order can name a price in whole cents."""
        return self.close_usd is not None and self.close_usd >= Decimal("0.01")


@dataclass(frozen=True)
class Holding:
    """Units of one symbol in the ledger and their value, None when it has no price."""

    symbol: str
    units: Decimal
    value_gbp: Decimal | None


@dataclass(frozen=True)
class Day:
    """One session of the book's past; the drawdown, in 0..1, is since the peak that a review counts anew."""

    session_date: date
    return_ratio: Decimal | None
    drawdown_ratio: Decimal | None


@dataclass(frozen=True)
class Book:
    """Everything a plan starts from; mappings are by symbol, ranks count from 1."""

    instruments: Mapping[str, Instrument]
    holdings: Mapping[str, Holding]
    ranks: Mapping[str, int]
    cash_gbp: Decimal
    # What of the cash the broker has shown too: only that is spent.
    spendable_gbp: Decimal
    gbpusd_rate: Decimal | None
    as_of_date: date | None = None
    days: tuple[Day, ...] = field(default=())

    @property
    def equity_gbp(self) -> Decimal:
        """Cash and the holdings that have a price."""
        return self.cash_gbp + sum(self.value_of(symbol) for symbol in self.holdings)

    def value_of(self, symbol: str) -> Decimal:
        """Return what is held of a symbol in GBP; 0 when nothing is, or when it has no price."""
        holding = self.holdings.get(symbol)
        return (holding.value_gbp or Decimal(0)) if holding else Decimal(0)

    def units_of(self, symbol: str) -> Decimal:
        """Return how many units of a symbol are held."""
        holding = self.holdings.get(symbol)
        return holding.units if holding else Decimal(0)


@dataclass(frozen=True)
class Order:
    """One trade a person will click; `units_estimate` is exact for a full exit."""

    line_number: int
    symbol: str
    side: str
    value_gbp: Decimal
    units_estimate: Decimal
    is_full_exit: bool
    reference_price_usd: Decimal
    price_limit_usd: Decimal
    gbpusd_rate: Decimal


@dataclass(frozen=True)
class Target:
    """Where one symbol should stand, and the one word that says why."""

    symbol: str
    weight_ratio: Decimal
    value_gbp: Decimal
    held_units: Decimal
    held_value_gbp: Decimal
    binding_constraint: str


@dataclass(frozen=True)
class Plan:
    """
    Targets for every symbol, the orders towards them, and what made sizing impossible, if anything.

    `is_unknown` says that each obstacle is an input that is missing, so that another day may size it.
    """

    targets: tuple[Target, ...]
    orders: tuple[Order, ...]
    obstacles: tuple[str, ...] = ()
    is_unknown: bool = False

    def total_gbp(self, side: str) -> Decimal:
        """Return the summed value of one side's orders."""
        return sum((order.value_gbp for order in self.orders if order.side == side), Decimal(0))
