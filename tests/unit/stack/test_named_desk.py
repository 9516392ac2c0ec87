"""Which desk a command means when one is named that is not there."""

import os
import subprocess
import sys

import pytest

from trading_ops.settings import PROJECT_ROOT

PATH = f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}"


@pytest.mark.parametrize("module", ["stack", "demo", "psql", "__main__"])
def test_a_slip_in_the_name_of_a_desk_begins_no_new_one(tmp_path, module):
    """`make up DESK=var/lvie` made a second demo, on the ports of the first."""
    words = {"stack": ["up"], "__main__": ["status"]}.get(module, [])
    done = subprocess.run(
        [sys.executable, "-m", f"trading_ops_stack.{module}", *words],
        env={**os.environ, "TRADING_OPS_DESK": str(tmp_path / "lvie"), "PYTHONPATH": PATH},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and f"no desk is in {tmp_path / 'lvie'}: a slip?" in done.stderr
    assert not (tmp_path / "lvie").exists()
