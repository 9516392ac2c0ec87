"""The real statement, measured: 1,238 rows, four roll-forwards, every family whole."""

from collections import Counter
from decimal import Decimal

import pytest

from trading_ops.statements.families import families
from trading_ops.statements.kinds import Kind
from trading_ops.statements.parse import read_statement
from trading_ops.statements.rollforward import cash_steps, roll_forwards


@pytest.fixture(scope="module")
def statement(real_files):
    """The one real statement there is."""
    (path,) = (real_files / "etoro_statements").glob("*.xlsx")
    return read_statement(path.read_bytes())


def test_every_row_of_the_real_statement_is_read(statement):
    """Ten kinds of rows, none passed over, no column unread."""
    assert Counter(row.kind for row in statement.activity) == {
        Kind.CLOSED: 438, Kind.OPENED: 399, Kind.ROLLOVER_FEE: 349, Kind.DIVIDEND: 33, Kind.DEPOSIT: 12,
        Kind.EDIT_STOP_LOSS: 3, Kind.AIRDROP: 1, Kind.SPLIT: 1, Kind.WITHDRAWAL: 1, Kind.WITHDRAWAL_FEE: 1,
    }  # fmt: skip
    assert (len(statement.closed), len(statement.dividends), statement.unread) == (438, 33, ())
    assert sum(row.is_short for row in statement.closed) == 40
    assert sum(row.leverage == 2 for row in statement.closed) == 28


def test_the_real_statement_agrees_with_itself_to_the_cent(statement):
    """0 + 1131.85 + 1.16 + 62.25 + 8.26 - 8.60 - 25 - 5 = 1164.92, and every row on the way there."""
    taken = roll_forwards(statement)
    assert [(one.name, one.rows_count, one.first_break) for one in taken] == [
        ("realised equity", 1238, None), ("cash balance", 1238, None), ("units per position", 838, None),
        ("summary totals", 11, None),
    ]  # fmt: skip
    assert statement.totals[-1].amount == Decimal("1164.92")


def test_all_39_parts_with_a_number_of_their_own_are_found_and_add_up(statement):
    """39 parts in 34 families; no position is without its opening, and one is open still."""
    found = families(statement)
    parted = [family for family in found if list(family.parts())]
    assert (len(parted), sum(len(list(family.parts())) for family in parted)) == (34, 39)
    assert all(family.openings and family.is_closed for family in parted)
    assert [family.openings[0].paper for family in found if not family.is_closed] == ["NFG/USD"]


def test_what_an_opening_cost_is_the_step_of_the_balance_and_not_its_amount(statement):
    """On 34 openings the amount is what is left (and on two a stop loss was added to it later)."""
    steps = dict(zip((row.row_number for row in statement.activity), cash_steps(statement), strict=True))
    opened = [row for row in statement.activity if row.kind is Kind.OPENED]
    assert sum(-steps[row.row_number] != row.amount for row in opened) == 36
    (first,) = [row for row in opened if row.position_id == "870916115"]
    assert (first.amount, steps[first.row_number]) == (Decimal("39.04"), Decimal("-60.00"))


@pytest.mark.parametrize(
    ("row_number", "column", "name"),
    [(700, "equity", "realised equity"), (701, "balance", "cash balance"), (3, "equity", "realised equity")],
)
def test_a_cent_more_in_one_row_is_named(statement, row_number, column, name):
    """Whatever was changed in the file shows at the row it was changed in."""
    from dataclasses import replace

    activity = tuple(
        replace(row, **{column: getattr(row, column) + Decimal("0.01")})
        if row.row_number == row_number
        else row
        for row in statement.activity
    )
    broken = [one for one in roll_forwards(replace(statement, activity=activity)) if one.first_break]
    assert [one.name for one in broken] == [name]
    assert broken[0].first_break.where.row_number == row_number
