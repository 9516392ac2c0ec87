"""
The embedded Postgres: a private cluster under var/ for a machine that has no server.

The cluster listens on loopback with passwords generated once into var/secrets/pgpass, and keeps running until
it is stopped. The superuser's lies in a file of its own, which only what starts the desk reads.
"""

import os
import secrets
import shutil
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from trading_ops.db.migrate import migrate
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_stack.passwords import read_passwords, superuser_pgpass, write_passwords
from trading_ops_stack.ports import is_taken
from trading_ops_stack.postgres_programs import ClusterError, run
from trading_ops_stack.processes import kill_with_children

ROLES = (
    "desk_migrator",
    "desk_loader",
    "desk_dbt",
    "desk_planner",
    "desk_app",
    "desk_mailer",
    "desk_reader",
    "desk_backup",
    "airflow_meta",
)
_START_TRIES = 10
_PORT_TRIES = 30


def start(folder: Path, config: Settings) -> None:
    """
    Create the cluster in folder if needed and start it; does nothing when it already runs.

    Raises ClusterError when the port belongs to somebody else or the server does not come up.
    """
    if is_running(folder):
        return
    if not (folder / "data/PG_VERSION").exists():
        _create(folder, config)
    start_again(folder, config)


def start_again(folder: Path, config: Settings) -> None:
    """
    Start the cluster that lies in folder, and never make one; does nothing when it already runs.

    Raises ClusterError as `start` does, and when none is there: its disk may be away, or it half restored.
    """
    if is_running(folder):
        return
    if not (folder / "data/PG_VERSION").exists():
        raise ClusterError(
            f"there is no cluster in {folder / 'data'} (no PG_VERSION): mount its disk or finish restoring it"
        )
    _remove_stale_pid(folder)
    if not _wait_for_port(config.db_host, config.db_port):
        raise ClusterError(
            f"port {config.db_port} is used by another program: stop it, or choose a port with TRADING_OPS_DB_PORT"
        )
    for _ in range(_START_TRIES):
        done = _pg_ctl(
            folder,
            "start",
            "-w",
            "-t",
            "60",
            "-l",
            str(folder / "server.log"),
            "-o",
            f"-p {config.db_port} -h {config.db_host} -k ''",
        )
        if done.returncode == 0:
            return
        # The children of a killed server hold its shared memory for a moment longer.
        time.sleep(1)
    tail = (
        (folder / "server.log").read_text(errors="replace")[-800:] if (folder / "server.log").exists() else ""
    )
    raise ClusterError(f"Postgres did not start: {done.stdout.strip()}\n{tail}\nLog: {folder / 'server.log'}")


def stop(folder: Path) -> None:
    """Stop the server in folder, letting running statements roll back; does nothing when it is down."""
    if is_running(folder):
        _pg_ctl(folder, "stop", "-m", "fast", "-w", "-t", "60")


def end(folder: Path, patience_s: int = 10) -> None:
    """End a server that does not answer: as `stop` does, then by force; what was committed stays."""
    pid = _server_pid(folder)
    if pid is None:
        return
    _pg_ctl(folder, "stop", "-m", "fast", "-w", "-t", str(patience_s))
    if is_running(folder):
        # Its children end by themselves, unless they hang as well, and then they would keep its memory.
        kill_with_children(pid)
        # A busy kernel needs a moment to take the process away.
        while is_running(folder):
            time.sleep(0.05)


def answers(config: Settings, timeout_s: int = 5) -> bool:
    """Say whether the server answers at all, be it with a refusal: one that recovers is alive."""
    address = f"host={config.db_host} port={config.db_port} dbname=postgres connect_timeout={timeout_s}"
    return psycopg.pq.PGconn.ping(address.encode()) != psycopg.pq.Ping.NO_RESPONSE


def folder_of(config: Settings) -> Path:
    """Return the folder of this desk's cluster."""
    return config.data.parent / "postgres"


def is_running(folder: Path) -> bool:
    """Say whether the process named in this folder's lock file is this folder's server."""
    return _server_pid(folder) is not None


