"""
Alpha Vantage: as-traded prices; the daily-adjusted files carry dividends and splits.

Its adjusted_close is not stored: it follows from the splits and dividends of the same file and
changes along the whole history at each of them, while the as-traded prices never do.
"""

import re

from trading_ops.sources.layout import BESIDE, CLOSE, DATE, DIVIDEND, HIGH, LOW, OPEN, SPLIT, VOLUME, Layout

_NAMES = re.compile(
    r"(?!SIM-)(?:DA-|daily_adjusted_|daily_)?(?P<symbol>[A-Z][A-Z0-9]{0,5}(?:[.-][A-Z]{1,2})?)(?:-T-\d{4}-\d\d-\d\d)?\.csv",
    re.IGNORECASE,
)
_NAMES_FORM = "AAPL.csv, daily_adjusted_AAPL.csv or DA-AAPL-T-2021-04-21.csv"

ADJUSTED_HEADER = (
    "timestamp", "open", "high", "low", "close", "adjusted_close", "volume", "dividend_amount", "split_coefficient",
)  # fmt: skip
ADJUSTED_COLUMNS = (DATE, OPEN, HIGH, LOW, CLOSE, BESIDE, VOLUME, DIVIDEND, SPLIT)
_RAW_COLUMNS = (DATE, OPEN, HIGH, LOW, CLOSE, VOLUME)


def _layout(title: str, header: tuple[str, ...], columns: tuple[str, ...]) -> Layout:
    return Layout(title, "alpha_vantage", "raw", header, columns, _NAMES, _NAMES_FORM)


LAYOUTS = (
    _layout("Alpha Vantage daily adjusted", ADJUSTED_HEADER, ADJUSTED_COLUMNS),
    _layout("Alpha Vantage daily", ("timestamp", "open", "high", "low", "close", "volume"), _RAW_COLUMNS),
    _layout("Alpha Vantage daily", ("date", "open", "high", "low", "close", "5. volume"), _RAW_COLUMNS),
)
