"""Slippage and totals of a ticket's lines, by worked examples."""

from decimal import Decimal

import pytest

from trading_ops.tickets.build import TicketLine
from trading_ops.tickets.executed import Executed, ExecutedLine, done, remarks, slippage


def line(
    number: int, side: str, status: str | None, *fills: tuple[str, str, str], within: bool | None = None
):
    """Return a line of 500 GBP at 100 USD with fills of (units, price, value)."""
    limit_usd = Decimal("103" if side == "BUY" else "97")
    order = TicketLine(
        number, side, f"SYM{number}", "Name", Decimal("500.00"), Decimal("6.25"), False, Decimal(100),
        limit_usd, Decimal("1.25"),
    )  # fmt: skip
    names = ("units", "price_usd", "value_gbp")
    rows = [
        dict(zip(names, map(Decimal, fill), strict=True)) | {"fee_gbp": Decimal("0.50")} for fill in fills
    ]
    notes = "" if fills else "past the limit"
    return ExecutedLine(order, status and {"status": status, "notes": notes, "fills": rows}, within)


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
    assert remarks(line(1, "SELL", "DONE", ("6.25", "96.9", "484.50"), within=True)) == [
        "a price is past the limit of $97.00"
    ]
    assert remarks(line(1, "BUY", "SKIPPED"), with_bars=True) == ["past the limit"]
    assert remarks(line(1, "BUY", "SKIPPED")) == ["past the limit"]
    usual = ("6.25", "100", "500.00")
    assert remarks(line(1, "BUY", "DONE", usual, within=False))[0].startswith("PRICE OUTSIDE THE BAR")
    assert remarks(line(1, "BUY", "DONE", usual), with_bars=True)[0].startswith("there is no bar of that day")
    assert remarks(line(1, "BUY", "DONE", usual)) == []
    assert slippage(line(1, "BUY", "SKIPPED")) == "nothing was executed"
