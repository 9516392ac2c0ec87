"""
The environment of every Airflow, dbt and web process of this desk, built in one place.

Everything a process needs is in the returned dict, so two desks with different settings run
side by side on one machine. No password is in it: libpq reads the pgpass file it names.
"""

import os
from pathlib import Path

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_stack.keys import AIRFLOW_USERS, read_keys
from trading_ops_stack.passwords import read_passwords, write_passwords

DESK_ROLES = ("desk_loader", "desk_planner", "desk_mailer", "desk_reader")
# Tasks at once, which two cores bear: most of their time they wait.
PARALLELISM = 4
# One slot each: a dbt build rewrites tables that another one may be reading.
POOLS = {
    "dbt": (1, "dbt builds, one at a time"),
    "desk_db": (2, "short transactions on the desk's database"),
    "qlib": (1, "model runs, which fill the memory of a small machine"),
}


def state_folder(config: Settings) -> Path:
    """Return the folder (`var/` by default) that holds the cluster, logs, pid files and secrets."""
    return config.data.parent


def airflow_url(config: Settings) -> str:
    """Return the address of the Airflow pages and API."""
    return f"http://127.0.0.1:{config.airflow_port}"


def environment(config: Settings) -> dict[str, str]:
    """
    Return the whole environment of a child process, on top of the caller's own.

    The keys must have been written before (`keys.write_keys`).
    """
    inherited = {
        name: text
        for name, text in os.environ.items()
        # Airflow settings of another installation would mix two desks. Without .pyc files every
        # task pays two more seconds of compiling, so the switch that prevents them is dropped.
        if not name.startswith(("AIRFLOW_", "TRADING_OPS_"))
        and name != "PYTHONDONTWRITEBYTECODE"
        # The one connection the settings name, if the operator's environment has it.
        or config.smtp_connection
        and name == f"AIRFLOW_CONN_{config.smtp_connection.upper()}"
    }
    return {**inherited, **_desk(config), **_connections(config), **_airflow(config)}


# Whose passwords the processes of a room know; dbt's child is given its own alone.
ROOMS = {
    "airflow": ("airflow_meta", *DESK_ROLES),
    "page": ("desk_app",),
    "watch": ("desk_planner", "desk_mailer"),
    "dbt": ("desk_dbt",),
}


def room_environment(config: Settings, room: str) -> dict[str, str]:
    """
    Return the environment of a room's processes, with a pgpass file that holds its roles' passwords alone.

    Only Airflow's room knows Airflow's keys.
    """
    passwords = read_passwords(config.pgpass)
    path = room_pgpass(config, room)
    write_passwords(path, {role: passwords[role] for role in ROOMS[room]})
    environ = environment(config)
    if room != "airflow":
        environ = {name: text for name, text in environ.items() if not name.startswith("AIRFLOW_")}
    return {**environ, "TRADING_OPS_PGPASS": str(path), "PGPASSFILE": str(path)}


def room_pgpass(config: Settings, room: str) -> Path:
    """Return the file of a room's passwords."""
    return config.pgpass.with_name(f"pgpass.{room}")


def _desk(config: Settings) -> dict[str, str]:
    return {
        **config.as_environment(),
        "PGPASSFILE": str(config.pgpass),
        "PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}",
        # A full buffer would hide the last lines of a process that was killed.
        "PYTHONUNBUFFERED": "1",
        # A task finds `git` and `docker` where the person who started the desk does.
        "PATH": os.environ.get("PATH", os.defpath),
    }


def _connections(config: Settings) -> dict[str, str]:
    server = f"{config.db_host}:{config.db_port}/{config.db_name}"
    return {
        f"AIRFLOW_CONN_{role.upper()}": (
            f"postgresql://{role}@{server}?cursor=dictcursor&connect_timeout=10"
            f"&application_name=trading-ops%20{role}"
        )
        for role in DESK_ROLES
    }


def _airflow(config: Settings) -> dict[str, str]:
    state = state_folder(config)
    keys = read_keys(config)
    options = {
        "core": {
            "executor": "LocalExecutor",
            "parallelism": str(PARALLELISM),
            "load_examples": "False",
            "dags_folder": str(PROJECT_ROOT / "dags"),
            "plugins_folder": str(PROJECT_ROOT / "plugins"),
            # A paused schedule does nothing and says nothing; the desk must not start that way.
            "dags_are_paused_at_creation": "False",
            "execution_api_server_url": f"{airflow_url(config)}/execution/",
            "simple_auth_manager_users": ",".join(f"{user}:{role}" for user, role in AIRFLOW_USERS.items()),
            "simple_auth_manager_passwords_file": str(keys.airflow_passwords),
        },
        "database": {
            "sql_alchemy_conn": (
                f"postgresql+psycopg2://airflow_meta@{config.db_host}:{config.db_port}/{config.airflow_db}"
            )
        },
        "api": {
            "host": "127.0.0.1",
            "port": str(config.airflow_port),
            "base_url": airflow_url(config),
            "secret_key": keys.api_secret,
            "workers": "1",
            "instance_name": f"Trading Ops ({config.environment})",
        },
        "api_auth": {"jwt_secret": keys.jwt_secret},
        # New DAG files otherwise stay invisible for five minutes; known ones change with an upgrade alone.
        "dag_processor": {
            "refresh_interval": "20",
            "min_file_process_interval": "300",
            "parsing_processes": "2",
        },
        "logging": {"base_log_folder": str(state / "logs/tasks")},
        # Between two looks a chain of twenty short tasks waits. A simulated desk waits for nothing else, and
        # runs for minutes.
        "scheduler": {
            "scheduler_idle_sleep_time": "0.1" if config.environment == "simulated" else "0.5",
            "task_instance_heartbeat_timeout": "60",
            # What a scheduler that was ended left in its queue is taken over by the next one within a minute.
            "orphaned_tasks_check_interval": "30",
        },
        # The end of a failed task is seen at the next heartbeat, five seconds later by default.
        "workers": {"min_heartbeat_interval": "1"},
        "usage_data_collection": {"enabled": "False"},
    }
    named = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": text
        for section, values in options.items()
        for name, text in values.items()
    }
    return {"AIRFLOW_HOME": str(state / "airflow"), **named}
