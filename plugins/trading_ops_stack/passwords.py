"""The files libpq finds the passwords of the database's roles in."""

import os
from pathlib import Path

from trading_ops.settings import Settings


def superuser_pgpass(config: Settings) -> Path:
    """Return the file of the superuser's password, beside that of the roles."""
    return config.pgpass.with_name("pgpass.superuser")


def read_passwords(pgpass: Path) -> dict[str, str]:
    """Return role -> password of a pgpass file."""
    return {
        line.split(":")[3]: line.rstrip("\n").split(":")[4]
        for line in pgpass.read_text().splitlines()
        if line
    }


def write_passwords(pgpass: Path, passwords: dict[str, str]) -> None:
    """Write a pgpass file whole or not at all, mode 0600, without which libpq ignores it."""
    draft = pgpass.with_name(f"{pgpass.name}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as passfile:
        passfile.writelines(f"*:*:*:{role}:{password}\n" for role, password in passwords.items())
    draft.rename(pgpass)
