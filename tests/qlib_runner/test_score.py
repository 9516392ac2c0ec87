"""The runner as a process: what it makes, and what it refuses to make."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from tests.qlib_runner.manifests import bars_of, write_manifest
from trading_ops.settings import PROJECT_ROOT


def test_the_ranking_is_by_return_and_then_by_symbol(runner, manifest, tmp_path):
    """BBB made 25 %; AAA and CCC made 10 % each, so AAA comes first."""
    done = runner("score", "--manifest", manifest, "--out", tmp_path / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out/signals_ranked.csv").read_text() == (
        "rank,internal_symbol,score\n1,BBB,0.25\n2,AAA,0.10000000000000009\n3,CCC,0.10000000000000009\n"
    )


def test_the_result_names_every_byte_it_was_made_from_and_holds(runner, manifest, tmp_path):
    """The output manifest carries the hash of the input manifest and of the ranking."""
    runner("score", "--manifest", manifest, "--out", tmp_path / "out")
    ranking = (tmp_path / "out/signals_ranked.csv").read_bytes()
    assert json.loads((tmp_path / "out/manifest.json").read_text()) == {
        "schema": 1,
        "command": "score",
        "run_id": "20260606-080000Z-git0000000",
        "as_of_date": "2026-06-05",
        "input_manifest_sha256": hashlib.sha256(manifest.read_bytes()).hexdigest(),
        "outputs": [
            {
                "path": "signals_ranked.csv",
                "sha256": hashlib.sha256(ranking).hexdigest(),
                "size_bytes": len(ranking),
            }
        ],
    }


def test_the_default_window_is_a_year_without_its_last_month(runner, tmp_path):
    """Of 300 closes 1, 2, ... 300 the score is the 279th over the 48th, minus one."""
    path = write_manifest(tmp_path / "in", bars_of({"AAA": [str(day) for day in range(1, 301)]}), config={})
    assert runner("score", "--manifest", path, "--out", tmp_path / "out").returncode == 0
    assert (tmp_path / "out/signals_ranked.csv").read_text().splitlines()[1] == f"1,AAA,{279 / 48 - 1.0!r}"


def test_a_symbol_without_the_history_is_left_out(runner, tmp_path):
    """NEW was listed two days ago; it gets no rank and no invented score."""
    path = write_manifest(tmp_path / "in", bars_of({"AAA": ["1", "2", "3", "4"], "NEW": ["9", "9"]}))
    assert runner("score", "--manifest", path, "--out", tmp_path / "out").returncode == 0
    assert (tmp_path / "out/signals_ranked.csv").read_text() == "rank,internal_symbol,score\n1,AAA,2.0\n"


def test_scoring_again_leaves_the_result_as_it_is(runner, manifest, tmp_path):
    """A task that runs twice succeeds twice and writes once."""
    runner("score", "--manifest", manifest, "--out", tmp_path / "out")
    before = (tmp_path / "out/manifest.json").stat()
    assert runner("score", "--manifest", manifest, "--out", tmp_path / "out").returncode == 0
    after = (tmp_path / "out/manifest.json").stat()
    # Not the whole of it: looking at the file changes when it was last read.
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_two_runs_of_one_manifest_give_the_same_bytes(runner, manifest, tmp_path):
    """No clock, path or order of a set reaches the result."""
    for name in ("one", "two"):
        runner("score", "--manifest", manifest, "--out", tmp_path / name)
    for name in ("manifest.json", "signals_ranked.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


FOUR_DAYS = {"AAA": ["1", "2", "3", "4"]}


@pytest.mark.parametrize(
    ("bars", "changes", "reason"),
    [
        (bars_of(FOUR_DAYS), {"schema": 2}, "has schema 2; this runner knows 1"),
        (bars_of(FOUR_DAYS), {"command": "train"}, "is for the command 'train'"),
        (
            bars_of(FOUR_DAYS),
            {"as_of_date": "2026-06-04"},
            "the bar of 2026-06-05 is after as_of_date 2026-06-04",
        ),
        (
            bars_of(FOUR_DAYS),
            {"as_of_date": "2026-06-08"},
            "the newest session is 2026-06-05, but as_of_date is 2026-06-08",
        ),
        (bars_of(FOUR_DAYS), {"as_of_date": "20260605"}, "is not a date like 2026-06-05"),
        (bars_of(FOUR_DAYS), {"run_id": " "}, "run_id is empty"),
        (bars_of(FOUR_DAYS), {"seed": "7"}, "seed must be of type int"),
        (bars_of(FOUR_DAYS), {"seed": True}, "seed must be of type int"),
        (bars_of(FOUR_DAYS), {"extra": 1}, "expected an object with exactly the fields"),
        (bars_of(FOUR_DAYS), {"inputs": []}, "score takes one input, the bars; the manifest names 0"),
        (
            bars_of(FOUR_DAYS),
            {"inputs": [{"path": "gone.csv", "sha256": ""}]},
            "gone.csv cannot be read: No such file",
        ),
        (
            bars_of(FOUR_DAYS),
            {"inputs": [{"path": "../bars.csv", "sha256": ""}]},
            "must be relative and stay inside",
        ),
        (
            bars_of(FOUR_DAYS),
            {"inputs": [{"path": "/etc/passwd", "sha256": ""}]},
            "must be relative and stay inside",
        ),
        (bars_of(FOUR_DAYS), {"inputs": [{"path": "bars.csv", "sha256": "0" * 64}]}, "its SHA-256 differs"),
        (bars_of(FOUR_DAYS), {"config": {"window": 3}}, "config 'window' is unknown"),
        (
            bars_of(FOUR_DAYS),
            {"config": {"lookback_sessions": 1, "skip_sessions": 1}},
            "0 <= skip_sessions < lookback",
        ),
        (bars_of(FOUR_DAYS), {"config": {}}, "253 sessions of bars are needed; there are 4"),
        (bars_of({"AAA": ["1", "2", "3", "nan"]}), {}, "adj_close of AAA is 'nan', not a positive number"),
        (bars_of({"AAA": ["1", "2", "3", ""]}), {}, "adj_close of AAA is '', not a positive number"),
        (bars_of({"AAA": ["1", "2", "3", "0"]}), {}, "adj_close of AAA is '0', not a positive number"),
        (bars_of({"AAA": ["1", "2", "3", "-4"]}), {}, "adj_close of AAA is '-4', not a positive number"),
        (
            bars_of({"AAA": ["1", "2", "3", "1e999"]}),
            {},
            "adj_close of AAA is '1e999', not a positive number",
        ),
        (
            bars_of({"AAA": ["1", "2", "3", "1_000"]}),
            {},
            "adj_close of AAA is '1_000', not a positive number",
        ),
        (bars_of({"": ["1", "2", "3", "4"]}), {}, "internal_symbol '' is empty"),
        (bars_of({"A A": ["1", "2", "3", "4"]}), {}, "internal_symbol 'A A' is empty or has a character"),
        (
            bars_of(FOUR_DAYS) + "AAA,2026-06-05,4\n",
            {},
            "bars.csv line 6: duplicate bar of AAA on 2026-06-05",
        ),
        (bars_of(FOUR_DAYS) + "AAA,2026-06-05\n", {}, "bars.csv line 6: 2 fields where 3 are expected"),
        (bars_of(FOUR_DAYS) + "BBB,05.06.2026,4\n", {}, "session_date '05.06.2026' is not a date"),
        (
            bars_of({"AAA": ["4"], "BBB": ["1", "2", "3", "4"][:1]}),
            {},
            "4 sessions of bars are needed; there are 1",
        ),
        (
            "symbol,date,close\n",
            {},
            "bars.csv line 1: expected the columns internal_symbol,session_date,adj_close",
        ),
        ("internal_symbol,session_date,adj_close\n", {}, "the newest session is none"),
        ("", {}, "bars.csv line 1: expected the columns"),
    ],
)
def test_what_cannot_be_trusted_is_refused_without_a_trace(runner, tmp_path, bars, changes, reason):
    """Exit code 2, one line that says why, and neither an out folder nor a piece of one."""
    path = write_manifest(tmp_path / "in", bars, **changes)
    (tmp_path / "results").mkdir()
    done = runner("score", "--manifest", path, "--out", tmp_path / "results/out")
    assert done.returncode == 2, done.stderr
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "results").iterdir()) == []


def test_one_changed_byte_of_an_input_is_refused(runner, manifest, tmp_path):
    """Same length, one digit other: the hash in the manifest decides."""
    bars = manifest.parent / "bars.csv"
    bars.write_text(bars.read_text().replace("125", "126"))
    done = runner("score", "--manifest", manifest, "--out", tmp_path / "out")
    assert (done.returncode, "its SHA-256 differs" in done.stderr) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_result_of_another_manifest_is_never_overwritten(runner, manifest, tmp_path):
    """The second manifest has another seed; the first result stays to the byte."""
    runner("score", "--manifest", manifest, "--out", tmp_path / "out")
    before = (tmp_path / "out/manifest.json").read_bytes()
    manifest.write_text(manifest.read_text().replace('"seed": 7', '"seed": 8'))
    done = runner("score", "--manifest", manifest, "--out", tmp_path / "out")
    assert (done.returncode, "holds the result of another manifest" in done.stderr) == (2, True)
    assert (tmp_path / "out/manifest.json").read_bytes() == before


def test_a_full_disk_leaves_no_result(manifest, tmp_path):
    """Files are limited to 16 bytes, so writing the ranking fails half-way."""
    (tmp_path / "results").mkdir()
    program = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16)); sys.argv = ['qlib_runner', *sys.argv[1:]];"
        "runpy.run_module('qlib_runner', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", program, "score", "--manifest", manifest, "--out", tmp_path / "results/out"],
        cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "qlib_runner: failed: " in done.stderr and "File too large" in done.stderr
    assert list((tmp_path / "results").iterdir()) == []


def test_verify_finds_a_changed_a_missing_and_an_added_file(runner, manifest, tmp_path):
    """An untouched result passes; each kind of damage is named."""
    out = tmp_path / "out"
    runner("score", "--manifest", manifest, "--out", out)
    assert runner("verify", "--out", out).returncode == 0
    ranking = out / "signals_ranked.csv"
    good = ranking.read_bytes()
    ranking.write_bytes(good.replace(b"0.25", b"0.26"))
    changed = runner("verify", "--out", out)
    assert (changed.returncode, "its size or SHA-256 differs" in changed.stderr) == (2, True)
    ranking.unlink()
    missing = runner("verify", "--out", out)
    assert (missing.returncode, "signals_ranked.csv cannot be read" in missing.stderr) == (2, True)
    ranking.write_bytes(good)
    (out / "extra.csv").write_text("")
    added = runner("verify", "--out", out)
    assert (added.returncode, "does not name: extra.csv" in added.stderr) == (2, True)


def test_the_runner_opens_no_socket_and_imports_nothing_of_the_desk(manifest, tmp_path):
    """An audit hook sees every socket of a whole scoring run; only the standard library was loaded."""
    program = """
import runpy, sys
seen = set()
sys.addaudithook(lambda event, args: seen.add(event))
sys.argv = ["qlib_runner", *sys.argv[1:]]
try:
    runpy.run_module("qlib_runner", run_name="__main__")
except SystemExit as stop:
    assert stop.code == 0
imported = {name.split(".")[0] for name in sys.modules}
assert "qlib_runner" in imported and "open" in seen
foreign = sorted(imported - {"__main__", "qlib_runner"} - set(sys.stdlib_module_names))
assert not foreign, foreign
sockets = sorted(event for event in seen if event.startswith("socket."))
assert not sockets, sockets
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, "score", "--manifest", manifest, "--out", tmp_path / "out"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": os.fspath(PROJECT_ROOT)},
    )
    assert done.returncode == 0, done.stderr
