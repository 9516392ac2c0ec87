"""
The secrets of the compose stack: generated once, one folder per room, never printed.

Each room is a volume of its own and holds the passwords of the roles that room works as, so the
confirm page, which strangers can reach, cannot become the loader or the schema's owner.
"""

import secrets
from pathlib import Path

from confirm_app.people.session_key import read_session_key
from trading_ops.settings import Settings
from trading_ops_stack.keys import write_keys
from trading_ops_stack.passwords import read_passwords, write_passwords
from trading_ops_stack.postgres import ROLES

ROOMS = {
    "database": ROLES,
    "migrate": ("desk_migrator",),
    "airflow": (
        "airflow_meta",
        "desk_loader",
        "desk_planner",
        "desk_mailer",
        "desk_reader",
        "desk_backup",
    ),
    "dbt": ("desk_dbt",),
    "confirm": ("desk_app",),
}


def make_secrets(folder: Path) -> None:
    """
    Write what is missing below folder; a secret that exists is never changed.

    A role added by a later version gets its password then.
    """
    database = folder / "database/pgpass"
    known = read_passwords(database) if database.exists() else {}
    passwords = {role: known.get(role) or secrets.token_urlsafe(24) for role in ROLES}
    for room, roles in ROOMS.items():
        # The database's room last: what it names, the others know already.
        if room != "database":
            write_passwords(folder / room / "pgpass", {role: passwords[role] for role in roles})
    write_passwords(database, passwords)
    write_keys(Settings(pgpass=folder / "airflow/pgpass"))
    # Reading makes the key when there is none.
    read_session_key(folder / "confirm/session_key")


if __name__ == "__main__":
    make_secrets(Path("/secrets"))
