"""
Twelve Data: asked for adjust=all, so adjusted for splits and dividends; a key is needed.

Its reply does not say how it was adjusted: that depends on the parameter, whose default is splits
only. A file therefore counts as Twelve Data's only when its name says `_1day_all`.
"""

import re
from datetime import date

from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.layout import CLOSE, DATE, HIGH, LOW, OPEN, VOLUME, Layout
from trading_ops.sources.online import FetchedFile, OnlineSource, csv_examiner
from trading_ops.sources.replies import Refusals

LAYOUTS = (
    Layout(
        "Twelve Data daily",
        "twelve_data",
        "fully_adjusted",
        ("datetime", "open", "high", "low", "close", "volume"),
        (DATE, OPEN, HIGH, LOW, CLOSE, VOLUME),
        re.compile(r"(?P<symbol>[A-Z][A-Z0-9]{0,5}(?:[.-][A-Z]{1,2})?)_1day_all\.csv", re.IGNORECASE),
        "AAPL_1day_all.csv",
    ),
)

REFUSALS: Refusals = (
    (r"run out of api credits|\"code\":\s*429", "limit"),
    # A symbol that the key's plan leaves out is for this desk one it does not carry.
    (r"available starting with", "not_found"),
    (r"\"code\":\s*40[13]|apikey\W+parameter", "blocked"),
    (r"no data is available", "no_data"),
    (r"\*\*symbol\*\*.{0,40}(not found|missing or invalid)|\"code\":\s*404", "not_found"),
)
# It gives at most 5000 rows. A start that never moves keeps every download comparable with the
# stored one along its whole length, and is enough until 2029.
_FIRST_DATE, _ROWS_MAX = "2010-01-01", 5000


def fetch_bars(http, symbol: str, newest_date: date) -> FetchedFile:
    """Return the history of a symbol since 2010."""
    reply = http.get(
        "/time_series",
        {
            "symbol": symbol,
            "interval": "1day",
            "adjust": "all",
            "order": "asc",
            "start_date": _FIRST_DATE,
            "outputsize": str(_ROWS_MAX),
            "format": "CSV",
            "delimiter": ",",
        },
        csv_examiner(LAYOUTS, REFUSALS),
        {"Authorization": f"apikey {http.secret}"},
    )
    if reply.body.count(b"\n") >= _ROWS_MAX:
        raise NotDelivered("failed", f"{_ROWS_MAX} rows or more: the oldest or newest are missing")
    return f"{symbol}_1day_all.csv", reply.body


ONLINE = OnlineSource(
    name="twelve_data",
    needs_key=True,
    fetch_bars=fetch_bars,
    example_symbol="BRK.B",
    example=b"datetime,open,high,low,close,volume\n"
    b"2024-03-04,176.15,176.90,173.79,175.10,81510100\n"
    b"2024-03-05,170.76,172.04,169.62,170.12,95132400\n",
)
