"""
Keys and passwords of the stack, generated once and kept in files only their owner can read.

A second call never changes a key: every process, also one started days later, uses the same.
"""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from trading_ops.files import write_whole
from trading_ops.settings import Settings

# Who signs in at Airflow, with a role of its own: the watcher changes runs and DAGs, no connection or user.
AIRFLOW_USERS = {"admin": "admin", "watcher": "user"}


class KeysError(Exception):
    """The keys of the stack cannot be read; the message says how to get them."""


@dataclass(frozen=True)
class Keys:
    """What Airflow's processes share; `airflow_passwords` is the file with the admin's password."""

    jwt_secret: str
    api_secret: str
    airflow_passwords: Path


def write_keys(config: Settings) -> None:
    """Generate the keys that do not exist yet, beside the pgpass file, mode 0600."""
    folder = _folder(config)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("airflow_jwt_secret", "airflow_api_secret"):
        # 64 bytes: Airflow warns about anything shorter.
        _write_once(folder / name, secrets.token_urlsafe(64))
    _write_airflow_passwords(folder / "airflow_passwords.json")


def write_password(config: Settings, person: str) -> str:
    """Return the sign-in password of a person of the confirm page, generated on the first call."""
    _write_once(_folder(config) / f"password_{person}", secrets.token_urlsafe(12))
    return (_folder(config) / f"password_{person}").read_text()


def forget_password(config: Settings, person: str) -> None:
    """Let the next `write_password` of a person make a new one."""
    (_folder(config) / f"password_{person}").unlink(missing_ok=True)


def read_keys(config: Settings) -> Keys:
    """Return the keys. Raises KeysError when the stack was never brought up."""
    folder = _folder(config)
    try:
        return Keys(
            jwt_secret=(folder / "airflow_jwt_secret").read_text(),
            api_secret=(folder / "airflow_api_secret").read_text(),
            airflow_passwords=folder / "airflow_passwords.json",
        )
    except FileNotFoundError as error:
        raise KeysError(f"{error.filename} does not exist: run `make up` once") from error


def airflow_password(config: Settings, user: str = "admin") -> str:
    """Return the password of a user of Airflow (AIRFLOW_USERS). Raises KeysError."""
    try:
        return json.loads(read_keys(config).airflow_passwords.read_text())[user]
    except (FileNotFoundError, ValueError, KeyError) as error:
        raise KeysError(
            f"no password of {user} in {_folder(config)}/airflow_passwords.json: {error}"
        ) from error


def _folder(config: Settings) -> Path:
    return config.pgpass.parent


def _write_airflow_passwords(path: Path) -> None:
    known = json.loads(path.read_text()) if path.exists() and path.stat().st_size else {}
    if missing := AIRFLOW_USERS.keys() - known.keys():
        # Airflow would make one as well, and print it into its log.
        write_whole(path, json.dumps(known | {user: secrets.token_urlsafe(12) for user in missing}).encode())


def _write_once(path: Path, text: str) -> None:
    if path.exists() and path.stat().st_size:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Written beside and renamed, so a crash in between leaves no half key behind.
    scratch = path.with_name(path.name + f".{os.getpid()}")
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    scratch.rename(path)
