"""
One fill of another executor. Pure.

Named by exchange, order and trade id; an order may have many. How its figures were kept goes with it: a file
that keeps fewer digits than were traded is no worse witness of anything else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from trading_ops.config.text import shown
from trading_ops.imported_fills.fees import Fee, fees_of
from trading_ops.imported_fills.figures import asset_of, figure_above_zero, instant_of, name_of, plain

# Every digit; cut after the sixth decimal; or the nearest number a computer's float can hold.
KeptAs = Literal["text", "millionths", "double"]
# What a row has to tell, whatever else stands in it.
COLUMNS = (
    "market", "order_id", "exchange_trade_id", "base_asset", "quote_asset", "timestamp", "trade_type",
    "price", "amount", "trade_fee",
)  # fmt: skip
# What tells a derivative from a trade; an earlier version has neither.
OPTIONAL_COLUMNS = ("leverage", "position")
_MILLIONTH = Decimal("0.000001")
_DOUBLE_DIGITS_MAX = 15


class FillsError(Exception):
    """An export of which nothing is taken; the message names file, row, field and what is accepted."""


@dataclass(frozen=True)
class ImportedFill:
    """A trade of one asset for another; `place` is the row it was read from."""

    place: str
    market: str
    order_id: str
    exchange_trade_id: str
    base_asset: str
    quote_asset: str
    side: Literal["BUY", "SELL"]
    executed_at: datetime
    price: Decimal
    amount: Decimal
    kept_as: KeptAs
    fees: tuple[Fee, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what names the fill, in whichever file it stands."""
        return self.market, self.order_id, self.exchange_trade_id

    @property
    def is_coarse(self) -> bool:
        """Whether more than a thousandth of its price or amount may have been lost, or digits of a float."""
        if self.kept_as == "double":
            return any(
                len(plain(figure).replace(".", "").strip("0")) > _DOUBLE_DIGITS_MAX
                for figure in (self.price, self.amount)
            )
        return self.kept_as == "millionths" and min(self.price, self.amount) < 1000 * _MILLIONTH

    def as_request(self) -> dict:
        """Return it as desk.record_fills takes it."""
        return {
            "market": self.market, "order_id": self.order_id, "exchange_trade_id": self.exchange_trade_id,
            "base_asset": self.base_asset, "quote_asset": self.quote_asset, "side": self.side,
            "executed_at": self.executed_at.isoformat(), "price": plain(self.price),
            "amount": plain(self.amount), "kept_as": self.kept_as,
            "fees": [fee.as_request() for fee in self.fees],
        }  # fmt: skip


def fill_of(cells: Mapping[str, str], file: str, place: str, kept_as: KeptAs = "text") -> ImportedFill:
    """Return the fill a row of texts by column tells. Raises FillsError for the first cell that is not it."""

    def read(field: str, parse: Callable[[str], Any]) -> Any:
        try:
            return parse(cells[field])
        except ValueError as mistake:
            raise FillsError(f"{file}, {place}, field {field}: {mistake}") from None

    for field in OPTIONAL_COLUMNS:
        read(field, _refuse_derivative)
    base_asset, quote_asset = read("base_asset", asset_of), read("quote_asset", asset_of)
    side = read("trade_type", _side_of)
    return ImportedFill(
        place, read("market", name_of), read("order_id", name_of), read("exchange_trade_id", name_of),
        base_asset, quote_asset, side, read("timestamp", instant_of), read("price", figure_above_zero),
        read("amount", figure_above_zero), kept_as,
        read("trade_fee", lambda text: fees_of(text, side, base_asset, quote_asset)),
    )  # fmt: skip


def _side_of(text: str) -> Literal["BUY", "SELL"]:
    side = text.strip().upper()
    if side not in ("BUY", "SELL"):
        raise ValueError(f"{shown(text)} is neither BUY nor SELL")
    return side


def _refuse_derivative(text: str) -> None:
    if text.strip().upper() not in ("", "1", "NIL", "NONE"):
        raise ValueError(f"{shown(text)} is of a derivative, and only a trade of the asset itself moves it")
