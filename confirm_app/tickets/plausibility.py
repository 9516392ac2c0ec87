"""
Could this really have happened? Figures of a confirmation against the order they answer.

Pure. Truth must always be recordable, so an odd figure is asked about, each by itself, and then passes; only
what cannot be true is refused for good, here and by desk.record_confirmation.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from confirm_app.forms.fields import Doubt, FieldError
from confirm_app.forms.figures import exact, is_tenfold
from confirm_app.tickets.confirmation_form import Confirmation, Fill
from trading_ops.tickets.build import TicketLine, skip_price_usd
from trading_ops.wording.figures import gbp, usd, usd_exact
from trading_ops.wording.instants import in_full, on_both_clocks, on_clock

# How far figures may be apart before the page asks.
VALUE_AWAY_RATIO_MAX = Decimal("0.05")
PRODUCT_AWAY_RATIO_MAX = Decimal("0.02")
PRICE_AWAY_RATIO_MAX = Decimal("0.20")
FEE_RATIO_MAX = Decimal("0.05")
# The smallest value a fill can have, however little was traded.
_PENNY = Decimal("0.01")


def doubt_confirmation(
    confirmation: Confirmation, line: TicketLine, ticket: Mapping, now_at: datetime
) -> tuple[FieldError, ...]:
    """
    Return what looks wrong about a confirmation of a ticket line: doubts, and errors no truth can explain.

    ticket is a row of queries.page.ticket.
    """
    return (
        *(
            error
            for row, fill in enumerate(confirmation.fills, start=1)
            for errors in (
                _doubt_time(f"fill-{row}-time", fill, ticket, now_at),
                _doubt_price(f"fill-{row}-price", fill, line),
                _doubt_value(f"fill-{row}", fill, line),
            )
            for error in errors
        ),
        *_doubt_total(confirmation, line),
    )


def _doubt_time(field: str, fill: Fill, ticket: Mapping, now_at: datetime) -> Iterator[FieldError]:
    at, issued_at = fill.executed_at, ticket["issued_at"]
    opens_at, closes_at = ticket["window_open_at"], ticket["window_close_at"]
    if at > now_at:
        yield FieldError(
            field,
            f"The execution time, {in_full(at)}, is in the future, it is {on_both_clocks(now_at)}: "
            "correct the date or the clock (London or New York)",
        )
    elif at < issued_at:
        yield FieldError(
            field,
            f"The execution time, {in_full(at)}, is before the ticket was issued, {in_full(issued_at)}: "
            "correct the date or the clock (London or New York). What was traded before is no line of this ticket",
        )
    elif not opens_at <= at <= closes_at:
        yield Doubt(
            field,
            f"The execution time, {on_both_clocks(at)}, is outside the window, {on_clock(opens_at, 'London')} to "
            f"{on_clock(closes_at, 'London', '%H:%M')} London: check the date and the clock",
            "outside-window",
            at.isoformat(),
        )


def _doubt_price(field: str, fill: Fill, line: TicketLine) -> Iterator[FieldError]:
    price_usd, limit_usd, expected_usd = fill.price_usd, skip_price_usd(line), line.reference_price_usd
    if price_usd > limit_usd if line.side == "BUY" else price_usd < limit_usd:
        beyond = "above" if line.side == "BUY" else "below"
        message = f"The price of {usd_exact(price_usd)} is {beyond} the limit of {usd(limit_usd)}"
        yield Doubt(field, message, "past-limit", exact(price_usd, limit_usd))
    elif _away(price_usd, expected_usd) > PRICE_AWAY_RATIO_MAX:
        yield Doubt(
            field,
            f"The price of {usd_exact(price_usd)} is far from the expected {usd(expected_usd)}: "
            "are units and price swapped?",
            "far-from-expected",
            exact(price_usd, expected_usd),
        )


def _doubt_value(prefix: str, fill: Fill, line: TicketLine) -> Iterator[FieldError]:
    product_gbp = fill.units * fill.price_usd / line.gbpusd_rate
    both = f"Units times price comes to about {gbp(product_gbp)}, and the value is {gbp(fill.value_gbp)}"
    if is_tenfold(fill.value_gbp, max(product_gbp, _PENNY)):
        yield FieldError(
            f"{prefix}-value",
            f"{both}: that cannot both be true. Read units, price and value again; one has a digit too many "
            "or too few, or stands in another's field",
        )
    elif _away(fill.value_gbp, product_gbp) > PRODUCT_AWAY_RATIO_MAX:
        yield Doubt(
            f"{prefix}-value",
            f"{both}: a typing error, or two fields swapped?",
            "beside-product",
            exact(fill.units, fill.price_usd, fill.value_gbp),
        )
    if fill.fee_gbp > fill.value_gbp * FEE_RATIO_MAX:
        message = f"The fee of {gbp(fill.fee_gbp)} is more than 5 % of the value, {gbp(fill.value_gbp)}"
        yield Doubt(f"{prefix}-fee", message, "share-of-value", exact(fill.fee_gbp, fill.value_gbp))


def _doubt_total(confirmation: Confirmation, line: TicketLine) -> Iterator[FieldError]:
    if not confirmation.fills:
        return
    total_gbp = sum(fill.value_gbp for fill in confirmation.fills)
    intended_gbp = line.value_gbp
    is_over = total_gbp > intended_gbp * (1 + VALUE_AWAY_RATIO_MAX)
    is_under = total_gbp < intended_gbp * (1 - VALUE_AWAY_RATIO_MAX)
    if confirmation.status == "PARTIAL" and is_over:
        # A sale of everything may bring more than expected and still be a part of it, so units decide there.
        if not line.is_full_exit or sum(fill.units for fill in confirmation.fills) >= line.units_estimate:
            yield FieldError(
                "outcome",
                f"{gbp(total_gbp)} was executed, more than the order of {gbp(intended_gbp)}: "
                "then it is not Partly but Done",
            )
    elif confirmation.status == "DONE" and (is_over or is_under):
        hint = " Only a part? Then choose Partly." if is_under else ""
        yield Doubt(
            "fill-1-value",
            f"The order was {gbp(intended_gbp)}, the figures say {gbp(total_gbp)}.{hint}",
            "beside-order",
            exact(total_gbp, intended_gbp),
        )


def _away(figure: Decimal, expected: Decimal) -> Decimal:
    return abs(figure - expected) / expected
