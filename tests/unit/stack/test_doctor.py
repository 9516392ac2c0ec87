"""`make doctor`: what it says of a machine, from a shell alone."""

import os
import shutil
import socket
import subprocess

from trading_ops.settings import PROJECT_ROOT

DOCTOR = PROJECT_ROOT / "plugins/trading_ops_stack/doctor.sh"


def said(*arguments, **environ) -> subprocess.CompletedProcess:
    """What the doctor says at a shell with these variables."""
    return subprocess.run(
        ["/bin/sh", DOCTOR, *arguments], env=os.environ | environ, capture_output=True, text=True, check=False
    )


def test_a_running_desk_whose_data_lies_elsewhere_has_its_own_ports(tmp_path):
    """What runs lies beside the data folder; a port somebody else has is still said."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environ = {"TRADING_OPS_DATA": str(tmp_path / "data"), "TRADING_OPS_AIRFLOW_PORT": port}

        def state() -> str:
            (line,) = [line for line in said(**environ).stdout.splitlines() if f"port {port}," in line]
            return line.split()[0]

        assert state() == "TAKEN"
        (tmp_path / "run").mkdir()
        (tmp_path / "run/scheduler.pid").write_text("{}")
        assert state() == "ok"


def test_a_machine_without_python_is_told_what_it_needs_and_what_it_may_lack(tmp_path):
    """Nobody needs a browser to run a desk, so only what set-up needs makes the exit code."""
    for tool in ("dirname", "df", "awk", "id", "cat", "grep", "ls", "unshare"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    done = said(PATH=str(tmp_path))
    needed, _, optional = done.stdout.partition("optional")
    assert done.returncode == 1 and done.stderr == ""
    assert "MISSING  Python 3.11 or 3.12 (apt install python3 python3-venv)" in needed
    assert "MISSING  git" in needed and "ok       3 GB" in needed
    assert "absent   chromium" in optional and "MISSING" not in optional
    done = said("--needed", PATH=str(tmp_path))
    assert done.returncode == 1 and done.stdout == "" and "apt install git" in done.stderr
