"""Typing errors are asked about, odd truths pass when checked, and what cannot be true never passes."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from confirm_app.tickets.confirmation_form import Confirmation, Fill
from confirm_app.tickets.plausibility import doubt_confirmation
from trading_ops.tickets.build import TicketLine

OPEN_AT = datetime(2026, 6, 15, 13, 45, tzinfo=UTC)
TICKET = {"window_open_at": OPEN_AT, "window_close_at": OPEN_AT + timedelta(minutes=75)}
NOW_AT = OPEN_AT + timedelta(minutes=40)
BUY = TicketLine(
    line_number=1,
    side="BUY",
    internal_symbol="ALDR",
    etoro_search_name="Alder",
    value_gbp=Decimal("500.00"),
    units_estimate=Decimal("6.25"),
    is_full_exit=False,
    reference_price_usd=Decimal(100),
    price_limit_usd=Decimal(103),
    gbpusd_rate=Decimal("1.25"),
)
SELL = dataclasses.replace(BUY, side="SELL", price_limit_usd=Decimal(97), is_full_exit=True)


def doubts(*fills, line=BUY, status="DONE", checked=False) -> dict[str, bool]:
    """Return the doubted fields and whether ticking the box lets them pass."""
    made = tuple(
        Fill(Decimal(units), Decimal(price), Decimal(value), Decimal(fee), at)
        for units, price, value, fee, at in (
            (*fill, *("0", OPEN_AT + timedelta(minutes=5))[len(fill) - 3 :]) for fill in fills
        )
    )
    confirmation = Confirmation(status, made, "", "", "k" * 16, 0, checked)
    return {
        error.field: error.is_checkable for error in doubt_confirmation(confirmation, line, TICKET, NOW_AT)
    }


def test_a_plausible_fill_is_not_doubted():
    """The order as it was written, and one that is 4 % off, pass without a question."""
    assert doubts(("6.25", "100", "500.00")) == {}
    assert doubts(("6.00", "100", "480.00")) == {}
    assert doubts(("3.125", "100", "250.00"), ("3.125", "100", "250.00")) == {}


@pytest.mark.parametrize(
    ("fill", "field"),
    [
        (("62.5", "100", "5000.00"), "fill-1-value"),
        (("6.25", "100", "5000.00"), "fill-1-value"),
        (("62.5", "100", "500.00"), "fill-1-value"),
        (("6.25", "10", "500.00"), "fill-1-price"),
        (("100", "6.25", "500.00"), "fill-1-price"),
        (("500", "100", "6.25"), "fill-1-value"),
        (("6.0", "104", "500.00"), "fill-1-price"),
        (("6.25", "100", "500.00", "50.00"), "fill-1-fee"),
    ],
    ids=[
        "x10",
        "value x10",
        "units x10",
        "price /10",
        "units and price swapped",
        "units and value swapped",
        "past the limit",
        "fee",
    ],
)
def test_a_typing_error_is_asked_about_and_passes_only_when_checked(fill, field):
    """A digit too many and two swapped fields are caught; if eToro really shows it, the box lets it pass."""
    assert doubts(fill)[field] is True
    assert doubts(fill, checked=True) == {}


def test_a_sale_below_its_limit_is_asked_about():
    """For a sale the limit is a floor; more than expected is no question."""
    assert "fill-1-price" in doubts(("6.25", "96", "480.00"), line=SELL)
    assert "fill-1-price" not in doubts(("6.25", "104", "520.00"), line=SELL)


def test_a_time_on_the_wrong_clock_is_asked_about():
    """14:52 New York typed as London is five hours early: outside the window."""
    assert doubts(("6.25", "100", "500.00", "0", OPEN_AT - timedelta(hours=5))) == {"fill-1-time": True}


def test_the_future_is_never_accepted():
    """Nothing can have been executed later than now, whatever was checked."""
    late = ("6.25", "100", "500.00", "0", NOW_AT + timedelta(seconds=1))
    assert doubts(late) == {"fill-1-time": False}
    assert doubts(late, checked=True) == {"fill-1-time": False}
    assert doubts(("6.25", "100", "500.00", "0", NOW_AT)) == {}


def test_partly_of_more_than_the_order_is_a_contradiction():
    """More than everything is not a part; a part of any size below is fine."""
    assert doubts(("7.5", "100", "600.00"), status="PARTIAL", checked=True) == {"outcome": False}
    assert doubts(("0.5", "100", "40.00"), status="PARTIAL") == {}


def test_a_part_of_a_sale_of_everything_may_bring_more_than_expected():
    """After a jump half the units can be worth more than planned; units say it is a part."""
    assert doubts(("6.00", "140", "672.00"), line=SELL, status="PARTIAL", checked=True) == {}
    assert doubts(("6.25", "140", "700.00"), line=SELL, status="PARTIAL", checked=True) == {"outcome": False}


def test_two_fills_are_judged_together_and_each_by_itself():
    """Half the order as DONE is asked about; the wrong row is named."""
    assert doubts(("3.125", "100", "250.00")) == {"fill-1-value": True}
    assert doubts(("3.125", "100", "250.00"), ("3.125", "10", "250.00"), checked=False)["fill-2-price"]
