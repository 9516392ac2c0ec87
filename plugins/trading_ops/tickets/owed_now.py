"""What people owe the desk now, for everybody who tells it: page, mails, reminders."""

import psycopg

from trading_ops.db.connect import queries
from trading_ops.exchange.sessions import next_plan_at
from trading_ops.tickets.owed import Owed


def read_owed(connection: psycopg.Connection, portfolio_id: str) -> tuple[Owed, ...]:
    """
    Return what has to be done before the next plan, in its order; a ticket's lines from its issue on.

    What has no deadline of its own is to be done before that plan.
    """
    now_at = queries.clock.now_at(connection)
    planned_at = next_plan_at(now_at)
    return tuple(
        Owed(
            actor=row["actor"],
            step=row["step"],
            subject=row["subject"],
            words=row["detail"],
            from_at=row["from_at"] or now_at,
            deadline_at=row["due_at"] or planned_at,
        )
        for row in queries.tickets.owed(connection, portfolio_id=portfolio_id, planned_at=planned_at)
    )
