"""Whatever is wrong with a vendor file, the refusal names line, field and the accepted form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.bars.bar_samples import (
    ADJUSTED,
    DAILY,
    RATES,
    SESSIONS,
    STOOQ,
    STOOQ_BULK,
    YAHOO,
    YAHOO_SPLITS,
    damaged,
    parse_sample,
    refusal_of,
)
from trading_ops.bars.refusal import FileRefused, read_refusal

# sample, name, what is replaced by what, expected line, field and words of the reason
DAMAGES = {
    "not a number": (ADJUSTED, "A.csv", "50.7,", "n/a,", 5, "low", "plain decimal"),
    "NaN": (ADJUSTED, "A.csv", "50.55", "NaN", 4, "open", "plain decimal"),
    "infinity": (ADJUSTED, "A.csv", "51.20", "inf", 5, "high", "plain decimal"),
    "empty cell": (ADJUSTED, "A.csv", "50.55", "", 4, "open", "plain decimal"),
    "absurd exponent": (ADJUSTED, "A.csv", "51.20", "1e308", 5, "high", "plain decimal"),
    "hexadecimal": (ADJUSTED, "A.csv", "51.20", "0x33", 5, "high", "plain decimal"),
    "digits of another script": (ADJUSTED, "A.csv", "51.20", "٥١.٢", 5, "high", "plain decimal"),
    "adjusted close no number": (ADJUSTED, "A.csv", "51.0,51.0", "51.0,-", 5, "adjusted_close", "plain decimal"),
    "thousands comma": (ADJUSTED, "A.csv", ",2200,", ",2,200,", 4, "row", "10 cells; the header has 9"),
    "cut line": (ADJUSTED, "A.csv", "51.0,51.0,2000,0.0,1.0", "51.0", 5, "row", "5 cells"),
    "zero price": (ADJUSTED, "A.csv", "50.9,", "0,", 5, "open", "above 0"),
    "negative price": (ADJUSTED, "A.csv", "50.9,", "-50.9,", 5, "open", "above 0"),
    "high below low": (ADJUSTED, "A.csv", "51.20", "50.60", 5, "high", "low <= high"),
    "open above high": (ADJUSTED, "A.csv", "50.9,", "51.3,", 5, "open", "low <= price <= high"),
    "close below low": (ADJUSTED, "A.csv", ",51.0,51.0,", ",50.1,51.0,", 5, "close", "low <= price <= high"),
    "negative volume": (ADJUSTED, "A.csv", "2200", "-2200", 4, "volume", "not negative"),
    "negative dividend": (ADJUSTED, "A.csv", "0.24", "-0.24", 3, "dividend_amount", "not negative"),
    "split of zero": (ADJUSTED, "A.csv", "0.0,2.0", "0.0,0.0", 4, "split_coefficient", "above 0"),
    "future date": (ADJUSTED, "A.csv", "2024-03-07", "2024-03-18", 5, "timestamp", "2024-03-15"),
    "day of no calendar": (ADJUSTED, "A.csv", "2024-03-07", "2024-02-30", 5, "timestamp", "no day of the calendar"),
    "other date form": (ADJUSTED, "A.csv", "2024-03-07", "07/03/2024", 5, "timestamp", "YYYY-MM-DD"),
    "saturday": (ADJUSTED, "A.csv", "2024-03-07", "2024-03-09", 5, "timestamp", "Saturday or Sunday"),
    "out of order": (ADJUSTED, "A.csv", "2024-03-07", "2024-02-07", 5, "timestamp", "ascending"),
    "same date, other price": (ADJUSTED, "A.csv", "2024-03-07", "2024-03-06", 5, "open", "one row per date"),
    "other header": (ADJUSTED, "A.csv", "adjusted_close", "adj", 1, "header", "Alpha Vantage"),
    "yahoo adjusted close": (YAHOO, "A.csv", "6.417557239532471", "0", 3, "adj_close", "above 0"),
    "intraday period": (STOOQ_BULK, "aapl.us.txt", "AAPL.US,D,20240305", "AAPL.US,5,20240305", 3, "<per>", "intraday"),
    "intraday time": (STOOQ_BULK, "aapl.us.txt", "20240305,000000", "20240305,153500", 3, "<time>", "intraday"),
    "second symbol": (STOOQ_BULK, "aapl.us.txt", "AAPL.US,D,20240305", "MSFT.US,D,20240305", 3, "<ticker>", "AAPL.US"),
    "action date form": (YAHOO_SPLITS, "A.csv", "2020-08-31 09:30:00-04:00", "2020-08-31", 3, "date", "HH:MM:SS"),
    "price beyond any share": (ADJUSTED, "A.csv", "50.55,51.0,50.10,50.80,", "5e9,5e9,5e9,5e9,", 4, "open", "at most"),
    "volume and close swapped": (ADJUSTED, "A.csv", "50.80,50.80,2200", "2200,50.80,50.80", 4, "close", "low..high"),
    "high and low swapped": (ADJUSTED, "A.csv", "51.0,50.10", "50.10,51.0", 4, "high", "low <= high"),
    "volume and adjusted close swapped": (
        YAHOO, "A.csv", "6.417557239532471,7.656428813934326,7.699643135070801,7.6160712242126465,7.664286136627197,601904800",
        "601904800,7.656428813934326,7.699643135070801,7.6160712242126465,7.664286136627197,6.417557239532471",
        3, "adj_close", "above the close",
    ),
    "decimal comma in quotes": (ADJUSTED, "A.csv", "51.20", '"51,20"', 5, "high", "plain decimal"),
    "time of day": (ADJUSTED, "A.csv", "2024-03-07", "2024-03-07 09:35", 5, "timestamp", "intraday"),
    "rate of zero": (RATES, "FX-GBPUSD.csv", "1.2704", "0", 3, "rate", "above 0"),
    "rate of another pair": (RATES, "FX-GBPUSD.csv", "GBP,USD,1.2704", "USD,GBP,1.2704", 3, "base_currency", "GBP"),
    "rate of no source": (RATES, "FX-GBPUSD.csv", "1.2704,yahoo", "1.2704,rumour", 3, "source", "yahoo"),
}  # fmt: skip


def test_a_file_of_rates_without_a_rate_is_refused_with_its_place():
    """Its header alone once ended the whole load, with an error that named no file."""
    refusal = refusal_of(RATES.splitlines()[0] + "\n", "FX-GBPUSD.csv")
    assert (refusal.line, refusal.field) == (1, "header") and "no row under it" in refusal.reason


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_file_is_refused_with_its_place(case):
    """One wrong piece in an otherwise good file costs the whole file, and the message finds it."""
    text, name, old, new, line, field, words = DAMAGES[case]
    parse_sample(text, name)
    refusal = refusal_of(damaged(text, old, new), name)
    assert (refusal.line, refusal.field) == (line, field)
    assert words in refusal.reason


ANSWERS = {
    "web page": "<!DOCTYPE html><html><body>verify, your browser</body></html>",
    "error message": '{"chart":{"result":null,"error":{"code":"Not Found"}}}',
    "error saved as csv": "{\nError Message\n}",
    "quota": "Exceeded the daily hits limit",
    "no data": "No data\n",
    "nothing": "",
    "blank lines": "\n\r\n\n",
    "binary": b"PK\x03\x04\xff\xfe,\x00",
    "wrong encoding": "Date,Zamknięcie\n".encode("cp1250"),
    "UTF-16": STOOQ.encode("utf-16"),
    "UTF-16 without a mark": STOOQ.encode("utf-16-le"),
    "semicolons": STOOQ.replace(",", ";").replace(".", ","),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_is_no_data_is_refused(case):
    """Vendors refuse with HTTP 200; the content decides, and the message says what is expected."""
    refusal = refusal_of(ANSWERS[case], "aapl_us_d.csv")
    assert "a file of comma-separated rows under a header line is expected" in refusal.reason


def test_a_row_of_another_encoding_is_refused_with_its_line():
    """A byte of Latin-1 in the middle of a file is where an editor can find it."""
    refusal = refusal_of(damaged(DAILY, "2024-03-05", "2024-03-05\xa0").encode("latin-1"), "A.csv")
    assert (refusal.line, "UTF-8" in refusal.reason) == (3, True)


def test_five_minute_bars_named_daily_are_refused():
    """Without a column that says so, several rows a day with different prices give them away."""
    rows = [f"2024-03-0{day},{100 + n},102,99,{100 + n},10" for day in (4, 5) for n in (0, 1, 2)]
    refusal = refusal_of(DAILY.splitlines()[0] + "\n" + "\n".join(rows) + "\n", "A.csv")
    assert (refusal.line, "6 rows for 2 dates are intraday bars" in refusal.reason) == (3, True)


@pytest.mark.parametrize("symbol", ["ZVZZT", "ZWZZT", "ZXZZT", "NTEST", "ATEST", "PTEST-Z", "ZTST"])
def test_a_test_symbol_of_an_exchange_is_no_company(symbol):
    """Vendors carry them among the real ones; ZVZZT doubles and halves on one day in ten."""
    refusal = refusal_of(STOOQ, f"{symbol.lower()}_us_d.csv")
    assert (refusal.field, "test orders" in refusal.reason) == ("file name", True)


@pytest.mark.parametrize("symbol", ["ZTS", "TEST", "ZION", "NTES", "CBOE"])
def test_a_company_with_such_a_name_is_one(symbol):
    """Zoetis, NetEase and their like are traded."""
    assert parse_sample(STOOQ, f"{symbol.lower()}_us_d.csv").symbol == symbol


def test_too_many_rows_to_leave_out_refuse_the_file():
    """A handful of old errors is a vendor's normal; one row in twenty is a broken file."""
    days = [day.astype(object) for day in SESSIONS if day < np.datetime64("2021-12-31")]
    old = "".join(f"{day},0,0,0,0,0,5,0.0,1.0\n" for day in days[:60])
    good = "".join(f"{day},1,1,1,1,1,5,0.0,1.0\n" for day in days[60:])
    text = ADJUSTED.replace("2024-03-04", old + good + "2024-03-04", 1)
    refusal = refusal_of(text, "A.csv")
    assert (refusal.line, "60 such rows" in refusal.reason) == (2, True)
    assert len(parse_sample(text.replace(old, "".join(old.splitlines(True)[:20])), "A.csv").quarantined) == 20


