"""`make doctor`: what it says of a machine, from a shell alone."""

import os
import shutil
import socket
import subprocess

from trading_ops.settings import PROJECT_ROOT, read_settings

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
            (line,) = [
                line for line in said(**environ).stdout.splitlines() if f"port {port}, Airflow," in line
            ]
            return line.split()[0]

        assert state() == "TAKEN"
        (tmp_path / "run").mkdir()
        (tmp_path / "run/scheduler.pid").write_text("{}")
        assert state() == "ok"


def test_a_machine_without_python_is_told_what_it_needs_and_what_it_may_lack(tmp_path):
    """Nobody needs a browser to run a desk, so only what set-up needs makes the exit code."""
    for tool in ("dirname", "df", "awk", "id", "cat", "grep", "ls", "sed", "tr", "unshare"):
        (tmp_path / tool).symlink_to(shutil.which(tool))
    done = said(PATH=str(tmp_path))
    needed, _, optional = done.stdout.partition("optional")
    assert done.returncode == 1 and done.stderr == ""
    assert "MISSING  Python 3.11 or 3.12 (apt install python3 python3-venv)" in needed
    assert "MISSING  git" in needed and "ok       3 GB" in needed
    assert "absent   chromium" in optional and "MISSING" not in optional
    done = said("--needed", PATH=str(tmp_path))
    assert done.returncode == 1 and done.stdout == "" and "apt install git" in done.stderr


def test_it_tells_what_the_desk_that_is_meant_would_use(tmp_path):
    """Its folder, book and ports by its file, which the environment overrides, as for the desk itself."""
    text = (
        "# mine\nTRADING_OPS_DB_PORT = 6001 \r\nTRADING_OPS_PORTFOLIO_ID=live_ops\nTRADING_OPS_ENVIRONMENT=production\n"
        "TRADING_OPS_CONFIRM_PORT=6003\nTRADING_OPS_AIRFLOW_PORT=\n"
    )
    (tmp_path / "desk.env").write_text(text)
    environ = {"TRADING_OPS_DESK": str(tmp_path), "TRADING_OPS_CONFIRM_PORT": "6004"}
    told = said(**environ).stdout.partition("the desk\n")[2]
    config = read_settings(environ)
    assert f"{tmp_path}, its settings in {tmp_path / 'desk.env'}\n" in told
    assert f"{config.portfolio_id} ({config.environment}), files in {config.data}\n" in told
    assert "trading-ops ready" in told
    ports = [
        word.rstrip(",")
        for word, before in zip(told.split()[1:], told.split(), strict=False)
        if before == "port"
    ]
    assert ports == [
        str(p) for p in (config.db_port, config.airflow_port, config.confirm_port, config.docs_port)
    ]


def test_it_tells_of_a_slip_in_the_name_of_a_desk(tmp_path):
    """Set-up itself needs no desk."""
    done = said(TRADING_OPS_DESK=str(tmp_path / "lvie"))
    assert done.returncode == 1 and f"MISSING  no desk is in {tmp_path / 'lvie'}: a slip?" in done.stdout
    assert "port" not in done.stdout.partition("the desk\n")[2]
    assert said("--needed", TRADING_OPS_DESK=str(tmp_path / "lvie")).returncode == 0
