"""
Tiingo: as-traded prices with the dividends and splits beside them; a key is needed.

Its adjusted columns are not stored: they follow from the dividends and splits of the same row and
change along the whole history at each of them, while the as-traded prices never do.
"""

import re
from datetime import date

from trading_ops.sources.layout import BESIDE, CLOSE, DATE, DIVIDEND, HIGH, LOW, OPEN, SPLIT, VOLUME, Layout
from trading_ops.sources.online import FetchedFile, OnlineSource, csv_examiner
from trading_ops.sources.replies import Refusals

_HEADER = (
    "date", "close", "high", "low", "open", "volume",
    "adjclose", "adjhigh", "adjlow", "adjopen", "adjvolume", "divcash", "splitfactor",
)  # fmt: skip

# The adjusted columns; a table's columns need different names.
_UNREAD = tuple(f"{BESIDE}_{cell}" for cell in _HEADER if cell.startswith("adj"))

LAYOUTS = (
    Layout(
        "Tiingo daily",
        "tiingo",
        "raw",
        _HEADER,
        (DATE, CLOSE, HIGH, LOW, OPEN, VOLUME, *_UNREAD, DIVIDEND, SPLIT),
        re.compile(r"(?:tiingo[_-])?(?P<symbol>[A-Z][A-Z0-9]{0,5}(?:[.-][A-Z]{1,2})?)\.csv", re.IGNORECASE),
        "AAPL.csv or tiingo_AAPL.csv",
    ),
)

REFUSALS: Refusals = (
    (r"you have run over your", "limit"),
    (r"supply a token|invalid token|authentication credentials", "blocked"),
    (r"ticker .* not found|\"detail\":\s*\"not found", "not_found"),
    (r"^\[\s*\]", "no_data"),
)
# Before the first bar the desk could use; Tiingo answers with what it has.
_FIRST_DATE = "1990-01-01"


def fetch_bars(http, symbol: str, newest_date: date) -> FetchedFile:
    """Return the whole history of a symbol; share classes are written BRK-B there."""
    reply = http.get(
        f"/tiingo/daily/{symbol.replace('.', '-').lower()}/prices",
        {"startDate": _FIRST_DATE, "endDate": newest_date.isoformat(), "format": "csv"},
        csv_examiner(LAYOUTS, REFUSALS),
        {"Authorization": f"Token {http.secret}"},
    )
    return f"tiingo_{symbol}.csv", reply.body


ONLINE = OnlineSource(
    name="tiingo",
    needs_key=True,
    fetch_bars=fetch_bars,
    example_symbol="BRK.B",
    example=b"date,close,high,low,open,volume,"
    b"adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor\n"
    b"2024-03-04,500.50,502.0,498.5,499.0,1000000,125.0,125.5,124.6,124.7,4000000,0.0,1.0\n"
    b"2024-03-05,126.25,127.5,124.75,125.5,4100000,126.25,127.5,124.75,125.5,4100000,0.24,4.0\n",
)
