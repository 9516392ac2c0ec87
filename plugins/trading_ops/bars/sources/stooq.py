"""
Stooq: prices already adjusted for splits and dividends, volume scaled the other way.

The whole history is rescaled at every ex-date, so two downloads of one symbol differ by a
constant. A header of plain open, high, low, close says nothing about adjustment; such a file
counts as Stooq's only under the name Stooq gives it.
"""

import re

from trading_ops.bars.sources.layout import (
    CLOSE,
    DATE,
    HIGH,
    INTEREST,
    LOW,
    OPEN,
    PERIOD,
    TICKER,
    TIME,
    VOLUME,
    Layout,
)  # fmt: skip

_NAMES = re.compile(
    r"(?:\d{4}-\d\d-\d\d_+)?(?P<symbol>\^?[A-Z0-9][A-Z0-9-]*)[._]us(?:_d)?(?:_.*)?\.(?:csv|txt)",
    re.IGNORECASE,
)
_NAMES_FORM = "aapl_us_d.csv or aapl.us.txt"
_COLUMNS = (DATE, OPEN, HIGH, LOW, CLOSE, VOLUME)


def _layout(
    title: str, header: str, columns: tuple[str, ...], date_form: str = "YYYY-MM-DD"
) -> Layout:
    return Layout(
        title,
        "stooq",
        "fully_adjusted",
        tuple(header.split(",")),
        columns,
        _NAMES,
        _NAMES_FORM,
        date_form,
    )


LAYOUTS = (
    _layout("Stooq csv", "date,open,high,low,close,volume", _COLUMNS),
    _layout("Stooq csv", "data,otwarcie,najwyzszy,najnizszy,zamkniecie,wolumen", _COLUMNS),
    _layout("Stooq csv", "data,otwarcie,najwyższy,najniższy,zamknięcie,wolumen", _COLUMNS),
    _layout(
        "Stooq bulk of 2020",
        "date,open,high,low,close,volume,openint",
        (*_COLUMNS, INTEREST),
        "YYYYMMDD",
    ),
    _layout(
        "Stooq bulk",
        "<ticker>,<per>,<date>,<time>,<open>,<high>,<low>,<close>,<vol>,<openint>",
        (TICKER, PERIOD, DATE, TIME, OPEN, HIGH, LOW, CLOSE, VOLUME, INTEREST),
        "YYYYMMDD",
    ),
)
