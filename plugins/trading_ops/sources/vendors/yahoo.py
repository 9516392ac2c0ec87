"""
Yahoo: prices and volume adjusted for splits, plus a close adjusted for dividends as well.

In files of other programs splits and dividends come beside the bars, named after the symbol like
them; an absent one means there were none. The yfinance package writes them into the bars' file.
Dividends are in split-adjusted dollars.
"""

import re
from datetime import date

from trading_ops.sources.layout import (
    ADJ_CLOSE,
    BESIDE,
    CLOSE,
    DATE,
    DIVIDEND,
    HIGH,
    LOW,
    OPEN,
    SPLIT,
    VOLUME,
    Layout,
)
from trading_ops.sources.online import FetchedFile, OnlineSource
from trading_ops.sources.replies import Refusals

_NAMES = re.compile(r"(?P<symbol>\^?[A-Z][A-Z0-9]{0,5}(?:[.-][A-Z]{1,2})?)\.csv", re.IGNORECASE)
_NAMES_FORM = "AAPL.csv"
# The exchange's own opening time with its offset; the first ten characters are the New York date.
_STAMP = "YYYY-MM-DD HH:MM:SS-05:00"
_DATE_OR_STAMP = "YYYY-MM-DD with or without 00:00:00-05:00"


def _layout(
    title: str, header: str, columns: tuple[str, ...], date_form: str = "YYYY-MM-DD", no_split: float = 1.0
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
        no_split,
    )


_BARS = (DATE, OPEN, HIGH, LOW, CLOSE, ADJ_CLOSE, VOLUME)
_YFINANCE = "open,high,low,close,adj close,volume,dividends,stock splits"

LAYOUTS = (
    _layout(
        "Yahoo bars",
        "date,adj_close,close,high,low,open,volume",
        (DATE, ADJ_CLOSE, CLOSE, HIGH, LOW, OPEN, VOLUME),
    ),
    _layout("Yahoo bars", "date,open,high,low,close,adj close,volume", _BARS),
    *(
        _layout("yfinance bars", f"{first},{_YFINANCE}{last}", columns, _DATE_OR_STAMP, no_split=0.0)
        for first in ("date", "datetime")
        # What a fund hands out of its gains is in the adjusted close.
        for last, columns in (
            ("", (*_BARS, DIVIDEND, SPLIT)),
            (",capital gains", (*_BARS, DIVIDEND, SPLIT, BESIDE)),
        )
    ),
    _layout("Yahoo splits", "date,stock splits", (DATE, SPLIT), _STAMP),
    _layout("Yahoo dividends", "date,dividends", (DATE, DIVIDEND), _STAMP),
)

REFUSALS: Refusals = (
    (r"\"code\":\s*\"not found\"", "not_found"),
    (r"data doesn't exist|data not available|no data found", "no_data"),
    (r"invalid (crumb|cookie)|\"code\":\s*\"(unauthorized|forbidden)\"", "blocked"),
)


def fetch_bars(http, symbol: str, newest_date: date) -> FetchedFile:
    """Return the whole history of a symbol with its splits and dividends."""
    from trading_ops.sources.yfinance_session import history

    bars = history(http, symbol, newest_date, REFUSALS)
    columns = ["Open", "High", "Low", "Close", "Adj Close", "Volume", "Dividends", "Stock Splits"]
    return f"{symbol}.csv", bars[columns].to_csv(index_label="Date").encode()


def fetch_rates(http, pair: str, newest_date: date) -> FetchedFile:
    """Return the daily closes of a currency pair; the rate of a day that has not ended is left out."""
    from trading_ops.sources.vendors.simulated import rates_file
    from trading_ops.sources.yfinance_session import history

    closes = history(http, f"{pair}=X", newest_date, REFUSALS)["Close"].dropna()
    days = zip(closes.index, closes.tolist(), strict=True)
    rates = ((f"{day:%Y-%m-%d}", repr(rate)) for day, rate in days if day.date() < newest_date)
    return rates_file(pair, "yahoo", rates)


ONLINE = OnlineSource(
    name="yahoo",
    needs_key=False,
    fetch_bars=fetch_bars,
    fetch_rates=fetch_rates,
    example_symbol="BRK-B",
    example=b'{"chart":{"result":[{"meta":{"currency":"USD","symbol":"BRK-B","instrumentType":"EQUITY",'
    b'"firstTradeDate":831562200,"gmtoffset":-18000,"timezone":"EST","regularMarketTime":1709672402,'
    b'"exchangeTimezoneName":"America/New_York","dataGranularity":"1d","range":"",'
    b'"validRanges":["1d","max"],"currentTradingPeriod":{'
    b'"pre":{"timezone":"EST","start":1709629200,"end":1709649000,"gmtoffset":-18000},'
    b'"regular":{"timezone":"EST","start":1709649000,"end":1709672400,"gmtoffset":-18000},'
    b'"post":{"timezone":"EST","start":1709672400,"end":1709686800,"gmtoffset":-18000}}},'
    b'"timestamp":[1709562600,1709649000],'
    b'"events":{"splits":{"1709649000":{"date":1709649000,"numerator":4.0,"denominator":1.0,'
    b'"splitRatio":"4:1"}}},'
    b'"indicators":{"quote":[{"open":[99.5,100.25],"high":[101.5,102.0],"low":[99.0,100.0],'
    b'"close":[100.5,101.75],"volume":[1000,1100]}],"adjclose":[{"adjclose":[100.5,101.75]}]}}],'
    b'"error":null}}',
)
