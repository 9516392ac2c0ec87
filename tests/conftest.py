"""
A real Postgres for every test that needs one.

The server is the desk's own embedded one, started once per test run in a temporary folder. A
test gets its own database, cloned from a migrated template.
"""

import dataclasses
import os
import random
import shutil
import socket
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from trading_ops.settings import PROJECT_ROOT, Settings, settings
from trading_ops_stack import postgres as embedded

# A whole run writes a bit more than 1 GB.
MEMORY_BYTES_MIN = 8_000_000_000


def free_port() -> int:
    """
    Return a TCP port nobody listens on.

    It lies below the range the system draws outgoing ports from, so no connection of another
    test takes it before the server under test does.
    """
    while True:
        port = random.SystemRandom().randrange(15000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def missing(reason: str) -> None:
    """Skip for a thing a bare machine may lack; in CI its absence is an error."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have it: {reason}")
    pytest.skip(reason)


def admin(config: Settings, database: str = "postgres") -> psycopg.Connection:
    """Open a superuser connection, for what no role of the desk may do."""
    return psycopg.connect(embedded._admin_conninfo(config, database), autocommit=True)


def pytest_configure() -> None:
    """
    Let tests write into memory where there is room: a database is made there in a sixth of the time.

    PYTEST_DEBUG_TEMPROOT is pytest's own; whoever sets it, or --basetemp, is left alone.
    """
    memory = Path("/dev/shm")
    if not memory.is_dir() or os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return
    if shutil.disk_usage(memory).free >= MEMORY_BYTES_MIN:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for a container engine, also by way of another fixture, is no part of `make test`."""
    for item in items:
        if "engine" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.long)


# Files that share what takes long to make. Each worker that runs one of them makes it.
_ON_ONE_WORKER = (
    ("tests/dbt/test_build.py", "tests/dbt/test_identities.py", "tests/dbt/test_returns.py"),
    ("tests/qlib_runner/",),
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Give a file to one worker, as `--dist loadfile` does, and with it those that share much with it."""
    from xdist.scheduler import LoadFileScheduling

    class ByWhatIsShared(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            for together in _ON_ONE_WORKER:
                if nodeid.startswith(together):
                    return together[0]
            return super()._split_scope(nodeid)

    return ByWhatIsShared(config, log) if config.option.dist == "loadfile" else None


@pytest.fixture(autouse=True)
def settings_of_this_test() -> None:
    """Let no test see the settings another one has read from its environment."""
    settings.cache_clear()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory) -> Settings:
    """A running server with one migrated simulated database named `template_desk`."""
    folder = tmp_path_factory.mktemp("cluster")
    config = Settings(
        data=folder / "data",
        db_port=free_port(),
        db_name="template_desk",
        pgpass=folder / "secrets/pgpass",
        session_key=folder / "secrets/session_key",
    )
    embedded.initialise(folder / "postgres", config)
    with admin(config) as connection:
        # What a power cut would lose is of no use to anybody.
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sql.SQL("alter system set {} = off").format(sql.Identifier(name)))
        connection.execute("select pg_reload_conf()")
    with admin(config, config.db_name) as connection:
        # Who acts is somebody the desk knows; a test that signs in gives them a password.
        for person in ("operator", "executor"):
            email = f"{person}@trading-ops.example"
            connection.execute(
                "select desk.set_person('operator', %s, %s, %s, 'none')", (person, person, email)
            )
    yield config
    embedded.stop(folder / "postgres")


@pytest.fixture
def desk(cluster, tmp_path, request) -> Settings:
    """A fresh simulated desk: its own database and data folder."""
    name = f"desk_{os.urandom(6).hex()}"
    with admin(cluster) as connection:
        # Files are copied in half the time it takes to write them through the log, which nobody reads here.
        connection.execute(
            sql.SQL("create database {} template template_desk owner desk_owner strategy file_copy").format(
                sql.Identifier(name)
            )
        )
    yield dataclasses.replace(cluster, db_name=name, data=tmp_path / "data")
    with admin(cluster) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def desk_environment(desk) -> dict[str, str]:
    """The environment variables that make a child process work on `desk`."""
    return environment_of(desk)


def environment_of(config: Settings) -> dict[str, str]:
    """Return every setting of a desk as environment variables, and libpq's pgpass file."""
    return {**config.as_environment(), "PGPASSFILE": str(config.pgpass)}


def at_a_shell(monkeypatch: pytest.MonkeyPatch, config: Settings) -> None:
    """Let a verb called from here on work on a desk, as one typed into its shell would."""
    for name, text in config.as_environment().items():
        monkeypatch.setenv(name, text)
    settings.cache_clear()


@pytest.fixture(scope="session")
def real_files() -> Path:
    """The folder of real vendor and broker files; a test that needs it is skipped without it."""
    folder = Path(os.environ.get("TRADING_OPS_TEST_DATA", PROJECT_ROOT.parent / "shared/data"))
    if not folder.is_dir():
        missing(f"no real market files at {folder}; set TRADING_OPS_TEST_DATA")
    return folder
