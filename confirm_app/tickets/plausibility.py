"""
Could this really have happened? Figures of a confirmation against the order they answer.

Pure. Truth must always be recordable, so an odd figure asks to be checked and then passes; only
what cannot be true is refused for good.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from confirm_app.forms.fields import FieldError
from confirm_app.tickets.confirmation_form import Confirmation, Fill
from trading_ops.tickets.build import TicketLine, skip_price_usd
from trading_ops.wording.figures import gbp, usd

# How far figures may be apart before the page asks; a digit too many or two swapped fields are
# much further apart than that.
VALUE_AWAY_RATIO_MAX = Decimal("0.05")
PRODUCT_AWAY_RATIO_MAX = Decimal("0.02")
PRICE_AWAY_RATIO_MAX = Decimal("0.20")
FEE_RATIO_MAX = Decimal("0.05")


def doubt_confirmation(
    confirmation: Confirmation, line: TicketLine, ticket: Mapping, now_at: datetime
) -> tuple[FieldError, ...]:
    """
    Return what looks wrong about a confirmation of a ticket line.

    ticket is a row of page_ticket. With 'figures checked' ticked only the
    errors that no truth can explain are left.
    """
    errors = [
        *(
            error
            for row, fill in enumerate(confirmation.fills, start=1)
            for error in _doubt_fill(row, fill, line, ticket, now_at)
        ),
        *_doubt_total(confirmation, line),
    ]
    return tuple(error for error in errors if not (error.is_checkable and confirmation.are_figures_checked))


def _doubt_fill(
    row: int, fill: Fill, line: TicketLine, ticket: Mapping, now_at: datetime
) -> Iterator[FieldError]:
    side, limit_usd = line.side, skip_price_usd(line)
    if fill.executed_at > now_at:
        yield FieldError(
            f"fill-{row}-time",
            "The execution time is in the future: check the date and the clock (London or New York)",
        )
    elif not ticket["window_open_at"] <= fill.executed_at <= ticket["window_close_at"]:
        yield FieldError(
            f"fill-{row}-time",
            "The execution time is outside the ticket's window: check the date and the clock",
            True,
        )
    if (side == "BUY" and fill.price_usd > limit_usd) or (side == "SELL" and fill.price_usd < limit_usd):
        beyond = "above" if side == "BUY" else "below"
        yield FieldError(f"fill-{row}-price", f"The price is {beyond} the limit of {usd(limit_usd)}", True)
    elif _away(fill.price_usd, line.reference_price_usd) > PRICE_AWAY_RATIO_MAX:
        yield FieldError(
            f"fill-{row}-price",
            f"The price is far from the expected {usd(line.reference_price_usd)}: "
            "are units and price swapped?",
            True,
        )
    product_gbp = fill.units * fill.price_usd / line.gbpusd_rate
    if _away(fill.value_gbp, product_gbp) > PRODUCT_AWAY_RATIO_MAX:
        yield FieldError(
            f"fill-{row}-value",
            f"Units times price comes to about {gbp(product_gbp)}, not {gbp(fill.value_gbp)}: "
            "a digit too many, or two fields swapped?",
            True,
        )
    if fill.fee_gbp > fill.value_gbp * FEE_RATIO_MAX:
        yield FieldError(f"fill-{row}-fee", "The fee is more than 5 % of the value", True)


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
                f"More than the order of {gbp(intended_gbp)} was executed: then it is not Partly but Done",
            )
    elif confirmation.status == "DONE" and (is_over or is_under):
        hint = " Only a part? Then choose Partly." if is_under else ""
        yield FieldError(
            "fill-1-value",
            f"The order was {gbp(intended_gbp)}, the figures say {gbp(total_gbp)}.{hint}",
            True,
        )


def _away(figure: Decimal, expected: Decimal) -> Decimal:
    return abs(figure - expected) / expected
