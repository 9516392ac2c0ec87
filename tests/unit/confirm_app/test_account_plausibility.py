"""A slip in the account's forms is asked about beside the ledger's own figure."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from confirm_app.account.cash_form import CashMovement
from confirm_app.account.plausibility import balances, doubt_cash_movement, doubt_snapshot
from confirm_app.account.rows import Row
from confirm_app.account.snapshot_form import Position, Snapshot

NOW_AT = datetime(2026, 6, 15, 16, 0, tzinfo=UTC)
# Cash 6,000 and two holdings that cost 4,000: an equity of 10,000. EE was sold with a gain.
LEDGER = balances(
    [
        {"internal_symbol": None, "units": Decimal(0), "cash_gbp": Decimal("9900.00")},
        {"internal_symbol": "ALDR", "units": Decimal("6.25"), "cash_gbp": Decimal("-500.00")},
        {"internal_symbol": "BRCH", "units": Decimal(40), "cash_gbp": Decimal("-3500.00")},
        {"internal_symbol": "EE", "units": Decimal(0), "cash_gbp": Decimal("100.00")},
    ],
)
TRUE = {"ALDR": "6.25", "BRCH": "40"}


def cash_doubts(kind: str, amount: str, ledger=LEDGER, days: int = 0) -> list[tuple[str, str]]:
    """Return field and name of what is doubted about a movement."""
    movement = CashMovement(kind, Decimal(amount), NOW_AT - timedelta(days=days), "", "k" * 16)
    return [(doubt.field, doubt.name) for doubt in doubt_cash_movement(movement, ledger, NOW_AT)]


def snapshot_doubts(cash: str = "6000.00", ledger=LEDGER, **positions: str):
    """Return what is doubted about a snapshot; of its stocks nobody knows XYZQ."""
    shown = tuple(
        Position(number, name, None if name == "XYZQ" else name, Decimal(units))
        for number, (name, units) in enumerate(positions.items(), start=1)
    )
    held = (symbol for symbol in ledger.units if symbol not in positions)
    names = [*positions, *held]
    rows = [Row(number, name, is_holding=name in ledger.units) for number, name in enumerate(names, start=1)]
    return doubt_snapshot(Snapshot(Decimal(cash), shown, NOW_AT, "k" * 16), rows, ledger, NOW_AT)


def names(doubts) -> list[str]:
    """Return the names of doubts."""
    return [doubt.name for doubt in doubts]


def test_the_ledgers_equity_is_cash_and_what_is_held_at_its_cost():
    """What was sold counts as the cash it brought."""
    assert (LEDGER.cash_gbp, LEDGER.equity_gbp) == (Decimal("6000.00"), Decimal("10000.00"))
    assert LEDGER.units == {"ALDR": Decimal("6.25"), "BRCH": Decimal(40)}


@pytest.mark.parametrize(
    ("kind", "amount", "asked"),
    [
        ("deposit", "1000.00", []),
        ("deposit", "1000.01", [("amount", "share-of-equity")]),
        ("deposit", "1000000.00", [("amount", "share-of-equity")]),
        ("dividend", "31.20", []),
        ("dividend", "3120.00", [("amount", "share-of-equity")]),
        ("withdrawal", "-900.00", []),
        ("withdrawal", "-100000.00", [("amount", "share-of-equity"), ("amount", "beyond-cash")]),
        ("fee", "-6000.01", [("amount", "share-of-equity"), ("amount", "beyond-cash")]),
    ],
)
def test_money_beyond_a_share_of_equity_or_beyond_the_cash_is_asked_about(kind, amount, asked):
    """Each question by itself, with the figure it is compared with."""
    assert cash_doubts(kind, amount) == asked


def test_the_first_money_of_a_book_is_asked_about():
    """There is nothing to compare it with, and everything hangs on it."""
    empty = dataclasses.replace(LEDGER, cash_gbp=Decimal(0), equity_gbp=Decimal(0), units={})
    assert cash_doubts("deposit", "10000.00", empty) == [("amount", "share-of-equity")]


def test_a_withdrawal_of_more_than_the_cash_is_asked_about_when_it_is_a_small_part_of_the_equity():
    """Holdings cannot be withdrawn."""
    invested = dataclasses.replace(LEDGER, cash_gbp=Decimal("50.00"))
    assert cash_doubts("withdrawal", "-60.00", invested) == [("amount", "beyond-cash")]


def test_money_of_long_ago_is_asked_about():
    """A month or a year mistyped."""
    assert cash_doubts("fee", "-1.00", days=31) == []
    assert cash_doubts("fee", "-1.00", days=32) == [("time", "long-ago")]
    old = dataclasses.replace(
        Snapshot(Decimal(6000), (), NOW_AT, ""), taken_at=datetime(2001, 6, 15, tzinfo=UTC)
    )
    doubts = [doubt for doubt in doubt_snapshot(old, (), LEDGER, NOW_AT) if doubt.field == "time"]
    assert names(doubts) == ["long-ago"] and "2001" in doubts[0].message


def test_a_snapshot_that_is_the_ledger_is_not_doubted():
    """Also a little off, which the reconciliation gate looks at."""
    assert snapshot_doubts(**TRUE) == ()
    assert snapshot_doubts("6050.00", ALDR="6.2", BRCH="41") == ()


@pytest.mark.parametrize("cash", ["60000.00", "600.00", "0", "-6000.00", "7000.01"])
def test_cash_a_factor_of_ten_or_a_share_of_equity_away_is_asked_about(cash):
    """With both figures."""
    [doubt] = snapshot_doubts(cash, **TRUE)
    assert (doubt.field, doubt.name) == ("cash", "beside-ledger")
    assert "£6,000.00" in doubt.message


def test_cash_ten_times_the_ledgers_is_asked_about_however_little_it_is():
    """A tenth of the equity is much where nearly all is invested."""
    invested = dataclasses.replace(LEDGER, cash_gbp=Decimal("12.50"))
    assert names(snapshot_doubts("125.00", invested, **TRUE)) == ["beside-ledger"]
    assert names(snapshot_doubts("12.50", invested, **TRUE)) == []


def test_an_unknown_symbol_a_missing_one_and_units_ten_times_too_many_are_asked_about_each():
    """Five holdings forgotten are five questions, not one."""
    asked = snapshot_doubts(ALDR="62.5", XYZQ="1")
    assert names(asked) == ["beside-ledger-ALDR", "unknown-XYZQ", "missing-BRCH"]
    assert "62.5 units" in asked[0].message and "6.25" in asked[0].message
    assert "holds 40:" in asked[2].message
    assert [doubt.field for doubt in asked] == ["row-1-units", "row-2-name", "row-3-units"]
    assert names(snapshot_doubts()) == ["missing-ALDR", "missing-BRCH"]


def test_a_missing_holding_is_answered_by_the_tick_of_its_own_row():
    """With the units the books hold, so that it answers for these and no others."""
    [doubt] = snapshot_doubts(ALDR="6.25")
    assert (doubt.box, doubt.figure) == ("row-2-gone", "40")


def test_a_holding_the_ledger_has_not_is_asked_about():
    """Most often it is a line typed under its neighbour's name."""
    asked = snapshot_doubts(ALDR="6.25", CEDR="40")
    assert names(asked) == ["beside-ledger-CEDR", "missing-BRCH"] and "holds none:" in asked[0].message
