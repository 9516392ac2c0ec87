"""
What a book begins with: cash and stocks of one instant, recorded by an operator, and taken back whole while
no order is out.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.db.connect import queries
from trading_ops.ledger.holdings import OpeningPosition
from trading_ops.wording.figures import gbp, units
from trading_ops.wording.instants import utc_minute


def record_opening(
    connection: psycopg.Connection,
    portfolio_id: str,
    person: str,
    cash_gbp: Decimal,
    holdings: Sequence[OpeningPosition],
    opened_at: datetime,
    key: str = "",
) -> int:
    """
    Record an opening as desk_planner and return its number; the same `key` and content again gives the same.

    Postgres refuses a second one, one after the first orders, and whoever is no operator.
    """
    request = {
        "portfolio_id": portfolio_id, "person": person, "idempotency_key": key or str(uuid.uuid4()),
        "opened_at": opened_at.isoformat(), "cash_gbp": f"{cash_gbp:.2f}",
        "positions": [holding.as_request() for holding in holdings],
    }  # fmt: skip
    return queries.ledger.record_opening(connection, request=Jsonb(request))


def reverse_opening(connection: psycopg.Connection, portfolio_id: str, person: str, reason: str) -> int:
    """Take the opening of a book back whole, as desk_planner, and return the number of the reversal."""
    request = {
        "portfolio_id": portfolio_id, "person": person, "notes": reason, "idempotency_key": str(uuid.uuid4()),
    }  # fmt: skip
    return queries.ledger.reverse_opening(connection, request=Jsonb(request))


def openings_text(connection: psycopg.Connection, portfolio_id: str) -> str:
    """Return what a book began with, the newest set first, and which of them were taken back."""
    openings = list(queries.ledger.openings(connection, portfolio_id=portfolio_id))
    reversals = {row["reverses_opening_id"]: row for row in openings if row["reverses_opening_id"]}
    lines = []
    for opening in openings:
        if opening["reverses_opening_id"]:
            continue
        reversal = reversals.get(opening["opening_id"])
        lines.append(
            f"opening {opening['opening_id']}: {gbp(opening['cash_gbp'])} and these stocks at "
            f"{utc_minute(opening['opened_at'])}, by {opening['person']}"
            + (f"; taken back by {reversal['person']}: {reversal['notes']}" if reversal else "")
        )
        for row in queries.ledger.opening_positions(connection, opening_id=opening["opening_id"]):
            since = f", since {row['held_since']}" if row["held_since"] else ""
            held = f"{units(row['units'])} units, cost {gbp(row['cost_gbp'])}"
            lines.append(f"  {row['symbol']:<10} {held}{since}")
    return "\n".join(lines) or "no opening is recorded"
