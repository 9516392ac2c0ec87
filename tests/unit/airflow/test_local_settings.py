"""What the scheduler imports once for its tasks, and no other process does."""

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
