"""
Why each symbol of a plan is wanted or not, as the ticket's page shows it.

Pure. Shares of equity only: the orders are elsewhere on the page, where a halt or an expiry hides them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from trading_ops.plan.sizing import CONSTRAINTS


@dataclass(frozen=True)
class ExplainedTarget:
    """A symbol's rank, None without one, its share of equity, and why it is that."""

    symbol: str
    rank: int | None
    weight_ratio: Decimal
    why: str


def explain(rows: Iterable[Mapping]) -> tuple[ExplainedTarget, ...]:
    """Return the targets of a plan in the order of their rows, each with its constraint in words."""
    return tuple(
        ExplainedTarget(
            row["symbol"],
            row["rank"],
            row["weight_ratio"],
            CONSTRAINTS.get(row["binding_constraint"], row["binding_constraint"]),
        )
        for row in rows
    )
