"""
What the simulated executor types in: how a line ended and what the account shows, as fields of forms. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trading_ops.simulation.forms import Form
from trading_ops.wording.instants import on_clock


@dataclass(frozen=True)
class TypedFill:
    """One execution as it is typed into the page."""

    units: Decimal
    price_usd: Decimal
    value_gbp: Decimal
    executed_at: datetime
    fee_gbp: Decimal = Decimal("0.00")


@dataclass(frozen=True)
class Outcome:
    """
    How a line ended: DONE or PARTIAL with fills, SKIPPED or FAILED without.

    With `are_figures_checked` each doubt the page has is ticked, once it was shown.
    """

    status: str
    fills: tuple[TypedFill, ...] = ()
    notes: str = ""
    are_figures_checked: bool = False
    amendment_reason: str = ""


def confirmation_fields(outcome: Outcome) -> dict[str, str]:
    """Return an outcome as the fields of a line's form."""
    fields = {
        "outcome": outcome.status,
        "notes": outcome.notes,
        "fill_rows": str(max(1, len(outcome.fills))),
        "intent": "record",
    }
    if outcome.amendment_reason:
        fields["amendment_reason"] = outcome.amendment_reason
    for row, fill in enumerate(outcome.fills, start=1):
        fields |= {
            f"fill-{row}-units": f"{fill.units:f}",
            f"fill-{row}-price": f"{fill.price_usd:f}",
            f"fill-{row}-value": f"{fill.value_gbp:f}",
            f"fill-{row}-fee": f"{fill.fee_gbp:f}",
            f"fill-{row}-date": on_clock(fill.executed_at, "London", "%Y-%m-%d"),
            f"fill-{row}-time": on_clock(fill.executed_at, "London", "%H:%M:%S"),
            f"fill-{row}-zone": "London",
        }
    return fields


def snapshot_rows(form: Form, positions: Mapping[str, Decimal]) -> dict[str, str]:
    """Return positions as a snapshot form's fields: in the row of each holding, else in a row of its own."""
    rows = {
        form.fields[f"row-{number}-name"]: number
        for number in range(1, int(form.fields["rows"]) + 1)
        if form.fields.get(f"row-{number}-holding")
    }
    fields, new = {}, len(rows)
    for symbol, units in sorted(positions.items()):
        if symbol not in rows:
            new += 1
            fields[f"row-{new}-name"] = symbol
        fields[f"row-{rows.get(symbol, new)}-units"] = f"{units:f}"
    gone = (f"row-{number}-gone" for symbol, number in rows.items() if symbol not in positions)
    return {"rows": str(new), **{tick: form.ticks[tick] for tick in gone}, **fields}
