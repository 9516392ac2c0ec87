"""
The page's two ways into Postgres, both as desk_app.

Reading happens in a read-only transaction, so a GET cannot write even by mistake. Writing happens
in one transaction per form and survives a lost connection: every writer carries a one-time key,
so doing it again finds the first effect instead of making a second.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import psycopg
from flask import current_app, g

from trading_ops.db.connect import connect, queries
from trading_ops.settings import Settings

T = TypeVar("T")


def desk_settings() -> Settings:
    """Return the settings this page was created with."""
    return current_app.config["DESK_SETTINGS"]


def reading() -> psycopg.Connection:
    """Return the request's read-only connection; everything it shows is of one instant."""
    if "reading" not in g:
        connection = connect("desk_app", desk_settings())
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        g.reading = connection
    return g.reading


def desk_now() -> Mapping:
    """Return which desk this is, what time it is there and whether it is halted: asked once a request."""
    if "desk" not in g:
        g.desk = queries.page.desk(reading(), portfolio_id=desk_settings().portfolio_id)
    return g.desk


def stop_reading(_error: BaseException | None = None) -> None:
    """Close the request's read-only connection, so the next read sees what was written meanwhile."""
    g.pop("desk", None)
    connection = g.pop("reading", None)
    if connection is not None:
        connection.close()


def write_once(work: Callable[[psycopg.Connection], T]) -> T:
    """
    Return what work does in one transaction that is committed.

    When the connection is lost nobody knows whether COMMIT arrived, so work runs a second time: it
    must find its own first effect by its idempotency key. Raises psycopg.OperationalError when the
    database stays away.
    """
    stop_reading()
    try:
        return _transact(work)
    except psycopg.OperationalError:
        current_app.logger.warning("connection lost while writing; asking again by the idempotency key")
        return _transact(work)


def _transact(work: Callable[[psycopg.Connection], T]) -> T:
    with connect("desk_app", desk_settings()) as connection:
        return work(connection)
