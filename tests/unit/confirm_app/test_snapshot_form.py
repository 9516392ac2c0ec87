"""The account forms: a row per position, an error beside each bad field, and signs by kind."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirm_app.account.cash_form import parse_cash_movement
from confirm_app.account.snapshot_form import parse_snapshot

NOW_AT = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
TIME = {"date": "2026-06-15", "time": "16:30", "zone": "London", "key": "0123456789abcdef"}


SYMBOL_OF = {"ALDR": "ALDR", "ALDER INSTRUMENTS": "ALDR", "BRK-B": "BRK-B"}


def typed(*rows: tuple[str, str], holdings: int = 0, **fields: str) -> dict[str, str]:
    """Return a form with rows of name and units, the first ones the page's own for holdings."""
    values = TIME | {"cash": "0", "rows": str(len(rows))} | fields
    for number, (name, units) in enumerate(rows, start=1):
        values |= {f"row-{number}-name": name, f"row-{number}-units": units}
        if number <= holdings:
            values[f"row-{number}-holding"] = "yes"
    return values


def parse(fields):
    """Read a snapshot form."""
    return parse_snapshot(fields, NOW_AT, SYMBOL_OF)


def test_a_snapshot_is_read_row_by_row():
    """Each name goes by its symbol, in capitals or not, with blanks; units exactly; empty rows are none."""
    form = typed(("ALDR", "6.25"), ("", " "), (" brk-b ", "1,000.5"), holdings=1, cash="£1,234.50")
    snapshot, errors = parse(form)
    assert not errors and snapshot.cash_gbp == Decimal("1234.50")
    assert [(p.row_number, p.symbol, p.units) for p in snapshot.positions] == [
        (1, "ALDR", Decimal("6.25")),
        (3, "BRK-B", Decimal("1000.5")),
    ]
    named, _ = parse(typed(("Alder   instruments", "6.25"), ("Nobody & Sons", "1")))
    assert [
        position["broker_symbol"] for position in json.loads(named.request("demo", "e"))["positions"]
    ] == [
        "ALDR",
        "Nobody & Sons",
    ]


@pytest.mark.parametrize(
    ("rows", "field", "says"),
    [
        (
            [("ALDR", "6.25"), ("Alder Instruments", "1")],
            "row-2-name",
            "stands in two rows: add its units up",
        ),
        ([("Nobody", "6.25"), ("nobody", "1")], "row-2-name", "stands in two rows"),
        ([("ALDR", "")], "row-1-units", "units of ALDR is missing"),
        ([("", "6.25")], "row-1-name", "name of the stock is missing"),
        ([("ALDR", "6,25")], "row-1-units", "units of ALDR has a comma"),
        ([("ALDR", "6,250")], "row-1-units", "read as 6250 and as 6.250: write 6250 or 6.2500"),
        ([("ALDR", "0,125")], "row-1-units", "has a comma"),
        ([("ALDR", "$6")], "row-1-units", "written with [$]"),
        ([("ALDR", "0")], "row-1-units", "is zero"),
        ([("ALDR", "6.123456789")], "row-1-units", "has 9 decimals: at most 8 are accepted"),
        ([("A" * 101, "1")], "row-1-name", "101 characters"),
        ([], "positions", "positions are missing"),
        ([("", "")], "positions", "positions are missing"),
    ],
)
def test_a_bad_row_is_named(rows, field, says):
    """The message stands beside its field and names the accepted form."""
    _, errors = parse(typed(*rows))
    assert [error.field for error in errors] == [field] and re.search(says, errors[0].message)


def test_a_row_with_units_is_not_ticked_as_gone():
    """One of the two is a slip."""
    form = typed(("ALDR", "6.25"), holdings=1)
    [error] = parse(form | {"row-1-gone": "6.25"})[1]
    assert error.field == "row-1-units" and "clear one of them" in error.message


def test_a_holding_without_units_is_no_position():
    """Whether eToro no longer shows it is asked beside the books, so the form alone finds nothing wrong."""
    snapshot, errors = parse(typed(("ALDR", ""), holdings=1))
    assert not errors and snapshot.positions == ()


def test_an_empty_account_has_to_be_said():
    """No row at all counts as forgotten unless the box says there is nothing."""
    assert parse(typed(no_positions="yes"))[0].positions == ()
    assert parse(typed(("ALDR", "1"), no_positions="yes"))[1]


def test_nothing_was_read_in_the_future():
    """A snapshot of later than now is a wrong clock."""
    assert parse(typed(no_positions="yes", time="17:01"))[1][0].field == "time"


@pytest.mark.parametrize(
    ("date", "is_read"), [("2016-06-15", False), ("2001-01-01", False), ("2025-06-15", True)]
)
def test_a_year_that_is_a_slip_is_asked_back(date, is_read):
    """A deposit of ten years ago would be valued through every session since."""
    movement = TIME | {"kind": "deposit", "amount": "25.00", "date": date}
    for value, errors in (
        parse(typed(no_positions="yes", date=date)),
        parse_cash_movement(movement, NOW_AT),
    ):
        assert (value is not None) == is_read
        assert is_read or "check the year" in errors[0].message


@pytest.mark.parametrize(("kind", "sign"), [("deposit", 1), ("withdrawal", -1), ("fee", -1), ("interest", 1)])
def test_the_kind_of_a_movement_gives_its_sign(kind, sign):
    """A person writes 25.00; the form knows that a fee is taken off."""
    movement, errors = parse_cash_movement(TIME | {"kind": kind, "amount": "25.00"}, NOW_AT)
    assert not errors and movement.amount_gbp == sign * Decimal("25.00")


def test_a_correction_cannot_be_booked_by_hand():
    """The ledger's own kind of entry is not offered to a form."""
    assert parse_cash_movement(TIME | {"kind": "correction", "amount": "25.00"}, NOW_AT)[1]


@given(
    st.dictionaries(
        st.sampled_from(
            [*TIME, "cash", "rows", "row-1-name", "row-1-units", "row-1-gone", "row-1-holding", "kind", "amount",
             "notes", "no_positions"]
        ),
        st.text() | st.sampled_from(["1", "2", "yes"]),
    )
)  # fmt: skip
def test_no_account_form_makes_the_parser_fail(fields):
    """Any text in any field gives a value or errors."""
    for value, errors in (parse(TIME | fields), parse_cash_movement(TIME | fields, NOW_AT)):
        assert (value is None) == bool(errors)
