"""
The entry point of the desk's image: gives a program the desk's environment and becomes it.

A service of Airflow gets the same environment as on a machine without Docker; only what differs
between containers is set here.
"""

import os
import sys

from trading_ops.settings import Settings, settings
from trading_ops_stack.environment import environment


def container_environment(config: Settings) -> dict[str, str]:
    """Return the environment of Airflow's services, of the dbt command and of `trading-ops`."""
    return {
        **environment(config),
        # Other containers and the published port come from outside this one's loopback.
        "AIRFLOW__API__HOST": "0.0.0.0",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://api-server:{config.airflow_port}/execution/",
        # The image is read-only and compiled already.
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def main(command: list[str]) -> None:
    """Replace this process by the command, so that it gets the container's signals itself."""
    config = settings()
    # Only Airflow's room has Airflow's keys; the confirm page must do without.
    has_keys = (config.pgpass.parent / "airflow_jwt_secret").exists()
    environ = container_environment(config) if has_keys else {**os.environ, "PGPASSFILE": str(config.pgpass)}
    os.execvpe(command[0], command, environ)


if __name__ == "__main__":
    main(sys.argv[1:] or ["airflow", "version"])
