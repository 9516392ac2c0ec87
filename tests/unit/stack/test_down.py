"""Which desk is stopped: never another one than was meant, and none before `make clean` has looked."""

import dataclasses
import os
import shutil
import subprocess
import sys

import pytest

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_stack import service, stack
from trading_ops_stack.processes import Process, stop_all


@pytest.fixture
def desks(tmp_path, monkeypatch):
    """The demo and the live desk, and a function that starts a process of one."""
    demo = dataclasses.replace(Settings(), desk=tmp_path, data=tmp_path / "data")
    live = dataclasses.replace(
        Settings(),
        desk=tmp_path / "live",
        data=tmp_path / "live/data",
        portfolio_id="live_ops",
        environment="production",
    )
    monkeypatch.setattr(stack, "settings", lambda: live)
    monkeypatch.setattr(stack, "demo_settings", lambda: demo)
    made = []

    def begin(config: Settings) -> None:
        made.append(
            Process("watcher", (sys.executable, "-c", "import time; time.sleep(60)"), config.data.parent)
        )
        made[-1].start(dict(os.environ), PROJECT_ROOT)

    yield demo, live, begin
    stop_all(made, patience_s=0)


def test_down_stops_what_runs_and_asks_when_two_do(desks, capsys):
    """The live desk was once stopped where the demo was meant."""
    demo, live, begin = desks
    assert stack.desk_to_stop() == live
    begin(demo)
    assert stack.desk_to_stop() == demo
    begin(live)
    assert stack.main(["down"]) == 1
    said = capsys.readouterr().err
    assert f"make down DESK={demo.desk} " in said and f"make down DESK={live.desk} " in said
    lines = []
    stack.down(demo, lines.append)
    assert lines[0] == f"stopping demo (simulated) · {demo.data.parent}" and "watcher" in lines[1]
    assert stack.desk_to_stop() == live


def test_status_says_whether_the_unit_is_installed(desks, monkeypatch):
    """In one line, with the command that does it."""
    demo, *_ = desks
    monkeypatch.setenv("XDG_CONFIG_HOME", str(demo.desk))
    lines = []
    stack.status(demo, lines.append)
    assert "  after a reboot: nothing starts it; trading-ops service install" in lines
    unit = demo.desk / "systemd/user" / service.unit_name(demo)
    unit.parent.mkdir(parents=True)
    unit.touch()
    stack.status(demo, lines.append)
    assert f"  after a reboot: {unit.name} starts it" in lines


def test_clean_looks_before_it_stops_or_removes_anything(tmp_path):
    """A production database in any desk below `var`, with or without a demo beside it, is left as it runs."""
    shutil.copy(PROJECT_ROOT / "Makefile", tmp_path)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    called = tmp_path / "called"
    python.write_text(f'#!/bin/sh\necho "$TRADING_OPS_DESK $*" >> {called}\n')
    python.chmod(0o755)
    database = tmp_path / "var/live/postgres"
    database.mkdir(parents=True)

    def clean(environment: str) -> subprocess.CompletedProcess:
        (database / "environment").write_text(environment)
        return subprocess.run(
            ["make", "-C", tmp_path, "clean"], capture_output=True, text=True, timeout=60, check=False
        )

    done = clean("production")
    assert done.returncode and "var/live/postgres is a production database" in done.stdout
    assert database.exists() and not called.exists()
    assert clean("simulated").returncode == 0 and not database.exists()
    assert called.read_text() == "var/live -m trading_ops_stack.shell trading_ops_stack.stack down\n"
