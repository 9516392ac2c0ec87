"""Typing errors are asked about one by one, odd truths pass, and what cannot be true never passes."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from confirm_app.forms.fields import Doubt
from confirm_app.tickets.confirmation_form import Confirmation, Fill
from confirm_app.tickets.plausibility import doubt_confirmation
from trading_ops.tickets.build import TicketLine

OPEN_AT = datetime(2026, 6, 15, 13, 45, tzinfo=UTC)
TICKET = {
    "issued_at": OPEN_AT - timedelta(days=2),
    "window_open_at": OPEN_AT,
    "window_close_at": OPEN_AT + timedelta(minutes=75),
}
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


def found(*fills, line=BUY, status="DONE"):
    """Return what is found to be wrong with fills."""
    made = tuple(
        Fill(Decimal(units), Decimal(price), Decimal(value), Decimal(fee), at)
        for units, price, value, fee, at in (
            (*fill, *("0", OPEN_AT + timedelta(minutes=5))[len(fill) - 3 :]) for fill in fills
        )
    )
    return doubt_confirmation(Confirmation(status, made, "", "", "k" * 16, 0), line, TICKET, NOW_AT)


def doubts(*fills, **confirmed) -> dict[str, bool]:
    """Return the doubted fields and whether a tick lets them pass: a refusal outweighs a doubt."""
    errors = found(*fills, **confirmed)
    passes = {error.field: True for error in errors}
    return passes | {error.field: False for error in errors if not isinstance(error, Doubt)}


def test_a_plausible_fill_is_not_doubted():
    """The order as it was written, and one that is 4 % off, pass without a question."""
    assert doubts(("6.25", "100", "500.00")) == {}
    assert doubts(("6.00", "100", "480.00")) == {}
    assert doubts(("3.125", "100", "250.00"), ("3.125", "100", "250.00")) == {}


@pytest.mark.parametrize(
    ("fill", "field"),
    [
        (("62.5", "100", "5000.00"), "fill-1-value"),
        (("6.25", "100", "600.00"), "fill-1-value"),
        (("7.5", "100", "500.00"), "fill-1-value"),
        (("6.25", "70", "500.00"), "fill-1-price"),
        (("100", "6.25", "500.00"), "fill-1-price"),
        (("6.0", "104", "500.00"), "fill-1-price"),
        (("6.25", "100", "500.00", "50.00"), "fill-1-fee"),
    ],
    ids=[
        "x10",
        "value off",
        "units off",
        "price off",
        "units and price swapped",
        "past the limit",
        "fee",
    ],
)
def test_what_is_odd_is_asked_about(fill, field):
    """An order ten times as large and two swapped fields are caught; a tick lets the truth pass."""
    assert doubts(fill)[field] is True


@pytest.mark.parametrize(
    "fill",
    [
        ("6.25", "100", "5000.00"),
        ("62.5", "100", "500.00"),
        ("6.25", "10", "500.00"),
        ("500", "100", "6.25"),
        ("6.25", "103", "5175.00"),
        ("6.25", "100", "50.00"),
    ],
    ids=["value x10", "units x10", "price /10", "units and value swapped", "x10 beside a doubt", "value /10"],
)
def test_a_digit_too_many_in_one_figure_is_refused_for_good(fill):
    """Units, price and value say each other; the message names both sides and how to mend it."""
    [error] = [error for error in found(fill) if not isinstance(error, Doubt)]
    assert error.field == "fill-1-value"
    assert (
        "Units times price comes to about £" in error.message
        and "Read units, price and value" in error.message
    )


def test_a_penny_of_a_share_is_no_digit_too_many():
    """What is traded for less than a penny shows as a penny."""
    assert not [e for e in found(("0.00001", "100", "0.01"), status="PARTIAL") if not isinstance(e, Doubt)]


def test_each_doubt_has_its_own_name_and_the_figures_it_is_about():
    """Three questions about one fill are three ticks; another price is another question."""
    odd = found(("6.25", "104", "560.00", "60.00"))
    assert [(doubt.field, doubt.name) for doubt in odd] == [
        ("fill-1-price", "past-limit"),
        ("fill-1-value", "beside-product"),
        ("fill-1-fee", "share-of-value"),
        ("fill-1-value", "beside-order"),
    ]
    assert len({doubt.box for doubt in odd}) == 4
    assert odd[0].figure == "104 103" != found(("6.25", "104.01", "560.00", "60.00"))[0].figure
    assert odd[0].figure == found(("6.25", "104.00", "560.00", "60.00"))[0].figure
    assert all(any(sign in doubt.message for sign in "£$") for doubt in odd)


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
    assert doubts(("6.25", "100", "500.00", "0", NOW_AT)) == {}


def test_nothing_is_executed_before_its_ticket_was_issued():
    """A year mistyped is refused, with both instants; the issue itself is the first that is possible."""
    for at in (TICKET["issued_at"] - timedelta(seconds=1), datetime(2001, 6, 15, 14, 0, tzinfo=UTC)):
        [error] = found(("6.25", "100", "500.00", "0", at))
        assert (
            not isinstance(error, Doubt) and f"{at:%Y}" in error.message and "13 June 2026" in error.message
        )
    assert doubts(("6.25", "100", "500.00", "0", TICKET["issued_at"])) == {"fill-1-time": True}


def test_partly_of_more_than_the_order_is_a_contradiction():
    """More than everything is not a part; a part of any size below is fine."""
    assert doubts(("7.5", "100", "600.00"), status="PARTIAL") == {"outcome": False}
    assert doubts(("0.5", "100", "40.00"), status="PARTIAL") == {}


def test_a_part_of_a_sale_of_everything_may_bring_more_than_expected():
    """After a jump half the units can be worth more than planned; units say it is a part."""
    assert "outcome" not in doubts(("6.00", "140", "672.00"), line=SELL, status="PARTIAL")
    assert doubts(("6.25", "140", "700.00"), line=SELL, status="PARTIAL")["outcome"] is False


def test_two_fills_are_judged_together_and_each_by_itself():
    """Half the order as DONE is asked about; the wrong row is named."""
    assert doubts(("3.125", "100", "250.00")) == {"fill-1-value": True}
    assert doubts(("3.125", "100", "250.00"), ("3.125", "70", "250.00"))["fill-2-price"]
