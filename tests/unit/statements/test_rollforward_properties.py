"""
Whatever an account does, each of its statements agrees with itself; whatever is changed in one, it says
where.
"""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.statements.made_account import END, START, MadeAccount
from trading_ops.statements.families import families
from trading_ops.statements.parse import read_statement
from trading_ops.statements.rollforward import cash_steps, roll_forwards

ACTS = ("deposit", "buy", "buy", "part", "part", "sell", "dividend", "fee", "split", "short", "stop")
CENT = Decimal("0.01")


@st.composite
def accounts(draw) -> MadeAccount:
    """An account that did up to 25 things, one every nine days of the year, some in the same second."""
    made = MadeAccount()
    at = START + timedelta(days=13)
    made.deposit(at, "10000.00")
    for act in draw(st.lists(st.sampled_from(ACTS), max_size=25)):
        at += timedelta(days=draw(st.sampled_from([0, 9, 13])))
        at = min(at, END - timedelta(days=2))
        cents = Decimal(draw(st.integers(100, 90000))) / 100
        units = Decimal(draw(st.integers(20_000, 90_000_000))) / 1_000_000
        number = draw(st.sampled_from(sorted(made.held))) if made.held else None
        if act == "deposit":
            made.deposit(at, cents)
        elif act in ("buy", "short"):
            made.buy(
                at, draw(st.sampled_from(["AAPL/USD", "MSFT/USD"])), cents, units, is_short=act == "short"
            )
        elif act == "split":
            # At an instant of its own: it comes before the market opens.
            at += timedelta(seconds=1)
            made.split(at, "AAPL/USD", *draw(st.sampled_from([(2, 1), (1, 2), (4, 1)])))
            at += timedelta(seconds=1)
        elif number and act == "part":
            # Of as many decimals as the broker shows.
            part = round(made.held[number].units / draw(st.sampled_from([2, 4, 5])), 6)
            made.sell(at, number, cents / 100 // CENT * CENT, part)
        elif number and act == "sell":
            made.sell(at, number, -cents / 100 // CENT * CENT)
        elif number and act == "dividend":
            made.dividend(at, number, cents / 100 // CENT * CENT, "0.1414")
        elif number and act == "fee":
            made.move(at, "Rollover Fee", -cents / 100 // CENT * CENT, "Over night fee", number, "CFD")
    return made


@given(accounts(), st.integers(0, 364), st.integers(0, 364))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_every_statement_of_an_account_agrees_with_itself(made, first, last):
    """
    Of any period, made on any later day: positions opened before it, closed after it, halved and split
    within.
    """
    first, last = sorted((first, last))
    start, end = START + timedelta(days=first), START + timedelta(days=last, hours=23, minutes=59, seconds=59)
    assume(max(start.day, end.day) > 12)
    statement = read_statement(made.export(start, end, END))
    assert [one.first_break for one in roll_forwards(statement)] == [None] * 4
    held = made.rows and sum(1 for family in families(statement) if family.openings and not family.is_closed)
    assert held is not None


@given(accounts(), st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_one_changed_cent_of_equity_or_balance_is_seen(made, data):
    """
    A changed equity always breaks at its row, a changed balance of what an opening did not follow as well.
    """
    statement = read_statement(made.export())
    place = data.draw(st.integers(0, len(statement.activity) - 1))
    row = statement.activity[place]
    changed = replace(row, equity=row.equity + CENT)
    activity = (*statement.activity[:place], changed, *statement.activity[place + 1 :])
    broken = roll_forwards(replace(statement, activity=activity))[0].first_break
    assert broken and broken.where.row_number == row.row_number


@given(accounts())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_cost_is_the_same_in_every_statement(made):
    """Before and after parts were closed, when the amount of the opening has become another."""
    early, late = (read_statement(made.export(made_at=at)) for at in (END, END + timedelta(days=365)))
    assert cash_steps(early) == cash_steps(late)


@given(accounts(), st.data())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_a_row_that_is_left_out_is_missed(made, data):
    """Nothing can be taken out of a statement without a roll-forward naming a row."""
    statement = read_statement(made.export(made_at=END))
    place = data.draw(st.integers(0, len(statement.activity) - 1))
    activity = (*statement.activity[:place], *statement.activity[place + 1 :])
    left_out = statement.activity[place]
    # A split after which nothing was closed, and the first or last row if it is an opening, leave no trace.
    is_at_an_end = place in (0, len(activity)) and not left_out.equity_change
    assume(left_out.split is None and not is_at_an_end)
    assert any(one.first_break for one in roll_forwards(replace(statement, activity=activity)))
