"""
What runs are frozen with, stored once under its hash: the policy and the calendar.
"""

import psycopg

from trading_ops.config.policy import Policy, policy_of_body
from trading_ops.db.connect import queries
from trading_ops.exchange import sessions
from trading_ops.runs.run import RunError


def load_policy(connection: psycopg.Connection, policy_hash: str) -> Policy:
    """Return the stored policy of a hash; raises RunError when it is missing or was changed since."""
    body = queries.runs.policy_body(connection, policy_hash=policy_hash)
    if body is None:
        raise RunError(f"policy {policy_hash} is not stored")
    policy = policy_of_body(body)
    if policy.policy_hash != policy_hash:
        raise RunError(f"the stored policy {policy_hash} has other contents than when it was frozen")
    return policy


def adopt_policy(connection: psycopg.Connection, policy: Policy) -> str:
    """Store a policy and its limits unless they are there, make it the active one, return its hash."""
    return queries.runs.adopt_policy(connection, text=policy.canonical_text)


def store_calendar(connection: psycopg.Connection) -> str:
    """Store the sessions the desk knows unless they are there, return their hash."""
    calendar_hash = sessions.calendar_hash()
    if not queries.runs.calendar_is_stored(connection, calendar_hash=calendar_hash):
        lines = sessions.calendar_text().splitlines(keepends=True)
        with connection.cursor() as cursor, cursor.copy(queries.runs.copy_calendar.sql) as copy:
            copy.write("".join(f"{calendar_hash}\t{line}" for line in lines))
    return calendar_hash
