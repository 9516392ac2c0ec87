"""Figures are understood without doubt or refused with the accepted form; nothing in between."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirm_app.forms.figures import (
    FigureError,
    as_typed,
    parse_figure,
    parse_instant,
    parse_key,
    parse_text,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234.50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1 234.50", "1234.50"),
        ("1\u00a0234.50", "1234.50"),
        ("1\u202f234.50", "1234.50"),
        ("£1,234.50", "1234.50"),
        ("£\u00a01,234.50 ", "1234.50"),
        ("500 £", "500"),
        ("12,345,678", "12345678"),
        (".5", "0.5"),
        ("007", "7"),
    ],
)
def test_the_usual_ways_to_write_pounds_are_read(text, value):
    """Thousands commas, spaces a keyboard adds and the pound sign mean what a person means by them."""
    assert parse_figure(text, places=2, currency="GBP") == Decimal(value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is missing"),
        ("   \u00a0", "is missing"),
        ("1.234,50", "comma where none belongs"),
        ("1 757,95", "comma where none belongs"),
        ("12,5", "comma where none belongs"),
        ("1,2345", "comma where none belongs"),
        ("1,234 567", "mixes commas and spaces"),
        ("1e5", "scientific notation"),
        ("1E+5", "scientific notation"),
        ("-5", "negative"),
        ("\u22125", "negative"),
        ("(6.97)", "negative"),
        ("$5", "this field is in GBP"),
        ("5€", "this field is in GBP"),
        ("١٢٣", "digits other than 0-9"),
        ("１２３", "digits other than 0-9"),
        ("1.234", "can be read as 1234 and as 1.234: write 1234 or 1.23, at most 2"),
        ("1.2345", "at most 2"),
        ("0,125", "comma where none belongs"),
        ("0,125.00", "comma where none belongs"),
        ("01,234", "comma where none belongs"),
        ("0 125", "space where none belongs"),
        ("1 23", "space where none belongs"),
        ("12,34,567", "comma where none belongs"),
        ("5 - 3", "not a number"),
        ("+5", "not a number"),
        ("--5", "not a number"),
        ("5-", "not a number"),
        ("inf", "not a number"),
        ("\u2488", "digits other than 0-9"),
        ("½", "not a number"),
        ("1234567890123", "too large"),
        ("9" * 5000, "too large"),
        ("0", "is zero"),
        ("-", "not a number"),
        ("NaN", "not a number"),
        ("Infinity", "not a number"),
        ("0x10", "not a number"),
        ("1_000", "not a number"),
        ("5.", "not a number"),
        ("=1+1", "not a number"),
        ("1\n2", "not a number"),
        ("<b>5</b>", "not a number"),
    ],
)
def test_a_doubtful_figure_is_refused_with_the_accepted_form(text, says):
    """'1.234,50' could be a thousand pounds or one: it is asked for again, never guessed."""
    with pytest.raises(FigureError, match=says):
        parse_figure(text, places=2, currency="GBP")


@pytest.mark.parametrize("currency", [None, "USD"])
@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("3,205", ("3205", "3.205", "3.2050")),
        ("3.205", ("3205", "3.205", "3.2050")),
        ("12,500", ("12500", "12.500", "12.5000")),
        ("101.125", ("101125", "101.125", "101.1250")),
    ],
)
def test_a_figure_two_people_read_differently_is_asked_back_with_both_readings(text, currency, readings):
    """3,205 units were booked as three thousand; what is named in the answer can be typed without doubt."""
    as_whole, as_decimals, without_doubt = readings
    says = f"can be read as {as_whole} and as {as_decimals}: write {as_whole} or {without_doubt}"
    with pytest.raises(FigureError, match=says):
        parse_figure(text, places=6, currency=currency)
    assert parse_figure(as_whole, places=6) == Decimal(as_whole)
    assert parse_figure(without_doubt, places=6) == Decimal(as_decimals)


@pytest.mark.parametrize(
    "text", ["0.125", "3.2054", "3,205.4", "1,234,567", "1234.567", "3 205", "10.8183531"]
)
def test_a_figure_with_one_reading_is_read(text):
    """A zero in front, a fourth decimal, a second comma or a space leave no doubt."""
    assert parse_figure(text, places=10) == Decimal(text.replace(",", "").replace(" ", ""))


@pytest.mark.parametrize("text", ["3,205", "£3,205", "12,500"])
def test_thousands_of_pounds_are_read(text):
    """Money has two decimals, so three digits behind a comma are thousands."""
    assert parse_figure(text, places=2, currency="GBP") == Decimal(text.strip("£").replace(",", ""))


@given(st.decimals(min_value="0.000001", max_value="999999999999", places=6, allow_nan=False))
def test_a_figure_the_page_fills_in_is_read_back(value):
    """A correction starts from what is recorded, and would otherwise be asked back for it."""
    assert parse_figure(as_typed(value), places=6) == value


def test_cash_may_be_zero_or_negative_where_the_form_says_so():
    """An overdrawn account is true, so its snapshot can be recorded."""
    assert parse_figure("-£5.20", places=2, currency="GBP", allow_zero=True, allow_negative=True) == Decimal(
        "-5.20"
    )
    assert parse_figure("0", places=2, allow_zero=True) == 0


@given(st.text(), st.integers(0, 10), st.sampled_from([None, "GBP", "USD"]), st.booleans(), st.booleans())
def test_no_text_makes_the_parser_fail_otherwise_than_by_saying_so(text, places, currency, zero, negative):
    """Whatever is typed gives an exact Decimal or a FigureError."""
    try:
        value = parse_figure(text, places=places, currency=currency, allow_zero=zero, allow_negative=negative)
    except FigureError as error:
        assert str(error)
    else:
        assert (
            isinstance(value, Decimal) and value.is_finite() and -value.as_tuple().exponent <= max(places, 1)
        )


@given(st.decimals(min_value="0.000001", max_value="999999999999", places=6, allow_nan=False))
def test_every_figure_comes_back_as_it_was_written(value):
    """Plain, with thousands commas and with a currency sign, the Decimal is the same one."""
    for text in (f"{value:f}", f"{value:,f}", f"${value:,f}", f"{value:,f}".replace(",", "\u00a0")):
        assert parse_figure(text, places=6, currency="USD") == value


@pytest.mark.parametrize(
    ("date_text", "time_text", "zone", "instant"),
    [
        ("2026-06-15", "14:52", "London", datetime(2026, 6, 15, 13, 52, tzinfo=UTC)),
        ("2026-06-15", "09:52", "New York", datetime(2026, 6, 15, 13, 52, tzinfo=UTC)),
        ("2026-03-16", "13:52:07", "London", datetime(2026, 3, 16, 13, 52, 7, tzinfo=UTC)),
        ("2026-03-16", "9:52", "New York", datetime(2026, 3, 16, 13, 52, tzinfo=UTC)),
    ],
)
def test_local_times_become_utc_in_summer_and_in_the_four_hour_weeks(date_text, time_text, zone, instant):
    """On 16 March New York already has summer time and London has not."""
    assert parse_instant(date_text, time_text, zone) == instant


@pytest.mark.parametrize(
    ("date_text", "time_text", "zone", "says"),
    [
        ("15/06/2026", "14:52", "London", "year-month-day"),
        ("20260615", "14:52", "London", "year-month-day"),
        ("2026-06-15", "2:52pm", "London", "24-hour"),
        ("2026-06-15", "", "London", "24-hour"),
        ("2026-06-31", "14:52", "London", "does not exist"),
        ("2026-06-15", "25:00", "London", "does not exist"),
        ("0001-01-01", "00:00", "London", "outside 2000-2100"),
        ("9999-12-31", "23:59", "New York", "outside 2000-2100"),
        ("2026-06-15", "14:52", "Paris", "London or New York"),
        ("2026-10-25", "01:30", "London", "clocks change"),
        ("2026-03-29", "01:30", "London", "clocks change"),
    ],
)
def test_a_time_that_names_no_single_instant_is_refused(date_text, time_text, zone, says):
    """01:30 on the last Sunday of October happens twice in London, in March not at all."""
    with pytest.raises(FigureError, match=says):
        parse_instant(date_text, time_text, zone)


@given(st.text(), st.text(), st.text())
def test_no_text_makes_the_clock_fail(date_text, time_text, zone):
    """Whatever is typed gives an instant in UTC or a FigureError."""
    with contextlib.suppress(FigureError):
        assert parse_instant(date_text, time_text, zone).tzinfo is UTC


@given(
    st.datetimes(min_value=datetime(2000, 1, 2), max_value=datetime(2100, 12, 30)),
    st.sampled_from(["London", "New York"]),
)
def test_every_local_time_comes_back_on_the_same_clock(local, zone):
    """Reading the instant on the clock it was written with gives the written time."""
    from confirm_app.forms.figures import ZONES

    try:
        instant = parse_instant(f"{local:%Y-%m-%d}", f"{local:%H:%M:%S}", zone)
    except FigureError as error:
        assert "clocks change" in str(error)
    else:
        assert instant.astimezone(ZONES[zone]).replace(tzinfo=None) == local.replace(microsecond=0)


def test_notes_keep_their_lines_and_refuse_what_cannot_be_stored():
    """2,000 characters are kept as typed; one more, or a NUL, is asked for again."""
    assert parse_text("a\r\nb\r<i>", length_max=2000) == "a\nb\n<i>"
    assert len(parse_text("x" * 2000, length_max=2000)) == 2000
    for text in ("x" * 2001, "a\0b", "a\x1bb", "\ud800"):
        with pytest.raises(FigureError):
            parse_text(text, length_max=2000)
    with pytest.raises(FigureError, match="missing"):
        parse_text("  ", length_max=2000, is_required=True)


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 65, "with space 12345678", "ünïcödé-1234567890", "a" * 20 + "\n"]
)
def test_a_key_the_page_cannot_have_made_is_refused(key):
    """A key that is guessable or malformed protects nothing."""
    with pytest.raises(FigureError):
        parse_key(key)
