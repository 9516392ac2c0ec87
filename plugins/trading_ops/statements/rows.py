"""
What an account statement says, as frozen values: the account, its rows in the order they happened, its
totals.

Pure. Every instant is UTC, every amount in the currency of the account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading_ops.statements.kinds import Kind

# What a line of the desk may be: the paper itself. Whatever else a statement calls an asset is kept apart.
UNDERLYING = ("stock", "etf")


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """
    One row of the account's activity.

    `paper` is what its details name, such as NVDA/USD. `amount` of an opening is what is left of it today.
    `asset` is stock, etf, crypto, cfd, or as the file says.
    """

    row_number: int
    kind: Kind
    happened_at: datetime
    details: str
    paper: str
    leverage: Decimal
    amount: Decimal
    units: Decimal | None
    equity_change: Decimal
    equity: Decimal
    balance: Decimal
    position_id: str
    asset: str
    split: tuple[Decimal, Decimal] | None
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClosedRow:
    """
    One closed position, or the part of one that was closed: then it has a number of its own.

    `units` are those that were closed, `amount` is what they had cost.
    """

    row_number: int
    position_id: str
    instrument: str
    is_short: bool
    amount: Decimal
    units: Decimal
    opened_at: datetime
    closed_at: datetime
    leverage: Decimal
    profit: Decimal
    open_rate: Decimal
    close_rate: Decimal
    asset: str
    isin: str
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DividendRow:
    """One dividend that was paid: net, and what was withheld of it."""

    row_number: int
    paid_at: datetime
    instrument: str
    net: Decimal
    withheld: Decimal
    position_id: str
    isin: str
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """One line of the summary; `meaning` is empty for one the desk has no word for."""

    row_number: int
    label: str
    meaning: str
    amount: Decimal


@dataclass(frozen=True)
class Statement:
    """
    One account statement; `totals` begins with the realised equity before it and ends with that after it.
    """

    account_name: str
    username: str
    currency: str
    made_at: datetime
    start_at: datetime
    end_at: datetime
    titles: dict[str, str]
    totals: Sequence[Total]
    activity: Sequence[ActivityRow]
    closed: Sequence[ClosedRow]
    dividends: Sequence[DividendRow]
    unread: tuple[str, ...]
