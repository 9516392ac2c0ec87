"""Every vendor layout is recognised by its content and keeps the vendor's own digits."""

import pytest

from tests.unit.bars.bar_samples import (
    ADJUSTED,
    DAILY,
    NEWEST_FIRST,
    RATES,
    STOOQ,
    STOOQ_2020,
    STOOQ_BULK,
    STOOQ_POLISH,
    YAHOO,
    YAHOO_DIVIDENDS,
    YAHOO_SPLITS,
    parse_sample,
)

LAYOUTS = {
    "DA-BRK.B-T-2024-03-08.csv": (ADJUSTED, "alpha_vantage", "raw", "BRK.B", 4),
    "daily_adjusted_IBM.csv": (ADJUSTED, "alpha_vantage", "raw", "IBM", 4),
    "SIM-QANT.csv": (ADJUSTED, "simulated", "raw", "QANT", 4),
    "AAPL.csv": (DAILY, "alpha_vantage", "raw", "AAPL", 2),
    "daily_AAPL.csv": (NEWEST_FIRST, "alpha_vantage", "raw", "AAPL", 2),
    "stocks/MSFT.csv": (YAHOO, "yahoo", "split_adjusted", "MSFT", 2),
    "2026-06-26__spy_us_d__LAST_ROW.csv": (STOOQ, "stooq", "fully_adjusted", "SPY", 2),
    "brk-b_us_d.csv": (STOOQ_POLISH, "stooq", "fully_adjusted", "BRK-B", 2),
    "d_us/nasdaq stocks/1/aapl.us.txt": (STOOQ_2020, "stooq", "fully_adjusted", "AAPL", 2),
    "bulk.zip/1/aapl.us.txt": (STOOQ_BULK, "stooq", "fully_adjusted", "AAPL", 2),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_says_source_basis_symbol_and_rows(name):
    """The four facts the loader needs all follow from header and name."""
    text, source, basis, symbol, row_count = LAYOUTS[name]
    parsed = parse_sample(text, name)
    assert (parsed.source, parsed.layout.price_basis, parsed.symbol, parsed.row_count) == (
        source,
        basis,
        symbol,
        row_count,
    )


@pytest.mark.parametrize("name", LAYOUTS)
def test_windows_line_ends_and_a_byte_order_mark_change_nothing(name):
    """The same file saved on another system has the same bars."""
    text = LAYOUTS[name][0]
    saved = b"\xef\xbb\xbf" + text.lstrip("\n").replace("\n", "\r\n").encode()
    assert parse_sample(saved, name).bars == parse_sample(text, name).bars


def test_numbers_keep_the_digits_the_vendor_wrote():
    """No float in between: 101.50 stays 101.50 and Yahoo's seventeen digits stay seventeen."""
    assert parse_sample(ADJUSTED, "A.csv").bars["high_price"].to_pylist() == [
        "101.50",
        "102.0",
        "51.0",
        "51.20",
    ]
    assert parse_sample(YAHOO, "A.csv").bars["adj_close_price"].to_pylist() == [
        "6.40648078918457",
        "6.417557239532471",
    ]
    assert parse_sample(STOOQ, "spy_us_d.csv").bars["volume_units"].to_pylist() == [
        "27937545.35362",
        "21400726.679482",
    ]


def test_alpha_vantage_actions_come_from_its_own_columns():
    """Only rows where something happened count, with the vendor's text."""
    parsed = parse_sample(ADJUSTED, "IBM.csv")
    assert parsed.actions == (("2024-03-06", "split", "2.0"), ("2024-03-05", "dividend", "0.24"))
    assert parsed.action_kinds == ("split", "dividend")
    assert "adj_close_price" not in parsed.bars.column_names


def test_yahoo_action_files_carry_the_new_york_date():
    """The stamp is the exchange's opening time; its first ten characters are the ex-date."""
    splits, dividends = (
        parse_sample(YAHOO_SPLITS, "splits/AAPL.csv"),
        parse_sample(YAHOO_DIVIDENDS, "dividends/AAPL.csv"),
    )
    assert splits.actions == (("2014-06-09", "split", "7.0"), ("2020-08-31", "split", "4.0"))
    assert dividends.actions == (("1987-05-11", "dividend", "0.000536"), ("2024-02-09", "dividend", "0.24"))
    assert splits.bars is None


def test_an_action_file_without_rows_says_there_were_none():
    """Unlike a file of bars, it may be empty below its header."""
    assert parse_sample("Date,Stock Splits\n", "META.csv").actions == ()


def test_newest_first_is_turned_round():
    """Alpha Vantage's own download has the newest bar on top."""
    parsed = parse_sample(NEWEST_FIRST, "IBM.csv")
    assert parsed.dates.astype(str).tolist() == ["2024-03-04", "2024-03-05"]
    assert parsed.lines.tolist() == [3, 2]


def test_rates_are_read_with_their_source():
    """A rate says in its own row where it comes from."""
    parsed = parse_sample(RATES, "FX-GBPUSD.csv")
    assert (parsed.source, parsed.rates[0]) == ("yahoo", ("2024-03-04", "GBP", "USD", "1.2687"))


def test_a_repeated_identical_row_counts_once():
    """Vendors repeat the last row now and then."""
    last = ADJUSTED.splitlines()[-1]
    parsed = parse_sample(ADJUSTED + last + "\n", "IBM.csv")
    assert parsed.row_count == 4


def test_blank_lines_are_passed_over():
    """They are no rows, but they count as lines in messages."""
    parsed = parse_sample(DAILY.replace("2024-03-05", "\n2024-03-05"), "IBM.csv")
    assert parsed.lines.tolist() == [2, 4]


@pytest.mark.parametrize("missing", ["NaN", "", "null"])
def test_a_newest_bar_without_prices_is_quarantined(missing):
    """Yahoo's bar of the running session has a volume and no price; the history before it is good."""
    text = YAHOO + f"2024-03-06,{missing},{missing},{missing},{missing},{missing},9351756\n"
    parsed = parse_sample(text, "GLD.csv")
    assert parsed.row_count == 2
    (row,) = parsed.quarantined
    assert (row.line, row.field, str(row.session_date)) == (4, "open", "2024-03-06")
    assert row.row_text == f"2024-03-06,{missing},{missing},{missing},{missing},{missing},9351756"
    assert "not finished" in row.reason


def test_a_newest_bar_on_top_of_the_file_is_the_newest_too():
    """Alpha Vantage writes newest first."""
    text = NEWEST_FIRST.replace("2024-03-05,100.8", "2024-03-05,NaN")
    assert [row.line for row in parse_sample(text, "IBM.csv").quarantined] == [2]


def test_an_old_bar_without_a_price_is_quarantined():
    """Nobody reads it any more, and the rest of the history is worth having."""
    old = "2021-03-04,1,1,NaN,1,1,5,0.0,1.0\n"
    parsed = parse_sample(ADJUSTED.replace("2024-03-04,", old + "2024-03-04,", 1), "IBM.csv")
    assert [(row.line, row.field) for row in parsed.quarantined] == [(2, "low")]


def test_a_split_on_a_quarantined_row_still_counts():
    """The vendor's price of the day is wrong; the split happened."""
    old = "2021-03-04,0,0,0,0,0,5,0.5,3.0\n"
    parsed = parse_sample(ADJUSTED.replace("2024-03-04,", old + "2024-03-04,", 1), "IBM.csv")
    assert parsed.actions[0] == ("2021-03-04", "split", "3.0")


def test_the_price_a_listing_was_offered_at_is_no_bar():
    """TSLA, 28 June 2010: 17 dollars flat, nothing traded, and the first trade a day later at 19."""
    first = "2024-03-01,50,50,50,50,0\n"
    text = STOOQ.replace("2024-03-04,", first + "2024-03-04,", 1)
    parsed = parse_sample(text, "tsla_us_d.csv")
    assert [(row.line, row.field) for row in parsed.quarantined] == [(2, "volume")]
    assert parsed.row_count == 2


def test_a_series_without_volumes_keeps_its_first_row():
    """An index is not traded, and old histories have prices without volumes."""
    text = STOOQ.replace(",27937545.35362", ",0").replace(",21400726.679482", ",0")
    assert parse_sample(text, "^vix_us_d.csv").row_count == 2


def test_a_rounded_split_ratio_is_kept_as_written():
    """7.00000700001 is what the vendor says; what it means is for the price models to decide."""
    assert parse_sample(ADJUSTED.replace("0.0,2.0", "0.0,7.00000700001"), "IBM.csv").actions[0] == (
        "2024-03-06",
        "split",
        "7.00000700001",
    )


def test_an_old_broken_bar_is_left_out_and_named():
    """An error of decades ago must not cost the desk a symbol; it is not stored either."""
    old = "2021-03-04,0,0,0,0,0,5,0.0,1.0\n"
    parsed = parse_sample(ADJUSTED.replace("2024-03-04,", old + "2024-03-04,", 1), "IBM.csv")
    assert parsed.row_count == 4
    assert [(one.line, one.field) for one in parsed.quarantined] == [(2, "open")]


def test_a_bar_on_a_closed_weekday_is_left_out():
    """Presidents' Day 2024 was no session, whatever an index vendor computes on it."""
    parsed = parse_sample(DAILY.replace("2024-03-04", "2024-02-19"), "IBM.csv")
    assert parsed.dates.astype(str).tolist() == ["2024-03-05"]
    assert "no session" in parsed.quarantined[0].reason
