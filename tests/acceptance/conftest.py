"""
A desk of the test's own: its own folder, ports and databases, worked through the make targets' commands.
"""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import free_port
from trading_ops.settings import PROJECT_ROOT, read_settings


class Desk:
    """A desk in a folder; `run` calls one of its commands as a person at a shell would."""

    def __init__(self, folder):
        self.environ = {
            "TRADING_OPS_DATA": str(folder / "data"),
            "TRADING_OPS_PGPASS": str(folder / "secrets/pgpass"),
            "TRADING_OPS_SESSION_KEY": str(folder / "secrets/session_key"),
            "TRADING_OPS_DB_PORT": str(free_port()),
            "TRADING_OPS_AIRFLOW_PORT": str(free_port()),
            "TRADING_OPS_CONFIRM_PORT": str(free_port()),
        }
        self.folder = folder

    @property
    def config(self):
        """The settings its commands see."""
        return read_settings(self.environ)

    def run(self, module, *arguments, timeout_s=900, **environ):
        """Run a module's command line and return the finished process, its output as text."""
        inherited = {name: text for name, text in os.environ.items() if not name.startswith("TRADING_OPS_")}
        return subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            env={**inherited, **self.environ, **environ, "PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}"},
            cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s,
            check=False,
        )  # fmt: skip

    def tickets(self):
        """Return the tickets it wrote, by ticket_id, as JSON."""
        return {
            path.stem: json.loads(path.read_text()) for path in sorted(self.folder.rglob("tickets/*.json"))
        }


@pytest.fixture(scope="module")
def own_desk(tmp_path_factory):
    """A desk nobody else uses, stopped at the end."""
    desk = Desk(tmp_path_factory.mktemp("desk"))
    yield desk
    desk.run("trading_ops_stack.stack", "down")
