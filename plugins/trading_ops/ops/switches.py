"""
Switching symbols off, and on again.

A switched-off symbol is never bought; what is held of it may still be sold. The newest switch of a
symbol counts, and a run is frozen with what it says.
"""

import psycopg

from trading_ops.db.connect import queries


def disabled_symbols(connection: psycopg.Connection) -> dict[str, str]:
    """Return the internal symbols that are switched off now, each with the reason."""
    return {row["internal_symbol"]: row["reason"] for row in queries.disabled_symbols(connection)}
