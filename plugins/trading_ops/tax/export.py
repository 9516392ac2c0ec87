"""
The trades of a book as RAW rows of cgt-calc, a calculator of its own that makes a report for a tax return.

Pure. In pounds and in shares of today: it takes the shares a split brings for a purchase at no cost, and
would match a sale of the thirty days before with them. A price has more decimals than pennies need, so that
price times quantity is the value that was recorded.
"""

import csv
import io
import math
from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

from trading_ops.tax.trades import Known, Trade

COLUMNS = ("date", "action", "symbol", "quantity", "price", "fees", "currency")
_SHARE_DECIMALS, _PRICE_DECIMALS = 12, 18


def raw_rows(known: Known) -> str:
    """Return the file: its header, then every purchase and sale in the order of their days."""
    rows = [row for trades in known.trades.values() for row in _rows(trades)]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerows([COLUMNS, *sorted(rows, key=lambda row: (row[0], row[1] != "BUY"))])
    return written.getvalue()


def _rows(trades: Sequence[Trade]) -> list[tuple[str, ...]]:
    """Return the rows of a stock, rounded by what is held after each: a full sale leaves nothing."""
    rows, held, told = [], Fraction(0), Decimal(0)
    for trade in sorted(trades, key=lambda trade: trade.day):
        held += trade.shares
        quantity, told = abs(_rounded(held) - told), _rounded(held)
        with localcontext() as context:
            context.prec = 60
            price = (trade.value_gbp / quantity).quantize(Decimal(1).scaleb(-_PRICE_DECIMALS))
        rows.append(
            (
                trade.day.isoformat(), "BUY" if trade.units > 0 else "SELL", trade.symbol, f"{quantity:f}",
                f"{price:f}", f"{trade.fee_gbp:f}", "GBP",
            )
        )  # fmt: skip
    return rows


def _rounded(shares: Fraction) -> Decimal:
    return Decimal(math.floor(shares * 10**_SHARE_DECIMALS)).scaleb(-_SHARE_DECIMALS)
