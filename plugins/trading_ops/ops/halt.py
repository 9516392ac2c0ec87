"""
The halt (kill switch).

After engage commits, no TRADE ticket can commit until a release, whoever asks: Postgres holds
the lock. Anyone signed in may engage, without a reason if need be; a release needs an operator, a reason, and
books that agree with a broker snapshot taken since.
"""

import psycopg

from trading_ops.db.connect import queries


def engage(connection: psycopg.Connection, reason: str, person: str) -> None:
    """Halt the desk and commit; on a halted desk it adds who says so and why. An empty reason is none yet."""
    with connection.transaction():
        queries.incidents.engage_halt(connection, reason=reason, person=person)
    connection.commit()


def release(connection: psycopg.Connection, reason: str, person: str) -> bool:
    """
    Approve the end of the halt, commit, and say whether it is over: the policy may ask for a second operator.

    Raises psycopg.errors.CheckViolation when the desk is not halted, the person is no operator, or the books
    do not agree with a broker snapshot taken since the newest halt.
    """
    with connection.transaction():
        is_over = queries.incidents.release_halt(connection, reason=reason, person=person)
    connection.commit()
    return is_over


def is_halted(connection: psycopg.Connection) -> bool:
    """Say whether the desk is halted now."""
    return queries.operator.is_halted(connection)
