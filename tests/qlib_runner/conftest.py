"""The runner as the desk calls it: a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.qlib_runner.manifests import bars_of, write_manifest
from trading_ops.settings import PROJECT_ROOT


@pytest.fixture
def runner():
    """Run `python -m qlib_runner` with the given arguments and nothing of the desk to import."""

    def run(*arguments) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-S", "-m", "qlib_runner", *map(str, arguments)],
            cwd=PROJECT_ROOT, env={}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def manifest(tmp_path) -> Path:
    """A manifest the runner accepts: four days of three symbols."""
    return write_manifest(
        tmp_path / "in",
        bars_of(
            {
                "AAA": ["100", "1", "110", "1"],
                "BBB": ["100", "1", "125", "1"],
                "CCC": ["50", "1", "55", "1"],
            }
        ),
    )


@pytest.fixture(scope="session")
def room() -> Path:
    """The interpreter of the runner's own environment; the desk's has no Qlib."""
    python = PROJECT_ROOT / ".venv-qlib/bin/python"
    if not python.exists():
        missing("no Qlib environment: make setup-qlib")
    return python