def _server_pid(folder: Path) -> int | None:
    try:
        pid = int((folder / "data/postmaster.pid").read_text().split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (OSError, IndexError, ValueError):
        return None
    return pid if str(folder / "data") in command else None


def create_database(config: Settings, name: str, owner: str = "desk_owner") -> bool:
    """Create a database owned by a role unless it exists; return whether it was created."""
    with psycopg.connect(_admin_conninfo(config), autocommit=True) as connection:
        if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
            return False
        connection.execute(
            sql.SQL("create database {} owner {} template template0").format(
                sql.Identifier(name), sql.Identifier(owner)
            )
        )
    with psycopg.connect(_admin_conninfo(config, name), autocommit=True) as connection:
        connection.execute(sql.SQL("alter schema public owner to {}").format(sql.Identifier(owner)))
    return True


def drop_database(config: Settings, name: str) -> None:
    """
    Remove a database and everything in it, if it exists; meant for databases a command makes anew each time.
    """
    with psycopg.connect(_admin_conninfo(config), autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def initialise(folder: Path, config: Settings) -> None:
    """Start the cluster and bring roles, both databases and the desk's schema up to date."""
    _part_superuser(config)
    start(folder, config)
    with psycopg.connect(_admin_conninfo(config), autocommit=True) as connection:
        connection.execute((PROJECT_ROOT / "docker/postgres/roles.sql").read_text())
        passwords = read_passwords(config.pgpass)
        # Thousands of rounds make a weak password slow to guess, and each connection too; these are random.
        connection.execute("set scram_iterations = 1")
        for role in ROLES:
            connection.execute(
                sql.SQL("alter role {} password {}").format(
                    sql.Identifier(role), sql.Literal(passwords[role])
                )
            )
    create_database(config, config.airflow_db, "airflow_meta")
    create_database(config, config.db_name)
    migrate(config)
    # `make clean` reads it before it removes anything.
    (folder / "environment").write_text(config.environment)


def _create(folder: Path, config: Settings) -> None:
    data, unfinished = folder / "data", folder / "data.initdb"
    if data.exists() and any(data.iterdir()):
        raise ClusterError(
            f"{data} holds files but is no cluster (no PG_VERSION), and nothing was changed: finish restoring "
            "it, or move it away to begin with empty books"
        )
    folder.mkdir(parents=True, exist_ok=True)
    # Of an attempt that was cut; nothing else is ever written there.
    shutil.rmtree(unfinished, ignore_errors=True)
    config.pgpass.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, roles in ((config.pgpass, ROLES), (superuser_pgpass(config), ("postgres",))):
        if not path.exists():
            write_passwords(path, {role: secrets.token_urlsafe(24) for role in roles})
    password_file = folder / "initdb-password"
    with open(os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(read_passwords(superuser_pgpass(config))["postgres"])
    done = run(
        "initdb", "-D", str(unfinished), "-U", "postgres", "--auth=scram-sha-256",
        f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
    )  # fmt: skip
    password_file.unlink()
    if done.returncode != 0:
        raise ClusterError(f"initdb failed: {done.stdout.strip()}")
    unfinished.rename(data)
    # A power cut may not take the name back from books that were written since.
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def _pg_ctl(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    return run("pg_ctl", "-D", str(folder / "data"), *arguments)


def _remove_stale_pid(folder: Path) -> None:
    # After a power cut the file names a process that is gone, or another program that got its
    # number; the caller has already seen that it is not this folder's server.
    (folder / "data/postmaster.pid").unlink(missing_ok=True)


def _wait_for_port(host: str, port: int) -> bool:
    # A killed server is gone from the process table before the kernel has closed its port.
    for _ in range(_PORT_TRIES):
        if not is_taken(port, host):
            return True
        time.sleep(0.1)
    return False


def _part_superuser(config: Settings) -> None:
    """Move the superuser's password out of the file of an earlier version, where every process saw it."""
    passwords = read_passwords(config.pgpass) if config.pgpass.exists() else {}
    if "postgres" in passwords:
        write_passwords(superuser_pgpass(config), {"postgres": passwords.pop("postgres")})
        write_passwords(config.pgpass, passwords)


def _admin_conninfo(config: Settings, database: str = "postgres") -> str:
    return psycopg.conninfo.make_conninfo(
        host=config.db_host,
        port=config.db_port,
        dbname=database,
        user="postgres",
        passfile=str(superuser_pgpass(config)),
    )
