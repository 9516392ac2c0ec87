"""
Stooq: prices already adjusted for splits and dividends, volume scaled the other way.

The whole history is rescaled at every ex-date, so two downloads of one symbol differ by a
constant. A header of plain open, high, low, close says nothing about adjustment; such a file
counts as Stooq's only under the name Stooq gives it. Over HTTP it takes a key, which a person gets
behind a captcha on the site.
"""

import re
from datetime import date

from trading_ops.sources.layout import (
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
)
from trading_ops.sources.online import FetchedFile, OnlineSource, csv_examiner
from trading_ops.sources.replies import Refusals

_NAMES = re.compile(
    r"(?:\d{4}-\d\d-\d\d_+)?(?P<symbol>\^?[A-Z0-9][A-Z0-9-]*)[._]us(?:_d)?(?:_.*)?\.(?:csv|txt)",
    re.IGNORECASE,
)
_NAMES_FORM = "aapl_us_d.csv or aapl.us.txt"
_COLUMNS = (DATE, OPEN, HIGH, LOW, CLOSE, VOLUME)


def _layout(title: str, header: str, columns: tuple[str, ...], date_form: str = "YYYY-MM-DD") -> Layout:
    return Layout(
        title, "stooq", "fully_adjusted", tuple(header.split(",")), columns, _NAMES, _NAMES_FORM, date_form
    )


LAYOUTS = (
    _layout("Stooq csv", "date,open,high,low,close,volume", _COLUMNS),
    _layout("Stooq csv", "data,otwarcie,najwyzszy,najnizszy,zamkniecie,wolumen", _COLUMNS),
    _layout("Stooq csv", "data,otwarcie,najwyższy,najniższy,zamknięcie,wolumen", _COLUMNS),
    # Names somebody gave the columns by hand; there is only one way to read them.
    _layout("Stooq csv", "data,open,highest,lowest,close,volume", _COLUMNS),
    _layout(
        "Stooq bulk of 2020", "date,open,high,low,close,volume,openint", (*_COLUMNS, INTEREST), "YYYYMMDD"
    ),
    _layout(
        "Stooq bulk",
        "<ticker>,<per>,<date>,<time>,<open>,<high>,<low>,<close>,<vol>,<openint>",
        (TICKER, PERIOD, DATE, TIME, OPEN, HIGH, LOW, CLOSE, VOLUME, INTEREST),
        "YYYYMMDD",
    ),
)

REFUSALS: Refusals = (
    (r"get your apikey|apikey", "blocked"),
    (r"exceeded the daily hits limit|przekroczony dzienny limit", "limit"),
    (r"^(no data|brak danych)", "no_data"),
)


def fetch_bars(http, symbol: str, newest_date: date) -> FetchedFile:
    """Return the whole history of a symbol; it cannot be asked for a part on the stored scale."""
    name = symbol.lower()
    asked = name if name.startswith("^") else f"{name}.us"
    reply = http.get(
        "/q/d/l/", {"s": asked, "i": "d", "apikey": http.secret}, csv_examiner(LAYOUTS, REFUSALS)
    )
    return f"{name}_us_d.csv", reply.body


ONLINE = OnlineSource(
    name="stooq",
    needs_key=True,
    fetch_bars=fetch_bars,
    example_symbol="BRK-B",
    example=b"Date,Open,High,Low,Close,Volume\r\n"
    b"2024-03-04,53.0208,53.9971,53.0208,53.9803,27937545.35362\r\n"
    b"2024-03-05,53.9147,54.0685,53.252,53.6468,21400726.679482\r\n",
)
