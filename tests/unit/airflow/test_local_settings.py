"""What the scheduler imports once for its tasks, and no other process does."""

import shutil
import subprocess
import sys

import pytest

from trading_ops.settings import PROJECT_ROOT

PROGRAM = """
import sys
sys.argv = ["airflow", sys.argv[1]]
import airflow_local_settings
from trading_ops.exchange.sessions import calendar_hash
print(calendar_hash.cache_info().currsize, "trading_ops.plan.steps" in sys.modules)
"""


@pytest.mark.parametrize(("component", "found"), [("scheduler", "1 True"), ("api-server", "0 False")])
def test_the_scheduler_is_warm_before_it_forks(component, found):
    """Each task is a fork of it and finds library and calendar ready; the others start as quickly as ever."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, component],
        env={"PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == found


def test_a_wrong_override_leaves_the_scheduler_running(tmp_path):
    """It says what is refused and goes on; a task that asks for the calendar fails by itself, and tells."""
    for folder in ("plugins", "config"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    with (tmp_path / "config/market_overrides.csv").open("a") as overrides:
        overrides.write("2026-06-15,shut,,a storm\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "scheduler"],
        env={"PYTHONPATH": f"{tmp_path / 'plugins'}:{tmp_path}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0 True"
    assert (
        "market_overrides.csv, line 3, field kind: 'shut'; accepted is closed or early_close" in done.stderr
    )
