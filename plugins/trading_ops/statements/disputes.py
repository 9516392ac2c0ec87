"""
Lines that a statement disputes are told, once each.
"""

import psycopg

from trading_ops.comms.incidents import raise_incident
from trading_ops.db import clock
from trading_ops.db.connect import queries
from trading_ops.statements.report import dispute


def tell_disputes(connection: psycopg.Connection, portfolio_id: str) -> list[str]:
    """Tell the operator of each line a statement disputes, as desk_planner; return what is new."""
    now_at = clock.now(connection)
    told = []
    for line in list(queries.statements.disputed(connection, portfolio_id=portfolio_id)):
        key = f"STATEMENT_DISPUTED:{portfolio_id}:{line['ticket_id']}:{line['line_number']}"
        words = dispute(line, now_at)
        if raise_incident(connection, "STATEMENT_DISPUTED", key, words):
            told.append(words)
    return told
