"""The Qlib step believes hashes, never an exit code, and names how a runner ended."""

import json
import shutil
import sys
import threading
import time
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout

from tests.qlib_runner.manifests import AS_OF, write_small_dataset
from trading_ops.config.policy import parse_policy
from trading_ops.models.room import write_manifest
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_airflow.qlib import step
from trading_ops_airflow.qlib.files import verified_result
from trading_ops_airflow.qlib.step import ProcessOperator, Runner
from trading_ops_airflow.tasks.runs import _room


@pytest.fixture
def folder(tmp_path) -> Path:
    """A command's folder with inputs for three symbols."""
    return _inputs(tmp_path / "dataset")


@pytest.fixture
def desks_python(monkeypatch) -> None:
    """
    Let the runner work in an interpreter that is always there; for a dataset the desk's packages are enough.
    """
    monkeypatch.setattr(step, "_interpreter", lambda: Path(sys.executable))


@pytest.fixture(scope="module")
def made_once(tmp_path_factory) -> Path:
    """A command's folder with the real runner's result."""
    folder = _inputs(tmp_path_factory.mktemp("made") / "dataset")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, "_interpreter", lambda: Path(sys.executable))
        Runner().run(folder)
    return folder


@pytest.fixture
def made(made_once, tmp_path) -> Path:
    """A copy of it, to spoil."""
    return Path(shutil.copytree(made_once, tmp_path / "dataset"))


def _inputs(folder: Path) -> Path:
    write_small_dataset(folder / "in")
    (folder / "result").mkdir()
    names = ["bars.parquet", "instruments.csv", "calendar.csv"]
    return write_manifest(folder, "r1", AS_OF, names, {})


def test_the_real_runner_leaves_a_result_that_verifies(made):
    """Three symbols of four days each, counted in an interpreter of its own."""
    counts = json.loads((verified_result(made) / "counts.json").read_text())
    assert (counts["symbol_count"], counts["bar_count"], counts["session_count"]) == (3, 12, 4)


def test_a_second_try_finds_the_first_result(made, desks_python):
    """The task was killed after the runner ended: nothing is computed twice."""
    before = (made / "result/dataset/manifest.json").stat().st_ino
    Runner().run(made)
    assert (verified_result(made) / "manifest.json").stat().st_ino == before


def _edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: (f / "result/dataset/manifest.json").unlink(), "no complete result"),
        (lambda f: (f / "result/dataset/counts.json").unlink(), "no complete result"),
        (lambda f: (f / "result/dataset/counts.json").write_text("{}"), "another size"),
        (lambda f: _miscount(f / "result/dataset/counts.json"), "another SHA-256"),
        (lambda f: _edit(f / "in/manifest.json", seed=8), "other inputs"),
        (lambda f: _edit(f / "result/dataset/manifest.json", run_id="r2"), "run_id is 'r2'"),
        (lambda f: _edit(f / "result/dataset/manifest.json", as_of_date="2026-06-04"), "as_of_date"),
        (lambda f: (f / "result/dataset/more.csv").write_text("1,AAA"), "files its manifest does not name"),
        (lambda f: _edit(f / "result/dataset/manifest.json", outputs=[]), "it holds no counts.json"),
    ],
    ids=["no manifest", "no counts", "truncated", "a changed digit", "inputs changed", "another run",
         "another day", "a file more", "empty result"],
)  # fmt: skip
def test_a_spoilt_result_is_refused(made, spoil, complaint):
    """Truncated, stale, of another run: each is a red task."""
    spoil(made)
    with pytest.raises(AirflowFailException, match=complaint):
        verified_result(made)


