"""
Time of `make demo` in a fresh clone, the package cache warm: in all, and what its tasks take.

    make bench-demo

Clones the last commit into a temporary folder, with ports of its own, so the desk that may be
running here is not touched. Goal: 150 s on 2 cores. An absolute time, so only worth reading from
an idle machine; the shares of the tasks hold on any.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from tests.conftest import free_port
from trading_ops.settings import PROJECT_ROOT, read_settings
from trading_ops_stack.airflow_api import Airflow

GOAL_S = 150
_SHOWN_TASKS = 12


def main() -> int:
    """
    Clone, set up, live through the demo, and print the seconds of each part; exit 1 when a part fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "trading-ops"
        subprocess.run(["git", "clone", "-q", str(PROJECT_ROOT), str(clone)], check=True)
        inherited = {
            name: text
            for name, text in os.environ.items()
            if not name.startswith(("TRADING_OPS_", "PYTHONPATH"))
        }
        own = {
            "TRADING_OPS_DATA": str(clone / "var/data"),
            "TRADING_OPS_PGPASS": str(clone / "var/secrets/pgpass"),
            "TRADING_OPS_SESSION_KEY": str(clone / "var/secrets/session_key"),
            "TRADING_OPS_DB_PORT": str(free_port()),
            "TRADING_OPS_AIRFLOW_PORT": str(free_port()),
            "TRADING_OPS_CONFIRM_PORT": str(free_port()),
        }
        parts = {}
        try:
            for name, target in (("set-up", "setup"), ("demo", "demo")):
                started_at = time.monotonic()
                done = subprocess.run(["make", target], cwd=clone, env=inherited | own, check=False)
                if done.returncode != 0:
                    return 1
                parts[name] = time.monotonic() - started_at
            tasks = _seconds_by_task(Airflow.of(read_settings(own)))
        finally:
            subprocess.run(["make", "down"], cwd=clone, env=inherited | own, check=False)
    print(f"\n{'task':<28}{'runs':>6}{'seconds':>10}")
    for name, durations in sorted(tasks.items(), key=lambda task: -sum(task[1]))[:_SHOWN_TASKS]:
        print(f"{name:<28}{len(durations):6}{sum(durations):10.1f}")
    print(f"{'all tasks':<28}{sum(map(len, tasks.values())):6}{sum(map(sum, tasks.values())):10.1f}\n")
    for name, seconds in parts.items():
        print(f"{name:<28}{seconds:16.0f} s")
    print(f"{'all':<28}{sum(parts.values()):16.0f} s   (goal: {GOAL_S} s)")
    return 0


def _seconds_by_task(airflow: Airflow) -> dict[str, list[float]]:
    """Return how long each task ran, every time it did."""
    found = defaultdict(list)
    for dag_id in airflow.dag_ids():
        path = f"/api/v2/dags/{dag_id}/dagRuns/~/taskInstances?limit=1000"
        for task in airflow.request("GET", path)["task_instances"]:
            found[task["task_id"]].append(task["duration"] or 0.0)
    return found


if __name__ == "__main__":
    sys.exit(main())
