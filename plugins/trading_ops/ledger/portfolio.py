"""
A book comes into being: its row, and what a portfolio without a broker opens with.
"""

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.config.policy import Policy
from trading_ops.db import clock
from trading_ops.db.connect import queries
from trading_ops.runs.run import RunError

# A portfolio of these kinds has no broker of its own, so the desk says what it opens with.
SELF_FUNDED_KINDS = ("paper", "simulated")


def ensure_portfolio(connection: psycopg.Connection, portfolio_id: str, kind: str, policy: Policy) -> None:
    """
    Create a portfolio unless it exists (as desk_planner, one transaction).

    A paper or simulated one opens with the policy's cash and a broker snapshot that shows it, once.
    Raises RunError when it exists as another kind.
    """
    with connection.transaction():
        queries.ledger.lock_portfolio(connection, portfolio_id=portfolio_id)
        existing = queries.ledger.portfolio_kind(connection, portfolio_id=portfolio_id)
        if existing == kind:
            return
        if existing:
            raise RunError(f"portfolio {portfolio_id} exists as a {existing} portfolio, not as a {kind} one")
        queries.ledger.insert_portfolio(connection, portfolio_id=portfolio_id, kind=kind)
        if kind not in SELF_FUNDED_KINDS:
            return
        now_at = clock.now(connection).isoformat()
        cash_gbp = str(policy.account.paper_opening_cash_gbp)
        opening = {
            "portfolio_id": portfolio_id,
            "person": "desk",
            "idempotency_key": f"opening:{portfolio_id}",
        }
        deposit = {
            "kind": "deposit",
            "amount_gbp": cash_gbp,
            "occurred_at": now_at,
            "notes": f"{kind} opening cash",
        }
        queries.ledger.record_cash_movement(connection, request=Jsonb(opening | deposit))
        shown = {"source": "form", "cash_gbp": cash_gbp, "taken_at": now_at, "positions": []}
        queries.ledger.record_snapshot(connection, request=Jsonb(opening | shown))
