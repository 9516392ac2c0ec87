"""Who the desk knows: a decision is a person's, and a person is somebody in desk.people."""

import psycopg

from trading_ops.db.connect import queries

# Whoever stands at the desk's machine and gave no name.
SHELL = "shell"


class UnknownPerson(Exception):
    """Nobody is called so; the message names who there is."""


def require_person(connection: psycopg.Connection, name: str) -> str:
    """Return a name that is somebody's. Raises UnknownPerson."""
    known = [row["person_id"] for row in queries.operator.people(connection) if row["role"] != "gone"]
    if name not in known:
        raise UnknownPerson(
            f"nobody is called {name!r} here; the desk knows {', '.join(known) or 'nobody yet: `make up` adds people'}"
        )
    return name
