"""A server of its own for a measurement, fresh databases in it, and the real files to load."""

import contextlib
import dataclasses
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from psycopg import sql

from tests.conftest import admin, free_port
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_stack import postgres as embedded


@contextlib.contextmanager
def server() -> Iterator[Settings]:
    """Run an embedded server with one migrated simulated database to copy."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = Settings(
            data=folder / "data",
            db_port=free_port(),
            db_name="template_desk",
            pgpass=folder / "secrets/pgpass",
            session_key=folder / "secrets/session_key",
        )
        embedded.initialise(folder / "postgres", config)
        try:
            yield config
        finally:
            embedded.stop(folder / "postgres")


@contextlib.contextmanager
def fresh_desk(config: Settings) -> Iterator[Settings]:
    """Make a database for one measurement and drop it afterwards."""
    name = f"desk_{os.urandom(4).hex()}"
    with admin(config) as connection:
        connection.execute(
            sql.SQL("create database {} template template_desk owner desk_owner").format(sql.Identifier(name))
        )
    desk = dataclasses.replace(config, db_name=name)
    with admin(desk, name) as connection:
        connection.execute("checkpoint")
    yield desk
    with admin(config) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def real_folder(name: str) -> Path:
    """Return a folder of the real files; ends the measurement when they are not on this machine."""
    data = Path(os.environ.get("TRADING_OPS_TEST_DATA", PROJECT_ROOT.parent / "shared/data"))
    if not (data / name).is_dir():
        raise SystemExit(f"no real files at {data / name}: set TRADING_OPS_TEST_DATA")
    return data / name
