"""Each roll-forward names the first row it breaks at, what was expected there and what was found."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.statements.made_account import END, START, MadeAccount
from trading_ops.statements.parse import read_statement
from trading_ops.statements.refusal import StatementRefused
from trading_ops.statements.rollforward import refuse_broken, roll_forwards
from trading_ops.statements.rows import Statement

DAY = START + timedelta(days=20)
CENT = Decimal("0.01")


def statement(made_at=END) -> Statement:
    """A deposit, two buys of which one is closed, a withdrawal with its fee."""
    made = MadeAccount()
    made.deposit(DAY, "5000.00")
    first = made.buy(DAY + timedelta(hours=1), "AAPL/USD", "300.00", "2")
    made.buy(DAY + timedelta(hours=2), "MSFT/USD", "450.00", "3")
    made.sell(DAY + timedelta(days=3), first, "1.50")
    made.move(DAY + timedelta(days=4), "Withdraw Request", "-25.00")
    made.move(DAY + timedelta(days=4), "Withdraw Fee", "-5.00")
    return read_statement(made.export(made_at=made_at))


def breaks_of(changed: Statement) -> dict[str, str]:
    """Return the breaks of a statement by the name of the roll-forward."""
    return {one.name: str(one.first_break) for one in roll_forwards(changed) if one.first_break}


def with_total(made: Statement, label: str, change: Decimal) -> Statement:
    """Return a statement in whose summary one total is another."""
    totals = [replace(one, amount=one.amount + change) if one.label == label else one for one in made.totals]
    return replace(made, totals=totals)


def with_balances(made: Statement, change: Decimal, *row_numbers: int) -> Statement:
    """Return a statement in which some balances are others."""
    activity = [
        replace(row, balance=row.balance + change) if row.row_number in row_numbers else row
        for row in made.activity
    ]
    return replace(made, activity=activity)


def test_a_sound_statement_breaks_nowhere():
    """What all of the others are one change away from."""
    assert breaks_of(statement()) == {}
    assert [one.rows_count for one in refuse_broken(statement())] == [6, 6, 3, 12]


@pytest.mark.parametrize(
    ("label", "row_number", "expected", "found"),
    [
        ("Deposits", 12, "5000.00 for Deposits", "5000.01"),
        # Two that are made of the same kinds of rows are taken together.
        ("Adjustments", 14, "0 for Credits + Adjustments", "0.01"),
        ("Refunds", 13, "0 for Refunds + Dividends + Rollover Fees", "0.01"),
        (
            "Profit or Loss (Closed positions only)",
            16,
            "1.50 for Profit or Loss (Closed positions only)",
            "1.51",
        ),
        ("Withdrawals", 20, "-25.00 for Withdrawals", "-24.99"),
        ("Withdrawal Fees", 21, "-5.00 for Withdrawal Fees", "-4.99"),
        # One nobody has a word for still has to add up.
        ("Commissions", 22, "4971.51", "4971.50"),
    ],
)
def test_a_total_that_is_not_what_its_rows_come_to_is_named(label, row_number, expected, found):
    """By its row in the summary."""
    said = breaks_of(with_total(statement(), label, CENT))
    assert (
        said["summary totals"]
        == f"sheet 'Account Summary', row {row_number}: expected {expected}; found {found}"
    )


def test_the_equity_after_is_that_of_the_last_row():
    """A statement whose end was cut off comes to less than its summary."""
    made = statement()
    said = breaks_of(replace(made, activity=made.activity[:-1]))
    assert said["realised equity"] == "sheet 'Account Summary', row 22: expected 4976.50; found 4971.50"
    assert "row 21" in said["summary totals"]


def test_the_equity_before_is_where_the_first_row_begins():
    """And the first row is the one that is named."""
    said = breaks_of(with_total(statement(), "Beginning Realized Equity", CENT))
    assert said["realised equity"] == "sheet 'Account Activity', row 2: expected 5000.01; found 5000.00"


@pytest.mark.parametrize("row_number", [3, 5, 6, 7])
def test_a_balance_that_another_row_does_not_follow_is_named(row_number):
    """Also that of an opening that was closed since: all its parts tell what it had cost."""
    said = breaks_of(with_balances(statement(END + timedelta(days=1)), CENT, row_number))
    assert f"row {row_number}: expected" in said["cash balance"]


def test_what_an_open_position_cost_is_told_by_its_amount_only_in_time():
    """A statement made after its end does not know it: some may have been sold in between."""
    assert "row 4" in breaks_of(with_balances(statement(END), -CENT, 4, 5, 6, 7))["cash balance"]
    assert breaks_of(with_balances(statement(END + timedelta(days=1)), -CENT, 4, 5, 6, 7)) == {}


def test_an_opening_that_brings_money_is_none():
    """Whatever the amount beside it is."""
    made = with_balances(statement(END + timedelta(days=1)), Decimal("900.00"), 4, 5, 6, 7)
    said = breaks_of(made)["cash balance"]
    assert said == "sheet 'Account Activity', row 4: expected at most 4700.00; found 5150.00"


def test_a_broken_statement_is_refused_with_the_name_of_what_breaks():
    """The first of the four counts."""
    with pytest.raises(
        StatementRefused, match=r"row 12: expected summary totals of 5000.00 for Deposits; found"
    ):
        refuse_broken(with_total(with_total(statement(), "Deposits", CENT), "Refunds", -CENT))
