"""
How a figure reads.

Pure. Decimal in, text out; what is not known reads `unknown` and never like zero.
"""

from decimal import Decimal

UNKNOWN = "unknown"


def gbp(value: Decimal | None) -> str:
    """Return pounds and pence: £1,234.50."""
    return UNKNOWN if value is None else f"{'-' if value < 0 else ''}£{abs(value):,.2f}"


def signed(amount: Decimal | None) -> str:
    """Return an amount of whichever currency stands beside it, with its sign: +1,234.50."""
    return UNKNOWN if amount is None else f"{amount:+,.2f}"


def usd(price: Decimal | None) -> str:
    """Return a price as it is quoted: whole cents, four decimals under a dollar."""
    return UNKNOWN if price is None else f"${price:,.2f}" if price >= 1 else f"${price:,.4f}"


def usd_exact(price: Decimal | None) -> str:
    """Return a price as it was executed: every decimal it has, at least two."""
    if price is None:
        return UNKNOWN
    exact = f"{price.normalize():,f}"
    return f"${exact}" if len(exact.partition(".")[2]) >= 2 else f"${price:,.2f}"


def units(count: Decimal | None) -> str:
    """Return shares exactly, without the zeros at their end."""
    return UNKNOWN if count is None else f"{count.normalize():,f}"


def ratio(fraction: Decimal | None) -> str:
    """Return a fraction as per cent with two decimals."""
    return UNKNOWN if fraction is None else f"{fraction * 100:.2f} %"
