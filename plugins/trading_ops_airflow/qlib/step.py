"""
The commands of the model's room as tasks, in a locked container or in an interpreter of its own.

What counts is the output manifest and the hashes in it; an exit code is never proof. The runner
gets no database, no network and no secret.
"""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from trading_ops_airflow.children import bound_to_parent
from trading_ops_airflow.qlib import files
from trading_ops_airflow.qlib.files import verified_result
from trading_ops_airflow.roles import Role

# What a command's exit code means when it is no crash; qlib_runner/__init__.py has them.
_ENDINGS = {1: "failed", 2: "refused"}


def make_dataset(desk_run_id: str) -> BaseOperator:
    """Return the task that makes Qlib's store of a run's exported prices."""
    return _task("make_dataset", "dataset", desk_run_id, files.write_dataset_inputs, Role.SCORING)


def train_model(desk_run_id: str) -> BaseOperator:
    """Return the task that trains on the run's dataset."""
    return _task("train_model", "train", desk_run_id, files.write_train_inputs, Role.STEP)


def backtest_model(desk_run_id: str) -> BaseOperator:
    """Return the task that backtests the run's model."""
    return _task("backtest_model", "backtest", desk_run_id, files.write_backtest_inputs, Role.STEP)


def score_model(desk_run_id: str) -> BaseOperator:
    """Return the task that ranks the run's universe by the model it trades on; the room takes it first."""
    return _task("score_model", "score", desk_run_id, files.write_score_inputs, Role.SCORING, priority=10)


def score_shadow(desk_run_id: str) -> BaseOperator:
    """Return the task that ranks the run's universe by the model it watches."""
    return _task("score_shadow", "score", desk_run_id, files.write_shadow_inputs, Role.WATCHED)


def _task(
    task_id: str,
    command: str,
    desk_run_id: str,
    write_inputs: Callable[[str], Path],
    role: Role,
    priority: int = 1,
) -> BaseOperator:
    from trading_ops.settings import settings

    arguments = {
        "task_id": task_id,
        "command": command,
        "desk_run_id": desk_run_id,
        "write_inputs": write_inputs,
        "pool": "qlib",
        "priority_weight": priority,
        "execution_timeout": timedelta(minutes=20),
    }
    if settings().qlib_runtime == "docker":
        from trading_ops_airflow.qlib.container import ContainerOperator

        task = ContainerOperator(image=settings().qlib_image, **arguments)
    else:
        task = ProcessOperator(**arguments)
    task.role = role
    return task


class ProcessOperator(BaseOperator):
    """
    Run one command of the runner in an interpreter of its own, with nothing of the desk in its environment.
    """

    template_fields = ("desk_run_id",)

    def __init__(
        self, *, command: str, desk_run_id: str, write_inputs: Callable[[str], Path], **arguments
    ) -> None:
        super().__init__(**arguments)
        self.command = command
        self.desk_run_id = desk_run_id
        self.write_inputs = write_inputs
        self._runner = Runner()

    def execute(self, context) -> str:
        """Write the inputs, run, and return the folder of the verified result."""
        folder = self.write_inputs(self.desk_run_id)
        said = self._runner.run(folder)
        self.log.info("%s", said)
        return str(verified_result(folder, said))

    def on_kill(self) -> None:
        """Stop the runner with the task."""
        self._runner.kill()


class Runner:
    """A process of the runner, and everything it starts: none of it outlives the task."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None

    def run(self, folder: Path) -> str:
        """
        Run the command of `folder/in/manifest.json` and return what it said.

        Keeps that in stdout.log and stderr.log. Whether it did its work is for verified_result. Raises
        AirflowFailException, with the runner's last words, when it was killed, refused, failed or crashed.
        """
        from trading_ops.settings import PROJECT_ROOT

        command = json.loads((folder / "in/manifest.json").read_bytes())["command"]
        # A runner must not outlive its worker either, or a second try meets it in the same folder.
        arguments = [
            *bound_to_parent(signal.SIGKILL),
            str(_interpreter()),
            "-m",
            "qlib_runner",
            command,
            "--manifest",
            str(folder / "in/manifest.json"),
            "--out",
            str(folder / "result" / command),
        ]
        with (folder / "stdout.log").open("wb") as out, (folder / "stderr.log").open("wb") as err:
            self._process = subprocess.Popen(
                arguments,
                env=_environment(PROJECT_ROOT),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        try:
            code = self._process.wait()
        finally:
            # Also when the task's time is over.
            self.kill()
        said = "".join((folder / name).read_text(errors="replace") for name in ("stdout.log", "stderr.log"))
        if code:
            last = "\n".join(said.splitlines()[-15:])
            raise AirflowFailException(f"{command} {_ending(code)}:\n{last}")
        return f"{command} ended with exit code 0\n{said}"

    def kill(self) -> None:
        """Kill the runner and all it started, if any of it still runs."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _interpreter() -> Path:
    """Return the interpreter of the runner's own environment."""
    from trading_ops.models.room import INTERPRETER

    if INTERPRETER.exists():
        return INTERPRETER
    raise AirflowFailException(
        "the environment the model runs in is not built: `make setup-qlib` builds it, or set "
        "TRADING_OPS_QLIB_RUNTIME=docker"
    )


def _environment(project: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(project),
        "PYTHONHASHSEED": "0",
        # Threads that wait by spinning make a busy machine slower.
        "OMP_WAIT_POLICY": "PASSIVE",
    }


def _ending(code: int) -> str:
    if code < 0:
        name = signal.Signals(-code).name
        return f"was killed by {name}" + (" (out of memory, or by hand)" * (name == "SIGKILL"))
    return f"{_ENDINGS.get(code, 'crashed')} with exit code {code}"
