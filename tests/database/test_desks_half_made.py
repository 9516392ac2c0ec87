"""What breaks while a desk is set up leaves nothing that a later command takes for a desk."""

import signal
import subprocess
import sys

import pytest

from tests.conftest import free_port
from tests.database.test_desks import ANSWERS
from trading_ops.settings import PROJECT_ROOT
from trading_ops_stack import init, postgres


def test_half_a_desk_is_none(tmp_path, monkeypatch):
    """What broke on the way leaves no folder that a later command takes for a desk."""
    monkeypatch.setattr(init, "PORTS", {"db_port": free_port()})

    def broken(*_):
        raise postgres.ClusterError("no room")

    monkeypatch.setattr(postgres, "initialise", broken)
    with pytest.raises(postgres.ClusterError):
        init.make_desk(tmp_path / "live", dict(ANSWERS))
    assert not (tmp_path / "live").exists()


def test_a_desk_whose_making_was_killed_is_said_to_be_half_made(tmp_path):
    """It was called another desk's database, and its server kept the port from every other try."""
    folder = tmp_path / "live"
    port = free_port()
    script = (
        "import os, signal; from trading_ops_stack import init, postgres; from pathlib import Path\n"
        f"init.PORTS = dict(db_port={port})\n"
        "init.let_in = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"init.make_desk(Path({str(folder)!r}), {ANSWERS!r})"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT_ROOT, timeout=120, check=False)
    try:
        assert done.returncode == -signal.SIGKILL and postgres.is_running(folder / "postgres")
        with pytest.raises(init.InitError, match=f"half made.*rm -r {folder}"):
            init.make_desk(folder, dict(ANSWERS))
        assert not postgres.is_running(folder / "postgres")
    finally:
        postgres.stop(folder / "postgres")
