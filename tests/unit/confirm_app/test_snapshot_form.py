"""The account forms: a line per position, an error per bad line, and signs by kind."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirm_app.account.cash_form import parse_cash_movement
from confirm_app.account.snapshot_form import parse_snapshot

NOW_AT = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
TIME = {"date": "2026-06-15", "time": "16:30", "zone": "London", "key": "0123456789abcdef"}


def test_a_snapshot_is_read_line_by_line():
    """Symbols in capitals, units exactly, the value only where it is given."""
    form = TIME | {"cash": "£1,234.50", "positions": "aldr 6.25 £512.40\n\nBRK-B\t1,000.5\n"}
    snapshot, errors = parse_snapshot(form, NOW_AT)
    assert not errors and snapshot.cash_gbp == Decimal("1234.50")
    assert [(p.broker_symbol, p.units, p.value_gbp) for p in snapshot.positions] == [
        ("ALDR", Decimal("6.25"), Decimal("512.40")),
        ("BRK-B", Decimal("1000.5"), None),
    ]


@pytest.mark.parametrize(
    ("positions", "says"),
    [
        ("ALDR 6.25\nALDR 1", "Line 2 .*a second time"),
        ("ALDR", "Line 1 .*write symbol, units"),
        ("ALDR 6,25", "Line 1 .*units has a comma"),
        ("ALDR -", "Line 1 .*units is not a number"),
        ("ALDR 1 2 3", "Line 1 .*write symbol, units"),
        ("A<b> 1", "Line 1 .*the symbol"),
        ("ALDR 6,250", "Line 1 .*read as 6250 and as 6.250: write 6250 or 6.2500"),
        ("ALDR 0,125", "Line 1 .*units has a comma"),
        (
            "ALDR 6 512.40",
            "Line 1 .*read as 6512.40 units and as 6 units worth 512.40 pounds: write ALDR 6512.40, or",
        ),
        ("ALDR 1 x", "Line 1 .*the value is not a number"),
        ("\n".join(f"S{n} 1" for n in range(201)), "201 lines"),
        ("", "positions are missing"),
    ],
)
def test_a_bad_line_is_named(positions, says):
    """The message gives the number of the line, its text and the accepted form."""
    import re

    _, errors = parse_snapshot(TIME | {"cash": "0", "positions": positions}, NOW_AT)
    assert len(errors) == 1 and re.search(says, errors[0].message)


def test_a_whole_number_of_units_and_a_value_are_told_apart_by_the_pound_sign():
    """What the refusal of ALDR 6 512.40 offers is read as it says."""
    for line, units, value in (("ALDR 6512.40", "6512.40", None), ("ALDR 6 £512.40", "6", Decimal("512.40"))):
        snapshot, errors = parse_snapshot(TIME | {"cash": "0", "positions": line}, NOW_AT)
        assert not errors
        [position] = snapshot.positions
        assert (position.units, position.value_gbp) == (Decimal(units), value)


def test_an_empty_account_has_to_be_said():
    """No line at all counts as forgotten unless the box says there is nothing."""
    assert parse_snapshot(TIME | {"cash": "0", "no_positions": "yes"}, NOW_AT)[0].positions == ()
    assert parse_snapshot(TIME | {"cash": "0", "positions": "ALDR 1", "no_positions": "yes"}, NOW_AT)[1]


def test_nothing_was_read_in_the_future():
    """A snapshot of later than now is a wrong clock."""
    assert (
        parse_snapshot(TIME | {"cash": "0", "no_positions": "yes", "time": "17:01"}, NOW_AT)[1][0].field
        == "time"
    )


@pytest.mark.parametrize(
    ("date", "is_read"), [("2016-06-15", False), ("2001-01-01", False), ("2025-06-15", True)]
)
def test_a_year_that_is_a_slip_is_asked_back(date, is_read):
    """A deposit of ten years ago would be valued through every session since."""
    for parse, fields in (
        (parse_snapshot, {"cash": "0", "no_positions": "yes"}),
        (parse_cash_movement, {"kind": "deposit", "amount": "25.00"}),
    ):
        value, errors = parse(TIME | fields | {"date": date}, NOW_AT)
        assert (value is not None) == is_read
        assert is_read or "check the year" in errors[0].message


@pytest.mark.parametrize(
    ("kind", "sign"), [("deposit", 1), ("withdrawal", -1), ("dividend", 1), ("fee", -1), ("interest", 1)]
)
def test_the_kind_of_a_movement_gives_its_sign(kind, sign):
    """A person writes 25.00; the form knows that a fee is taken off."""
    movement, errors = parse_cash_movement(TIME | {"kind": kind, "amount": "25.00"}, NOW_AT)
    assert not errors and movement.amount_gbp == sign * Decimal("25.00")


def test_a_correction_cannot_be_booked_by_hand():
    """The ledger's own kind of entry is not offered to a form."""
    assert parse_cash_movement(TIME | {"kind": "correction", "amount": "25.00"}, NOW_AT)[1]


@given(
    st.dictionaries(
        st.sampled_from([*TIME, "cash", "positions", "kind", "amount", "notes", "no_positions"]), st.text()
    )
)
def test_no_account_form_makes_the_parser_fail(fields):
    """Any text in any field gives a value or errors."""
    for parse in (parse_snapshot, parse_cash_movement):
        value, errors = parse(TIME | fields, NOW_AT)
        assert (value is None) == bool(errors)
