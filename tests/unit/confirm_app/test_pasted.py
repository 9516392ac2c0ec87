"""A portfolio table is read as it is copied, or handed back: never guessed, never recorded by itself."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirm_app.account.paste_rows import with_pasted
from confirm_app.account.pasted import rows_of_table
from confirm_app.account.rows import read_rows, with_holdings

SYMBOL_OF = {
    "ALDR": "ALDR",
    "ALDER INSTRUMENTS": "ALDR",
    "BRCH": "BRCH",
    "BIRCH ENERGY": "BRCH",
    "PHILLIPS 66": "PSX",
}
TABLE = """Asset\tPrice\tUnits\tAvg. Open\tP/L\tValue
Alder Instruments\t101.20\t6.25\t99.10\t-£3.20\t£505.00
BRCH\t50.00\t1,234.5\t48.00\t$12.00\t$61,725.00
"""
STACKED = """Asset
Price
Units
Value
ALDR
Alder Instruments
101.20
6.25
£505.00
BRCH
Birch Energy
50.00
1,234.5
£49,380.00
"""


def read(text: str) -> list[tuple[str, str]]:
    """Return name and units of each row that is understood."""
    return [(row.name, row.units) for row in rows_of_table(text, SYMBOL_OF)[0]]


@pytest.mark.parametrize(
    "text",
    [
        TABLE,
        TABLE.replace("\t", "   "),
        STACKED,
        "Alder Instruments  $101.20  6.25 units  £505.00\nBRCH  $50.00  1,234.5 Units",
        "alder instruments 6.25 £505.00\nBrch 1,234.5",
        "ALDR\t\t6.25\nBRCH\t£3\t1,234.5\t-2.5 %",
        "Units: 6.25\tAlder  Instruments\nunits 1,234.5\tBirch Energy\t7",
        "BRCH\tBuy Birch Energy\t1,234.5\nbuy ALDR 6.25",
    ],
    ids=[
        "tabs",
        "several blanks",
        "a cell per line",
        "the word",
        "single blanks",
        "no heading",
        "the word before",
        "what was bought",
    ],
)
def test_a_copied_table_gives_names_and_units(text):
    """Whatever lies between its columns; prices and values are no units."""
    assert dict(read(text)) == {"ALDR": "6.25", "BRCH": "1,234.5"}
    assert rows_of_table(text, SYMBOL_OF)[1] == []


@pytest.mark.parametrize(
    ("line", "why", "is_left_out"),
    [
        ("ALDR 6 512.40", "which of 6 and 512.40 are the units", False),
        ("Alder Instruments\t101.20\t6.25", "which of 101.20 and 6.25", False),
        ("ALDR\tBirch Energy\t6.25", "names ALDR and Birch Energy: one stock to a line", False),
        ("ALDR\t£505.00", "no units of ALDR", False),
        ("6.25", "no name", False),
        ("Available\t£500.00", "no units of Available", True),
        ("Portfolio", "no units of Portfolio", True),
    ],
)
def test_what_can_be_read_in_two_ways_is_handed_back(line, why, is_left_out):
    """What says nothing of units is left out, and told."""
    [row], rows = rows_of_table(line, SYMBOL_OF)[1], read(line)
    assert rows == [] and re.search(why, row.why) and row.is_left_out == is_left_out


def test_a_name_with_a_number_in_it_is_a_name():
    """The longest name that is known; an unknown one ends before its first figure."""
    assert read("Phillips 66 6.25\nNobody and Sons 3") == [("PSX", "6.25"), ("Nobody and Sons", "3")]


def pasted(text: str, **fields: str):
    """Paste into a form with a row for the holding ALDR; return the form, its told sentences and its rows."""
    form, told = with_pasted(with_holdings({"paste": text} | fields, ["ALDR"]), SYMBOL_OF)
    return form, told, [(row.name, row.units) for row in read_rows(form.values) if not row.is_empty]


def test_a_pasted_table_fills_the_rows_and_empties_its_box():
    """A holding's own row, a new one for what the books do not have."""
    form, told, rows = pasted(TABLE)
    assert rows == [("ALDR", "6.25"), ("BRCH", "1,234.5")]
    assert form.values["paste"] == "" and not form.errors and told[0].startswith("2 stocks read")


def test_several_lines_of_a_stock_are_added_up_aloud():
    """Each trade is a line of its own there; written so that it is read in one way."""
    _, told, rows = pasted("ALDR 6.25\nAlder Instruments 1.375")
    assert rows == [("ALDR", "7.6250")] and told[1] == "2 lines of ALDR are added up: 7.6250 units"
    form, _, rows = pasted("ALDR 1,375\nAlder Instruments 1.375")
    assert rows == [("ALDR", "")] and "more than once: type the sum" in form.open_errors[0].message


@pytest.mark.parametrize(
    ("other", "written"),
    [
        ("£505.00", ("1.3750", "2375")),
        ("£505", ("1.375", "2,375")),
        ("£505,00", ("1.375", "2,375")),
        ("£505,00 -7.25%", ("1.375", "2,375")),
    ],
    ids=["points before decimals", "nothing known", "commas before decimals", "both"],
)
def test_the_table_s_other_figures_say_which_mark_is_before_decimals(other, written):
    """Where they do not, the row keeps what stands there, and its field asks back."""
    assert tuple(units for _, units in read(f"ALDR 1.375 {other}\nBRCH 2,375")) == written


def test_nothing_typed_is_overwritten_and_what_is_not_read_stays_in_the_box():
    """The row keeps its figure, and the line waits with its reason."""
    form, _, rows = pasted("ALDR 7\nBRCH 1 2", **{"rows": "1", "row-1-name": "ALDR", "row-1-units": "6.25",
                                                 "row-1-holding": "yes"})  # fmt: skip
    assert rows == [("ALDR", "6.25")]
    assert form.values["paste"].splitlines() == ["BRCH\t1\t2", "ALDR\t7"]
    assert [error.field for error in form.open_errors] == ["paste", "paste"]
    assert "has 6.25 units: clear one" in form.open_errors[1].message


def test_a_table_longer_than_the_form_loses_no_line():
    """What finds no row stays in the box."""
    form, told, rows = pasted("\n".join(f"S{number} 1" for number in range(501)))
    assert len(rows) == 500 and told[0].startswith("499 stocks read")
    assert form.values["paste"].splitlines() == ["S499\t1", "S500\t1"]
    assert "no row left" in form.open_errors[0].message


@given(st.text(alphabet=st.sampled_from("ALDRunits 0123456789.,\t\n£$%-"), max_size=60))
def test_no_text_makes_the_reading_fail(text):
    """Whatever is pasted, every line of it is a row, unread, or a heading; units are figures or text."""
    found, unread = rows_of_table(text, SYMBOL_OF)
    assert all(row.name and row.units for row in found) and all(row.why for row in unread)
    form, _ = with_pasted(with_holdings({"paste": text}, ["ALDR"]), SYMBOL_OF)
    assert int(form.values["rows"]) <= 500
