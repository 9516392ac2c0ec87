"""
Who may use the page: people with a role and a password, kept in desk.people.

Passwords are stored as salted scrypt hashes only, and an unknown name costs as long to refuse as
a wrong password.
"""

import hashlib
import hmac
from functools import lru_cache
from threading import BoundedSemaphore

import psycopg
from werkzeug.security import check_password_hash, generate_password_hash

from trading_ops.db.connect import queries

PASSWORD_LENGTH_MIN = 8
# A look takes 32 MB and a tenth of a second of a core: guesses from everywhere at once must leave room
# for the page. Whoever signed in on this device before does not stand in line with strangers.
_LINES = {is_known_device: BoundedSemaphore(2) for is_known_device in (False, True)}
_PATIENCE_S = 5


class Busy(Exception):
    """So many passwords are being looked at that this one was not."""


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


def check_password(person: dict | None, password: str, *, is_known_device: bool) -> bool:
    """
    Say whether the password is the person's; nobody has no password.

    Few are looked at together, the others wait in line. Raises Busy when the line is too long.
    """
    line = _LINES[is_known_device]
    if not line.acquire(timeout=_PATIENCE_S):
        raise Busy
    try:
        is_right = check_password_hash(person["password_hash"] if person else _nobodys_hash(), password)
    finally:
        line.release()
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
