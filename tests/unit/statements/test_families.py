"""Which rows are of one position: by number, else by paper and the second it was opened in."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.statements.made_account import START, MadeAccount
from trading_ops.statements.families import families
from trading_ops.statements.parse import read_statement
from trading_ops.statements.rollforward import roll_forwards

DAY = START + timedelta(days=20)


def opened_twice() -> MadeAccount:
    """Two positions of one paper, opened in the same second, and one of another."""
    made = MadeAccount()
    made.deposit(DAY, "5000.00")
    for paper in ("AAPL/USD", "AAPL/USD", "MSFT/USD"):
        made.buy(DAY + timedelta(hours=1), paper, "300.00", "2")
    return made


def units_of(made: MadeAccount) -> str:
    """Return how the units of its statement roll forward."""
    return str(roll_forwards(read_statement(made.export()))[2].first_break or "holds")


def test_positions_opened_in_one_second_are_one_family_over_a_split():
    """Nothing tells their parts apart; each has a row of its own for the same split, which counts once."""
    made = opened_twice()
    made.split(DAY + timedelta(days=2), "AAPL/USD", 4, 1)
    made.sell(DAY + timedelta(days=3), "2000000001", "1.00", "3")
    for number in ("2000000001", "2000000002", "2000000003"):
        made.sell(DAY + timedelta(days=4), number)
    found = families(read_statement(made.export()))
    assert [(len(one.openings), len(one.splits), len(one.closes), one.is_closed) for one in found] == [
        (2, 1, 3, True), (1, 0, 1, True),
    ]  # fmt: skip
    assert units_of(made) == "holds"


@pytest.mark.parametrize(
    ("apart_s", "said"),
    [
        (0, "holds"),
        (1, "holds"),
        (-1, "holds"),
        (2, "a row that opens it at 21/01/2026 01:00:02; found none"),
    ],
)
def test_the_two_sheets_may_be_a_second_apart(apart_s, said):
    """On three of 398 positions of the real file they are; two seconds are another position."""
    made = opened_twice()
    made.sell(DAY + timedelta(days=3), "2000000003", "1.00", "0.5")
    made.held["2000000003"].opened_at += timedelta(seconds=apart_s)
    assert units_of(made).endswith(said)


def test_more_closed_than_was_opened_is_named_at_its_row():
    """Two units of MSFT were there; the second sale is one too many."""
    made = opened_twice()
    made.sell(DAY + timedelta(days=3), "2000000003", "1.00", "1.5")
    made.held["2000000003"].units = Decimal("1.5")
    made.sell(DAY + timedelta(days=4), "2000000003")
    assert units_of(made) == "sheet 'Closed Positions', row 3: expected at most 0.5 units; found 1.5"


def test_less_closed_than_was_opened_is_named_at_the_last_row():
    """Every number is closed, and a quarter of a unit is left of nothing."""
    made = opened_twice()
    made.held["2000000003"].units = Decimal("1.75")
    made.sell(DAY + timedelta(days=4), "2000000003")
    assert units_of(made) == "sheet 'Closed Positions', row 2: expected 2.00 units; found 1.75"


def test_a_close_without_its_closed_position_and_the_other_way_round_are_named():
    """The two sheets tell of the same closes."""
    made = opened_twice()
    made.sell(DAY + timedelta(days=3), "2000000003")
    sold = made.closed.pop()
    assert "position 2000000003 among the closed ones; found none" in units_of(made)
    made.closed.append(sold)
    made.rows.pop()
    assert "a row of the activity that closes 2000000003; found none" in units_of(made)
