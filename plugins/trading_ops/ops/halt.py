"""
The halt (kill switch).

After engage commits, no TRADE ticket can commit until a release, whoever asks: Postgres holds
the lock. Anyone signed in may engage; a release needs an operator, a reason and a newer broker snapshot.
"""

import psycopg

from trading_ops.db.connect import queries


def engage(connection: psycopg.Connection, reason: str, person: str) -> None:
    """Halt the desk and commit; engaging a halted desk changes nothing."""
    with connection.transaction():
        queries.incidents.engage_halt(connection, reason=reason, person=person)
    connection.commit()


def release(connection: psycopg.Connection, reason: str, person: str) -> None:
    """
    End the halt and commit.

    Raises psycopg.errors.CheckViolation when the desk is not halted, the person is no operator, or no
    broker snapshot was taken since the halt.
    """
    with connection.transaction():
        queries.incidents.release_halt(connection, reason=reason, person=person)
    connection.commit()


def is_halted(connection: psycopg.Connection) -> bool:
    """Say whether the desk is halted now."""
    return queries.operator.is_halted(connection)
