"""
The desk's clock for Python.

Time comes from the database, so every process of a desk agrees on it and a simulated desk can
live through months in minutes.
"""

from datetime import datetime

import psycopg

from trading_ops.db.connect import queries


def now(connection: psycopg.Connection) -> datetime:
    """Return the instant the desk believes it is."""
    return queries.clock.now_at(connection)
