"""
What the desk consists of beside Postgres: how each part is started, and with which passwords.
"""

import sys

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_airflow.dbt.command import server_command, server_environment
from trading_ops_stack.environment import environment, room_environment, state_folder
from trading_ops_stack.processes import Process

# Whose passwords a part knows; the supervisor starts them all, so it knows what `up` knows.
_ROOMS = {"dbt-server": "dbt", "confirm-page": "page", "watcher": "watch"}


def components(config: Settings) -> dict[str, Process]:
    """Return every process of the stack but Postgres, in the order they start."""
    airflow = (sys.executable, "-m", "airflow")
    commands = {
        "dbt-server": server_command(config),
        "api-server": (*airflow, "api-server"),
        "dag-processor": (*airflow, "dag-processor"),
        "confirm-page": (sys.executable, "-m", "gunicorn", "--config", "python:confirm_app.serving"),
        "watcher": (sys.executable, "-m", "trading_ops_stack.watcher"),
        # No log servers: every process of this machine sees the same log folder.
        "scheduler": (*airflow, "scheduler", "--skip-serve-logs"),
        "triggerer": (*airflow, "triggerer", "--skip-serve-logs"),
        "supervisor": (sys.executable, "-m", "trading_ops_stack.supervisor"),
    }  # fmt: skip
    return {name: Process(name, command, state_folder(config)) for name, command in commands.items()}


def start(config: Settings, process: Process) -> None:
    """Start a part, unless it runs already."""
    if process.name == "supervisor":
        environ = environment(config)
    else:
        environ = room_environment(config, _ROOMS.get(process.name, "airflow"))
    if process.name == "dbt-server":
        environ = server_environment(environ)
    process.start(environ, PROJECT_ROOT)
