"""
A book's trades out of the database, and what was bought again within thirty days of a sale.
"""

import psycopg

from trading_ops.db import clock
from trading_ops.db.connect import queries
from trading_ops.exchange.clocks import LONDON
from trading_ops.tax.gains import rebought
from trading_ops.tax.trades import Entry, Known, read_trades


def book_trades(connection: psycopg.Connection, portfolio_id: str) -> Known:
    """Return what the ledger of a book says of each stock today."""
    return read_trades(Entry(**row) for row in queries.tax.entries(connection, portfolio_id=portfolio_id))


def rebought_now(connection: psycopg.Connection, portfolio_id: str) -> tuple[str, ...]:
    """Return a line for each purchase and sale that the thirty days bind to each other, as of now."""
    today = clock.now(connection).astimezone(LONDON).date()
    return rebought(book_trades(connection, portfolio_id).trades, today)