def test_a_header_without_rows_is_refused():
    """No bar at all is no data."""
    assert refusal_of(DAILY.splitlines()[0] + "\n", "A.csv").field == "header"


def test_a_plain_header_counts_as_stooq_only_under_its_name():
    """Open, high, low, close say nothing about adjustment; guessing would adjust twice."""
    refusal = refusal_of(STOOQ, "AAPL.csv")
    assert (refusal.field, "aapl_us_d.csv" in refusal.reason) == ("file name", True)


def test_simulated_bars_under_a_wrong_name_are_refused():
    """Half a marker must not turn a fictional company into a vendor's symbol."""
    assert refusal_of(ADJUSTED, "SIM-AB.csv").field == "file name"


def test_a_line_number_counts_blank_lines():
    """The number is what an editor shows."""
    text = damaged(DAILY, "2024-03-05,100.8", "\n\n2024-03-05,-100.8")
    assert refusal_of(text, "A.csv").line == 5


def test_the_first_of_several_bad_rows_is_named_in_a_descending_file():
    """First means first in the file, whichever way it is sorted."""
    text = DAILY.splitlines()
    text = "\n".join([text[0], text[2].replace("100.8", "0"), text[1].replace("100.0", "0")])
    assert refusal_of(text, "A.csv").line == 2


def test_a_stored_refusal_reads_back_as_it_was():
    """The load's row in the database is all that is left of a refusal."""
    refusal = refusal_of(damaged(ADJUSTED, "51.20", "field: reason"), "A.csv")
    assert read_refusal(refusal.file, refusal.detail()) == refusal


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, len(ADJUSTED)), st.integers(0, 40))
def test_any_bytes_are_accepted_or_refused_but_never_crash(junk, place, cut):
    """A loader that dies on one strange file takes the other ninety-nine with it."""
    good = ADJUSTED.encode()
    for body in (junk, good[:place] + junk + good[place + cut :]):
        try:
            parse_sample(body, "A.csv")
        except FileRefused as refused:
            assert refused.refusal.reason
