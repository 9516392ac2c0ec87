"""
Who may use the page: people with a role and a password, kept in desk.people.

Passwords are stored as salted scrypt hashes only, and an unknown name costs as long to refuse as
a wrong password.
"""

import hashlib
import hmac
from functools import lru_cache

import psycopg
from werkzeug.security import check_password_hash, generate_password_hash

from trading_ops.db.connect import queries

PASSWORD_LENGTH_MIN = 8


def set_person(
    connection: psycopg.Connection,
    person_id: str,
    role: str,
    email: str,
    password: str,
    *,
    changed_by: str = "operator",
) -> None:
    """
    Add a person, or change role, address and password of a known one.

    connection is one of desk_planner, the only role that may; role is 'operator' or 'executor';
    `changed_by` is an operator, whoever it is as long as there is none. Changing a password ends the
    person's sessions.
    """
    if len(password) < PASSWORD_LENGTH_MIN:
        raise ValueError(f"the password of {person_id} needs at least {PASSWORD_LENGTH_MIN} characters")
    queries.page.set_person(
        connection,
        changed_by=changed_by,
        person_id=person_id,
        role=role,
        email=email,
        password_hash=generate_password_hash(password),
    )


def find_person(connection: psycopg.Connection, person_id: str) -> dict | None:
    """Return the person's row, or None."""
    # Postgres stores no NUL, so a name with one is nobody's.
    return None if "\0" in person_id else queries.page.person(connection, person_id=person_id)


def check_password(person: dict | None, password: str) -> bool:
    """Say whether the password is the person's; nobody has no password."""
    is_right = check_password_hash(person["password_hash"] if person else _nobodys_hash(), password)
    return is_right and person is not None


def credential(person: dict) -> str:
    """Return a mark of the person's present password, so sessions of an earlier one end."""
    return hashlib.sha256(person["password_hash"].encode()).hexdigest()[:16]


def is_current(person: dict | None, mark: str) -> bool:
    """Say whether a session's mark belongs to the person's present password."""
    return person is not None and hmac.compare_digest(credential(person), mark)


@lru_cache
def _nobodys_hash() -> str:
    return generate_password_hash("nobody has this password")
