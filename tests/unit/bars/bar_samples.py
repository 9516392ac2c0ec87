"""Ten-line vendor files, written by hand: one per layout, and a way to parse and to damage them."""

from datetime import date

import numpy as np
import pytest

from trading_ops.bars.parse import ParsedFile, parse_file
from trading_ops.bars.refusal import FileRefused, Refusal
from trading_ops.exchange.sessions import sessions_between

NEWEST = np.datetime64("2024-03-15")
SESSIONS = np.array(sessions_between(date(2020, 1, 1), date(2024, 12, 31)), dtype="datetime64[D]")

ADJUSTED = """\
timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient
2024-03-04,100.0,101.50,99.25,100.75,50.1,1000,0.0,1.0
2024-03-05,100.80,102.0,100.5,101.1,50.2,1100,0.24,1.0
2024-03-06,50.55,51.0,50.10,50.80,50.80,2200,0.0,2.0
2024-03-07,50.9,51.20,50.7,51.0,51.0,2000,0.0,1.0
"""
DAILY = """\
Date,Open,High,Low,Close,5. volume
2024-03-04,100.0,101.5,99.25,100.75,1000.0
2024-03-05,100.8,102.0,100.5,101.1,1100.0
"""
NEWEST_FIRST = """\
timestamp,open,high,low,close,volume
2024-03-05,100.8,102.0,100.5,101.1,1100
2024-03-04,100.0,101.5,99.25,100.75,1000
"""
YAHOO = """\
date,adj_close,close,high,low,open,volume
2024-03-04,6.40648078918457,7.643214225769043,7.660714149475098,7.585000038146973,7.622499942779541,493729600
2024-03-05,6.417557239532471,7.656428813934326,7.699643135070801,7.6160712242126465,7.664286136627197,601904800
"""
YAHOO_SPLITS = """\
Date,Stock Splits
2014-06-09 09:30:00-04:00,7.0
2020-08-31 09:30:00-04:00,4.0
"""
YAHOO_DIVIDENDS = """\
Date,Dividends
1987-05-11 09:30:00-04:00,0.000536
2024-02-09 09:30:00-05:00,0.24
"""
STOOQ = """\
Date,Open,High,Low,Close,Volume
2024-03-04,53.0208,53.9971,53.0208,53.9803,27937545.35362
2024-03-05,53.9147,54.0685,53.252,53.6468,21400726.679482
"""
STOOQ_POLISH = "\n" + STOOQ.replace(
    "Date,Open,High,Low,Close,Volume", "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen"
)
STOOQ_2020 = """\
Date,Open,High,Low,Close,Volume,OpenInt
20240304,0.41142,0.41642,0.40644,0.41142,23922756,0
20240305,0.41142,0.41267,0.40151,0.40896,18567961,0
"""
STOOQ_BULK = """\
<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>
AAPL.US,D,20240304,000000,79.5745,79.5974,79.3923,79.5974,85793.38285123,0
AAPL.US,D,20240305,000000,79.5974,79.6153,79.2718,79.3843,462100.25243256,0
"""
RATES = """\
rate_date,base_currency,quote_currency,rate,source
2024-03-04,GBP,USD,1.2687,yahoo
2024-03-05,GBP,USD,1.2704,yahoo
"""


def parse_sample(text: str | bytes, name: str) -> ParsedFile:
    """Parse a sample as the loader would on 15 March 2024."""
    return parse_file(text if isinstance(text, bytes) else text.encode(), name, NEWEST, SESSIONS)


def refusal_of(text: str | bytes, name: str) -> Refusal:
    """Return why a sample is refused; a sample that is accepted fails the test."""
    with pytest.raises(FileRefused) as refused:
        parse_sample(text, name)
    assert refused.value.refusal.file == name
    return refused.value.refusal


def damaged(text: str, old: str, new: str) -> str:
    """Return a sample with one piece replaced; the piece must be there once."""
    assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
    return text.replace(old, new)