def test_a_runner_that_refuses_is_quoted(folder, desks_python):
    """The task fails with the runner's own sentence, which stays beside the inputs."""
    (folder / "in/calendar.csv").write_text("session_date\n")
    with pytest.raises(AirflowFailException, match="refused with exit code 2:\n.*SHA-256 differs"):
        Runner().run(folder)
    assert "SHA-256 differs" in (folder / "stderr.log").read_text()


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Put a shell script where the runner's interpreter is looked for; its arguments are the runner's."""

    def install(text: str) -> None:
        path = tmp_path / "python"
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)
        monkeypatch.setattr(step, "_interpreter", lambda: path)

    return install


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("kill -KILL $$", r"dataset was killed by SIGKILL \(out of memory, or by hand\)"),
        ("kill -SEGV $$", "dataset was killed by SIGSEGV"),
        (
            "echo 'No space left on device' >&2; exit 1",
            "dataset failed with exit code 1:\nNo space left on device",
        ),
        ("exit 66", "dataset crashed with exit code 66"),
        ("exit 0", "dataset left no complete result"),
    ],
    ids=["killed", "crashed in C", "a full disk", "crashed", "exit 0 without a result"],
)
def test_each_end_has_its_name(program, folder, text, named):
    """What goes into the log, and for a plan ranked by a model into the NO-TRADE's log."""
    program(text)
    task = ProcessOperator(
        task_id="dataset", command="dataset", desk_run_id="r1", write_inputs=lambda run_id: folder
    )
    with pytest.raises(AirflowFailException, match=named):
        task.execute({})


def test_a_runner_that_hangs_ends_with_its_task_and_leaves_nothing_running(program, folder):
    """Neither the runner nor what it started survives the task's time."""
    program(f"sleep 300 & echo $! >{folder}/child; wait")
    with pytest.raises(AirflowTaskTimeout), timeout(2):
        Runner().run(folder)
    child = int((folder / "child").read_text())
    for _ in range(50):
        if not _runs(child):
            return
        time.sleep(0.1)
    pytest.fail("the runner's child outlived it")


def test_a_stopped_task_stops_its_runner(program, folder):
    """Airflow calls on_kill when somebody marks the task failed."""
    program("sleep 300")
    runner = Runner()
    threading.Timer(1, runner.kill).start()
    with pytest.raises(AirflowFailException, match="killed by SIGKILL"):
        runner.run(folder)


def test_the_runner_sees_nothing_of_the_desk(monkeypatch, program, folder):
    """No password file, no connection, no setting reaches the interpreter that runs a model."""
    monkeypatch.setenv("PGPASSFILE", "/secret")
    monkeypatch.setenv("AIRFLOW_CONN_DESK_PLANNER", "postgresql://x")
    program("env; ls -l /proc/$$/fd | grep -c socket; exit 3")
    with pytest.raises(AirflowFailException):
        Runner().run(folder)
    *seen, socket_count = (folder / "stdout.log").read_text().splitlines()
    names = {line.partition("=")[0] for line in seen}
    # The shell adds the last three.
    assert names == {"PATH", "PYTHONPATH", "PYTHONHASHSEED", "OMP_WAIT_POLICY", "PWD", "SHLVL", "_"}
    assert socket_count == "0"


def test_a_missing_environment_is_one_sentence(monkeypatch, tmp_path):
    """The desk works without Qlib; who wants a model is told the command."""
    monkeypatch.setattr("trading_ops.models.room.INTERPRETER", tmp_path / "python")
    with pytest.raises(AirflowFailException, match="`make setup-qlib` builds it"):
        step._interpreter()


def test_a_plan_of_the_stub_is_frozen_without_the_models_image():
    """A missing image or engine must not cost the ticket; whoever ranks or trains by it has to know."""
    config = Settings(qlib_runtime="docker", qlib_image="trading-ops/never-built:local")
    text = (PROJECT_ROOT / "config/policy.yml").read_text()
    stub = parse_policy(text, "policy.yml")
    by_model = parse_policy(text.replace("method: momentum_12_1", "method: qlib"), "policy.yml")
    assert _room(config, "plan", stub) == {}
    assert _room(config, "daily", by_model) == {}
    for kind, policy in (("plan", by_model), ("training", stub)):
        with pytest.raises((AirflowFailException, ConnectionError)):
            _room(config, kind, policy)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _miscount(path):
    path.write_text(path.read_text().replace('"bar_count": 12', '"bar_count": 13'))
