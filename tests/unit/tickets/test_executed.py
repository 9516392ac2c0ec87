"""Slippage and totals of a ticket's lines, by worked examples."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from trading_ops.tickets.build import TicketLine
from trading_ops.tickets.executed import Executed, ExecutedLine, done, remarks, slippage
from trading_ops.tickets.fill_findings import is_checked, questions, questions_of

AT = datetime(2026, 6, 15, 13, 55, tzinfo=UTC)
PLAUSIBLE = {
    "low_usd": Decimal("98.50"),
    "high_usd": Decimal("103"),
    "expected_value_gbp": Decimal("500.00"),
    "is_price_in_range": True,
    "is_in_session": True,
    "is_in_window": True,
    "is_value_plausible": True,
}


def line(number: int, side: str, status: str | None, *fills: tuple[str, str, str], found: dict | None = None):
    """Return a line of 500 GBP at 100 USD with fills of (units, price, value), and what was found of each."""
    limit_usd = Decimal("103" if side == "BUY" else "97")
    order = TicketLine(
        number, side, f"SYM{number}", "Name", Decimal("500.00"), Decimal("6.25"), False, Decimal(100),
        limit_usd, Decimal("1.25"),
    )  # fmt: skip
    names = ("units", "price_usd", "value_gbp")
    rows = [
        dict(zip(names, map(Decimal, fill), strict=True))
        | {"fee_gbp": Decimal("0.50"), "executed_at": AT, "is_price_in_range": None}
        | (found or {})
        for fill in fills
    ]
    notes = "" if fills else "past the limit"
    return ExecutedLine(order, status and {"status": status, "notes": notes, "fills": rows})


@pytest.mark.parametrize(
    ("side", "price", "words"),
    [
        ("BUY", "102", "£10.00 worse (2.00 %)"),
        ("SELL", "102", "£10.00 better (2.00 %)"),
        ("SELL", "98", "£10.41 worse (2.00 %)"),
        ("BUY", "100", "as planned"),
    ],
)
def test_worse_is_dearer_to_buy_and_cheaper_to_sell(side, price, words):
    """Worth 510.00 at 102 are 500.00 at the reference of 100; at 98, 520.41."""
    assert slippage(line(1, side, "DONE", ("6.25", price, "510.00"))) == words


def test_totals_are_those_of_the_lines():
    """
    A buy in two fills, 10.00 worse; half a sale, 5.00 better; one skipped.
    """
    lines = (
        line(1, "BUY", "DONE", ("5", "101", "404.00"), ("1.25", "106", "106.00")),
        line(2, "SELL", "PARTIAL", ("3.125", "102", "255.00")),
        line(3, "BUY", "SKIPPED"),
    )
    executed = Executed(lines)
    assert executed.is_complete
    assert lines[0].price_usd == 102
    assert (executed.intended_gbp, executed.value_gbp, executed.fee_gbp) == (
        Decimal("1500.00"),
        Decimal("765.00"),
        Decimal("1.50"),
    )
    assert slippage(executed) == "£5.00 worse (0.67 %)"
    assert done(executed) == "1 of 3 lines done in full (33.33 %)"
    assert not Executed((*lines, line(4, "BUY", None))).is_complete


def test_what_a_person_should_know_is_said():
    """One fill past the limit is enough; a sale's lies below; a note says why a line was skipped."""
    fills = ("5", "101", "404.00"), ("1.25", "106", "106.00")
    assert remarks(line(1, "BUY", "DONE", *fills)) == ["a price is past the limit of $103.00"]
    assert remarks(line(1, "SELL", "DONE", ("6.25", "96.9", "484.50"))) == [
        "a price is past the limit of $97.00"
    ]
    assert remarks(line(1, "BUY", "SKIPPED"), with_market=True) == ["past the limit"]
    assert remarks(line(1, "BUY", "SKIPPED")) == ["past the limit"]
    usual = ("6.25", "100", "500.00")
    assert remarks(line(1, "BUY", "DONE", usual), with_market=True)[0].startswith("there is no bar of that")
    assert remarks(line(1, "BUY", "DONE", usual, found=PLAUSIBLE), with_market=True) == []
    odd = line(1, "BUY", "DONE", usual, usual, found=PLAUSIBLE | {"is_in_window": False})
    assert remarks(odd, with_market=True) == [
        "QUESTION: Mon 15 Jun 14:55 London (09:55 New York) is outside the ticket's window"
    ]
    assert remarks(odd) == [] and odd.is_checked
    assert remarks(line(1, "BUY", "DONE", usual)) == []
    assert slippage(line(1, "BUY", "SKIPPED")) == "nothing was executed"


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        ({}, []),
        ({"is_price_in_range": False, "high_usd": Decimal("99.999")},
         ["the price of $100.00 is none the market had that day: $98.50 to $99.999"]),
        ({"is_in_window": False}, ["Mon 15 Jun 14:55 London (09:55 New York) is outside the ticket's window"]),
        ({"is_in_window": False, "is_in_session": False},
         ["New York was closed at Mon 15 Jun 14:55 London (09:55 New York)"]),
        ({"is_value_plausible": False, "expected_value_gbp": Decimal("481.20")},
         ["the value of £500.00 does not fit: 6.25 units at $100.00 were about £481.20 at the day's rate"]),
        ({"is_value_plausible": None, "expected_value_gbp": None},
         ["its value is not checked: there is no exchange rate of that day"]),
    ],
)  # fmt: skip
def test_what_is_odd_about_a_fill_is_a_question_with_both_figures(found, asked):
    """All of it plausible asks nothing; a fill whose bar is not known is not asked about at all."""
    (fill,) = line(1, "BUY", "DONE", ("6.25", "100", "500.00"), found=PLAUSIBLE | found).confirmation["fills"]
    assert is_checked(fill) and questions(fill) == questions_of([fill, fill]) == asked
    assert questions_of([fill | {"is_price_in_range": None}]) == []
