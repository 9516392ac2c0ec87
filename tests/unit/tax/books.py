"""Trades and entries of a made-up stock, written short."""

from datetime import UTC, date, datetime
from decimal import Decimal

from trading_ops.tax.trades import Entry, Known, Trade, read_trades


def bought(day: str, units: str, value: str, fee: str = "0", symbol: str = "AAA") -> Trade:
    """Return a purchase."""
    return Trade(symbol, date.fromisoformat(day), Decimal(units), Decimal(value), Decimal(fee))


def sold(day: str, units: str, value: str, fee: str = "0", symbol: str = "AAA") -> Trade:
    """Return a sale."""
    return bought(day, f"-{units}", value, fee, symbol)


def entry(kind: str, day: str, units: str, cash: str = "0", fee: str = "0", **more) -> Entry:
    """Return an entry of the ledger at three in the afternoon, of a split as New York's day begins."""
    at = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(
        hour=4 if kind == "split" else 15
    )
    whole = {"symbol": "AAA", "happened_at": at} | more
    return Entry(kind, units_delta=Decimal(units), cash_gbp=Decimal(cash), fee_gbp=Decimal(fee), **whole)


def known(*entries: Entry) -> Known:
    """Return the trades of a book with these entries."""
    return read_trades(entries)
