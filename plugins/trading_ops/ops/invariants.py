"""What must hold of the stored rows at any time: one view in `inv` each, and none may return a row."""

import psycopg
from psycopg import sql

from trading_ops.db.connect import queries


def check_invariants(connection: psycopg.Connection) -> dict[str, list[dict]]:
    """Return the rows that break each invariant, by its name; an empty list where it holds."""
    names = [row["invariant_name"] for row in queries.operator.invariant_names(connection)]
    return {
        name: connection.execute(sql.SQL("select * from inv.{}").format(sql.Identifier(name))).fetchall()
        for name in names
    }
