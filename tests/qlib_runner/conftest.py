"""The runner as the desk calls it: a process of its own."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.qlib_runner import market
from trading_ops.settings import PROJECT_ROOT

# Nothing of the desk, as the desk starts it; a busy machine makes spinning threads slow.
ROOM_ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONHASHSEED": "0"}


@pytest.fixture(scope="session")
def room() -> Path:
    """The interpreter of the runner's own environment; the desk's has no Qlib."""
    python = PROJECT_ROOT / ".venv-qlib/bin/python"
    if not python.exists():
        missing("no Qlib environment: make setup-qlib")
    return python


@pytest.fixture(scope="session")
def inside(room):
    """Run one of the programs of `inside/` in the runner's environment and return what it printed."""

    def run(program: str, *arguments, said: str = "") -> str:
        done = subprocess.run(
            [room, PROJECT_ROOT / "tests/qlib_runner/inside" / program, *map(str, arguments)],
            cwd=PROJECT_ROOT,
            env={**ROOM_ENVIRONMENT, "PYTHONPATH": str(PROJECT_ROOT)},
            input=said,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def commands(room):
    """Run runner's commands in one process for all tests; returns (exit code, stderr) of each."""
    process = subprocess.Popen(
        [room, PROJECT_ROOT / "tests/qlib_runner/inside/commands.py"],
        cwd=PROJECT_ROOT,
        env={**ROOM_ENVIRONMENT, "PYTHONPATH": str(PROJECT_ROOT)},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    def run(*lines: list) -> list[tuple[int, str]]:
        answers = []
        for line in lines:
            process.stdin.write(json.dumps([str(word) for word in line]) + "\n")
            process.stdin.flush()
            answers.append(tuple(json.loads(process.stdout.readline())))
        return answers

    with process:
        yield run
        process.stdin.close()


@pytest.fixture(scope="session")
def made(room, tmp_path_factory):
    """Make a result in a process of its own and return its folder; a failure is the test's."""

    def run(command: str, manifest: Path) -> Path:
        out = tmp_path_factory.mktemp(command) / command
        done = subprocess.run(
            [room, "-m", "qlib_runner", command, "--manifest", manifest, "--out", out],
            cwd=PROJECT_ROOT,
            env=ROOM_ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stderr[-3000:]
        return out

    return run


@pytest.fixture(scope="session")
def quickly_made(commands, tmp_path_factory):
    """Make a result in the process all tests share and return its folder."""

    def run(command: str, manifest: Path) -> Path:
        out = tmp_path_factory.mktemp(command) / command
        assert commands([command, "--manifest", manifest, "--out", out]) == [(0, "")]
        return out

    return run


@pytest.fixture(scope="session")
def dataset(made, tmp_path_factory) -> Path:
    """The whole test market as a dataset."""
    return made("dataset", market.write_dataset_inputs(tmp_path_factory.mktemp("in")))


@pytest.fixture(scope="session")
def earlier_dataset(quickly_made, tmp_path_factory) -> Path:
    """The test market as it was known on EARLIER."""
    inputs = market.write_dataset_inputs(tmp_path_factory.mktemp("in"), market.EARLIER)
    return quickly_made("dataset", inputs)


@pytest.fixture(scope="session")
def trained(made, earlier_dataset, tmp_path_factory) -> Path:
    """A model trained on EARLIER's dataset by one thread."""
    inputs = market.write_train_inputs(
        tmp_path_factory.mktemp("in"), earlier_dataset, market.EARLIER, threads=1
    )
    return made("train", inputs)


@pytest.fixture(scope="session")
def backtested(made, earlier_dataset, trained, tmp_path_factory) -> Path:
    """The backtest of the trained model against the market's own benchmark."""
    inputs = market.write_backtest_inputs(
        tmp_path_factory.mktemp("in"), earlier_dataset, trained, market.EARLIER, benchmark=market.BENCHMARK
    )
    return made("backtest", inputs)
