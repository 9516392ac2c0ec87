"""The Qlib step believes hashes, never an exit code."""

import hashlib
import json
import subprocess
import sys

import pytest
from airflow.sdk.exceptions import AirflowFailException

from trading_ops.settings import PROJECT_ROOT
from trading_ops_airflow.qlib_files import verify_result
from trading_ops_airflow.qlib_step import run_process


@pytest.fixture
def scored(tmp_path):
    """A folder with inputs for three symbols and the real runner's result."""
    (tmp_path / "in").mkdir()
    (tmp_path / "result").mkdir()
    lines = ["internal_symbol,session_date,adj_close"]
    for symbol, growth in (("AAA", 1), ("BBB", 3), ("CCC", 2)):
        lines += [
            f"{symbol},2025-{1 + day // 28:02d}-{1 + day % 28:02d},{100 + growth * day}"
            for day in range(260)
        ]
    bars = ("\n".join(lines) + "\n").encode()
    (tmp_path / "in/bars.csv").write_bytes(bars)
    manifest = {
        "schema": 1, "command": "score", "run_id": "r1", "as_of_date": "2025-10-08", "seed": 7,
        "inputs": [{"path": "bars.csv", "sha256": hashlib.sha256(bars).hexdigest()}], "config": {},
    }  # fmt: skip
    (tmp_path / "in/manifest.json").write_text(json.dumps(manifest))
    run_process(tmp_path)
    return tmp_path


def test_the_real_runner_leaves_a_result_that_verifies(scored):
    """Ranked by last year's growth, in an interpreter of its own."""
    result = verify_result(scored)
    ranking = (result / "signals_ranked.csv").read_text().splitlines()
    assert [line.split(",")[1] for line in ranking[1:]] == ["BBB", "CCC", "AAA"]


def test_a_second_try_finds_the_first_result(scored):
    """The task was killed after the runner ended: nothing is computed twice."""
    run_process(scored)
    verify_result(scored)


def _edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda f: (f / "result/scores/manifest.json").unlink(), "no complete result"),
        (lambda f: (f / "result/scores/signals_ranked.csv").unlink(), "no complete result"),
        (lambda f: (f / "result/scores/signals_ranked.csv").write_text("rank,internal_symbol,score\n"), "another size"),
        (lambda f: _swap(f / "result/scores/signals_ranked.csv"), "another SHA-256"),
        (lambda f: _edit(f / "in/manifest.json", seed=8), "other inputs"),
        (lambda f: _edit(f / "result/scores/manifest.json", run_id="r2"), "run_id is 'r2'"),
        (lambda f: _edit(f / "result/scores/manifest.json", as_of_date="2025-10-07"), "as_of_date"),
        (lambda f: _edit(f / "result/scores/manifest.json", outputs=[]), "no ranking"),
    ],
    ids=["no manifest", "no ranking file", "truncated", "swapped letters", "inputs changed", "another run",
         "another day", "empty result"],
)  # fmt: skip
def test_a_spoilt_result_is_refused(scored, spoil, complaint):
    """Truncated, stale, of another run: each is a red task and no ranking."""
    spoil(scored)
    with pytest.raises(AirflowFailException, match=complaint):
        verify_result(scored)


def test_a_runner_that_refuses_is_quoted(tmp_path, scored):
    """The log of the task says what the runner said."""
    (scored / "in/bars.csv").write_text("internal_symbol,session_date,adj_close\n")
    subprocess.run(["rm", "-r", str(scored / "result/scores")], check=True)
    said = run_process(scored)
    with pytest.raises(AirflowFailException, match="SHA-256 differs"):
        verify_result(scored, said)


def test_the_runner_sees_nothing_of_the_desk(monkeypatch, scored):
    """No password file, no connection, no setting reaches the interpreter that runs a model."""
    monkeypatch.setenv("PGPASSFILE", "/secret")
    monkeypatch.setenv("AIRFLOW_CONN_DESK_PLANNER", "postgresql://x")
    seen = {}
    monkeypatch.setattr(
        "trading_ops_airflow.qlib_step.subprocess.run",
        lambda command, **options: (
            seen.update(options, command=command) or subprocess.CompletedProcess(command, 0, "", "")
        ),
    )
    run_process(scored)
    assert set(seen["env"]) == {"PATH", "PYTHONPATH", "PYTHONHASHSEED"}
    assert seen["env"]["PYTHONPATH"] == str(PROJECT_ROOT)
    assert (
        sys.executable in seen["command"]
        or str(PROJECT_ROOT / ".venv-qlib/bin/python") in seen["command"]
    )


def _swap(path):
    path.write_text(path.read_text().replace("AAA", "ZZZ"))
