"""Airflow's own database, at the version of the installed Airflow."""

import subprocess
import sys
from importlib.metadata import version

import psycopg

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_stack.environment import PARALLELISM, state_folder

# What an executor with room was handed runs within seconds. Airflow itself takes it back after ten minutes.
QUEUED_S_MAX = 300


class AirflowDatabaseError(RuntimeError):
    """Airflow refused to migrate its database; the message holds its own words."""


def migrate_airflow(config: Settings, environ: dict[str, str]) -> None:
    """
    Bring Airflow's own database to the installed version; asking Airflow costs seconds, so a stamp is kept.
    """
    stamp = state_folder(config) / f"airflow/migrated_{config.airflow_db}"
    wanted = f"{version('apache-airflow-core')} {_airflow_revision(config)}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=environ,
        cwd=PROJECT_ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AirflowDatabaseError(
            f"Airflow's database could not be migrated:\n{(done.stdout + done.stderr)[-2000:]}"
        )
    stamp.write_text(f"{version('apache-airflow-core')} {_airflow_revision(config)}")


def tasks_waiting(config: Settings, longer_than_s: float) -> list[str]:
    """
    Return `dag.task` of everything the executor was handed so long ago although it has room, oldest first.

    An executor with room starts a task within seconds; one whose idle worker was killed while it held the
    queue starts none any more, and Airflow calls it healthy. Raises psycopg.Error.
    """
    with _connect(config) as connection:
        rows = connection.execute(
            """
            select dag_id || '.' || task_id from task_instance
            where state = 'queued' and queued_dttm < now() - make_interval(secs => %s)
                and (select count(*) from task_instance where state = 'running') < %s
            order by queued_dttm
            """,
            (longer_than_s, PARALLELISM),
        ).fetchall()
    return [name for (name,) in rows]


def _connect(config: Settings) -> psycopg.Connection:
    conninfo = psycopg.conninfo.make_conninfo(
        host=config.db_host,
        port=config.db_port,
        dbname=config.airflow_db,
        user="airflow_meta",
        passfile=str(config.pgpass),
        connect_timeout=10,
    )
    return psycopg.connect(conninfo)


def _airflow_revision(config: Settings) -> str | None:
    with _connect(config) as connection:
        if connection.execute("select to_regclass('alembic_version')").fetchone()[0] is None:
            return None
        row = connection.execute("select version_num from alembic_version").fetchone()
        return row and row[0]
