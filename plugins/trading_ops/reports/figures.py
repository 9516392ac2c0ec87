"""
How a figure reads in a report.

Pure. Decimal in, text out; what is not known reads `unknown`.
"""

from decimal import Decimal

UNKNOWN = "unknown"


def gbp(value: Decimal | None) -> str:
    """Return pounds and pence."""
    return UNKNOWN if value is None else f"{'-' if value < 0 else ''}£{abs(value):,.2f}"


def usd(value: Decimal | None) -> str:
    """Return dollars and cents."""
    return UNKNOWN if value is None else f"${value:,.2f}"


def ratio(value: Decimal | None) -> str:
    """Return a fraction as per cent with two decimals."""
    return UNKNOWN if value is None else f"{value * 100:.2f} %"


def units(value: Decimal | None) -> str:
    """Return shares in plain notation, at most six decimals, no trailing zeros."""
    if value is None:
        return UNKNOWN
    text = f"{value:.6f}"
    return text.rstrip("0").rstrip(".")


FILTERS = {"gbp": gbp, "usd": usd, "ratio": ratio, "units": units}
