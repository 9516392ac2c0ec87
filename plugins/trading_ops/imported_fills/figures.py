"""
Numbers, names and instants as an export writes them, understood without doubt or refused. Pure.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from trading_ops.config.text import shown

# Beyond these nothing is traded, and Postgres keeps them exactly.
_FIGURE_MAX, _FIGURE_MIN = Decimal("1e18"), Decimal("1e-30")
_FIGURE = re.compile(r"[+-]?[0-9]{1,60}(\.[0-9]{0,60})?([eE][+-]?[0-9]{1,3})?")
_NAME = re.compile(r"[!-~]{1,200}")
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._$:+-]{0,44}")
# What a spreadsheet makes of a long number: its last digits are gone.
_REWRITTEN = re.compile(r"[0-9]([.,][0-9]+)?[eE][+-]?[0-9]+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS, _LAST_MS = (
    (datetime(year, 1, 2, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1) for year in (2009, 2100)
)


def signed_figure(text: object) -> Decimal:
    """Return a number of either sign, digit by digit, also from 2.98E-8. Raises ValueError."""
    if not isinstance(text, str) or not _FIGURE.fullmatch(text.strip()):
        raise ValueError(f"{shown(text)} is no number such as 0.0031 or 2.98E-8")
    figure = Decimal(text.strip())
    if figure and not _FIGURE_MIN <= abs(figure) < _FIGURE_MAX:
        raise ValueError(f"{shown(text)} is beyond what is traded, {_FIGURE_MIN:e} to {_FIGURE_MAX:e}")
    return figure


def plain(figure: Decimal) -> str:
    """Return a number as digits alone, all of them, the same text for the same number."""
    digits = f"{figure:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def figure_above_zero(text: object) -> Decimal:
    """Return a number above zero. Raises ValueError."""
    figure = signed_figure(text)
    if figure <= 0:
        raise ValueError(f"{shown(text)} is not above zero")
    return figure


def name_of(text: object) -> str:
    """Return an identifier of an exchange or of a fill there. Raises ValueError."""
    if not isinstance(text, str) or not _NAME.fullmatch(text.strip()):
        raise ValueError(f"{shown(text)} is no name: visible characters without a blank, at most 200")
    if _REWRITTEN.fullmatch(text.strip()):
        raise ValueError(f"{shown(text)} was rewritten by a spreadsheet: use the file as it was exported")
    return text.strip()


def asset_of(text: object) -> str:
    """Return the name of an asset, such as BTC. Raises ValueError."""
    if not isinstance(text, str) or not _ASSET.fullmatch(text.strip()):
        raise ValueError(f"{shown(text)} is no asset such as BTC")
    return text.strip()


def instant_of(text: object) -> datetime:
    """Return an instant from milliseconds since 1970. Raises ValueError."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,16}", text.strip()):
        raise ValueError(f"{shown(text)} is no instant: milliseconds since 1970, such as 1664101285000")
    count = int(text)
    if _FIRST_MS <= count < _LAST_MS:
        return _EPOCH + timedelta(milliseconds=count)
    for looks_like_ms, unit in ((count * 1000, "seconds"), (count // 1000, "microseconds")):
        if _FIRST_MS <= looks_like_ms < _LAST_MS:
            raise ValueError(f"{shown(text)} looks like {unit}: milliseconds since 1970 are expected")
    raise ValueError(f"{shown(text)} milliseconds since 1970 are no time between 2009 and 2100")
