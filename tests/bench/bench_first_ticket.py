"""
Time from `make demo` in a fresh clone to the first ticket, the package cache warm.

    make bench-demo

Clones the last commit into a temporary folder, with ports of its own, so the desk that may be
running here is not touched. Goal: under 3 minutes on 2 cores. An absolute time, so only worth
reading from an idle machine.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import free_port
from trading_ops.settings import PROJECT_ROOT

GOAL_S = 180


def main() -> int:
    """
    Clone, set up, run to the first ticket, and print the seconds of each part; exit 1 when a part fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "trading-ops"
        subprocess.run(["git", "clone", "-q", str(PROJECT_ROOT), str(clone)], check=True)
        confirm_port = free_port()
        environ = {
            **{
                name: text
                for name, text in os.environ.items()
                if not name.startswith(("TRADING_OPS_", "PYTHONPATH"))
            },
            "TRADING_OPS_DB_PORT": str(free_port()),
            "TRADING_OPS_AIRFLOW_PORT": str(free_port()),
            "TRADING_OPS_CONFIRM_PORT": str(confirm_port),
            "TRADING_OPS_CONFIRM_URL": f"http://127.0.0.1:{confirm_port}",
        }
        parts = {}
        for name, command in (
            ("set-up", ["make", "setup"]),
            ("start and first ticket", ["make", "demo", "DEMO=--first-ticket --stop"]),
        ):
            started_at = time.monotonic()
            if subprocess.run(command, cwd=clone, env=environ, check=False).returncode != 0:
                return 1
            parts[name] = time.monotonic() - started_at
    for name, seconds in parts.items():
        print(f"{name:<24}{seconds:6.0f} s")
    print(f"{'all':<24}{sum(parts.values()):6.0f} s   (goal: under {GOAL_S} s; includes stopping the desk)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
