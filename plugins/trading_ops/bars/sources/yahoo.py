"""
Yahoo: prices and volume adjusted for splits, plus a close adjusted for dividends as well.

Splits and dividends come in files of their own, named after the symbol like the bars; an absent
one means there were none. Dividends are in split-adjusted dollars.
"""

import re

from trading_ops.bars.sources.layout import (
    ADJ_CLOSE,
    CLOSE,
    DATE,
    DIVIDEND,
    HIGH,
    LOW,
    OPEN,
    SPLIT,
    VOLUME,
    Layout,
)  # fmt: skip

_NAMES = re.compile(r"(?P<symbol>\^?[A-Z][A-Z0-9]{0,5}(?:[.-][A-Z]{1,2})?)\.csv", re.IGNORECASE)
_NAMES_FORM = "AAPL.csv"
# The exchange's own opening time with its offset; the first ten characters are the New York date.
_STAMP = "YYYY-MM-DD HH:MM:SS-05:00"


def _layout(
    title: str, header: str, columns: tuple[str, ...], date_form: str = "YYYY-MM-DD"
) -> Layout:
    return Layout(
        title,
        "yahoo",
        "split_adjusted",
        tuple(header.split(",")),
        columns,
        _NAMES,
        _NAMES_FORM,
        date_form,
    )


LAYOUTS = (
    _layout(
        "Yahoo bars", "date,adj_close,close,high,low,open,volume",
        (DATE, ADJ_CLOSE, CLOSE, HIGH, LOW, OPEN, VOLUME),
    ),
    _layout(
        "Yahoo bars", "date,open,high,low,close,adj close,volume",
        (DATE, OPEN, HIGH, LOW, CLOSE, ADJ_CLOSE, VOLUME),
    ),
    _layout("Yahoo splits", "date,stock splits", (DATE, SPLIT), _STAMP),
    _layout("Yahoo dividends", "date,dividends", (DATE, DIVIDEND), _STAMP),
)  # fmt: skip
