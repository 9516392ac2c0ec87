"""The runner as a process: what a result is, and what is refused before any work, whatever the command."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.qlib_runner.manifests import write_small_dataset
from trading_ops.settings import PROJECT_ROOT


def run(*words, start: tuple = ("-m", "qlib_runner")) -> subprocess.CompletedProcess:
    """Run `python -m qlib_runner` with the given words, and nothing of the desk to import."""
    return subprocess.run(
        [sys.executable, *start, *map(str, words)],
        cwd=PROJECT_ROOT,
        env={},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_bare(*words) -> subprocess.CompletedProcess:
    """Run it on Python alone: checking manifests and results needs nothing that is installed."""
    return run(*words, start=("-S", "-m", "qlib_runner"))


@pytest.fixture
def manifest(tmp_path) -> Path:
    """A manifest the runner accepts: a dataset of four days."""
    return write_small_dataset(tmp_path / "in")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory) -> Path:
    """A folder with `in/` and the result of it in `out/`."""
    folder = tmp_path_factory.mktemp("made")
    manifest = write_small_dataset(folder / "in")
    done = run("dataset", "--manifest", manifest, "--out", folder / "out")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{folder / 'out'}\n"
    return folder


@pytest.fixture
def result(made_once, tmp_path) -> Path:
    """A copy of that result to spoil, beside the inputs it was made from."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "out"


def test_the_result_names_every_byte_it_was_made_from_and_holds(made_once):
    """The output manifest carries the hash of the input manifest and of each file."""
    out = made_once / "out"
    paths = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    paths.remove("manifest.json")
    assert "counts.json" in paths and "store/features/aaa/close.day.bin" in paths
    assert json.loads((out / "manifest.json").read_text()) == {
        "schema": 1,
        "command": "dataset",
        "run_id": "20230701-080000Z-git0000000",
        "as_of_date": "2026-06-05",
        "input_manifest_sha256": hashlib.sha256((made_once / "in/manifest.json").read_bytes()).hexdigest(),
        "outputs": [
            {
                "path": path,
                "sha256": hashlib.sha256((out / path).read_bytes()).hexdigest(),
                "size_bytes": (out / path).stat().st_size,
            }
            for path in paths
        ],
    }


def test_running_again_leaves_the_result_as_it_is(result):
    """A task that runs twice succeeds twice and writes once."""
    before = (result / "manifest.json").stat()
    assert (
        run_bare("dataset", "--manifest", result.parent / "in/manifest.json", "--out", result).returncode == 0
    )
    after = (result / "manifest.json").stat()
    # Not the whole of it: looking at the file changes when it was last read.
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_result_of_another_manifest_is_never_overwritten(result):
    """The second manifest has another seed; the first result stays to the byte."""
    before = (result / "manifest.json").read_bytes()
    manifest = result.parent / "in/manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 7', '"seed": 8'))
    done = run_bare("dataset", "--manifest", manifest, "--out", result)
    assert (done.returncode, "holds the result of another manifest" in done.stderr) == (2, True)
    assert (result / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"schema": 2}, "has schema 2; this runner knows 1"),
        ({"command": "train"}, "is for the command 'train', not 'dataset'"),
        ({"as_of_date": "20260605"}, "is not a date like 2026-06-05"),
        ({"run_id": " "}, "run_id is empty"),
        ({"seed": "7"}, "seed must be of type int"),
        ({"seed": True}, "seed must be of type int"),
        ({"extra": 1}, "expected an object with exactly the fields"),
        ({"inputs": [{"path": "gone.csv", "sha256": ""}]}, "gone.csv cannot be read: No such file"),
        ({"inputs": [{"path": "../bars.csv", "sha256": ""}]}, "must be relative and stay inside"),
        ({"inputs": [{"path": "/etc/passwd", "sha256": ""}]}, "must be relative and stay inside"),
        ({"inputs": [{"path": "calendar.csv", "sha256": "0" * 64}]}, "its SHA-256 differs"),
    ],
)
def test_what_cannot_be_trusted_is_refused_without_a_trace(tmp_path, changes, reason):
    """Exit code 2, one line that says why, and neither an out folder nor a piece of one."""
    path = write_small_dataset(tmp_path / "in", **changes)
    (tmp_path / "results").mkdir()
    done = run_bare("dataset", "--manifest", path, "--out", tmp_path / "results/out")
    assert done.returncode == 2, done.stderr
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "results").iterdir()) == []


def test_one_changed_byte_of_an_input_is_refused(manifest, tmp_path):
    """Same length, one letter other: the hash in the manifest decides."""
    members = manifest.parent / "instruments.csv"
    members.write_text(members.read_text().replace("CCC", "CCD"))
    done = run_bare("dataset", "--manifest", manifest, "--out", tmp_path / "out")
    assert (done.returncode, "its SHA-256 differs" in done.stderr) == (2, True)
    assert not (tmp_path / "out").exists()


def test_a_python_without_the_rooms_packages_is_told_in_one_line(manifest, tmp_path):
    """The manifest is fine; the interpreter is the wrong one."""
    done = run_bare("dataset", "--manifest", manifest, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr == "qlib_runner: refused: dataset needs Qlib's environment; this one lacks numpy\n"
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_no_result(manifest, tmp_path):
    """Files are limited to 16 bytes, so writing the store fails half-way."""
    (tmp_path / "results").mkdir()
    program = (
        "import resource, runpy, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16)); sys.dont_write_bytecode = True;"
        "sys.argv = ['qlib_runner', *sys.argv[1:]]; runpy.run_module('qlib_runner', run_name='__main__')"
    )
    done = run("dataset", "--manifest", manifest, "--out", tmp_path / "results/out", start=("-c", program))
    assert done.returncode == 1
    assert "qlib_runner: failed: " in done.stderr and "File too large" in done.stderr
    assert list((tmp_path / "results").iterdir()) == []


def test_verify_finds_a_changed_a_missing_and_an_added_file(result):
    """An untouched result passes; each kind of damage is named."""
    assert run_bare("verify", "--out", result).returncode == 0
    counts = result / "counts.json"
    good = counts.read_bytes()
    counts.write_bytes(good.replace(b"2026-06-05", b"2026-06-06"))
    changed = run_bare("verify", "--out", result)
    assert (changed.returncode, "its size or SHA-256 differs" in changed.stderr) == (2, True)
    counts.unlink()
    missing = run_bare("verify", "--out", result)
    assert (missing.returncode, "counts.json cannot be read" in missing.stderr) == (2, True)
    counts.write_bytes(good)
    (result / "extra.csv").write_text("")
    added = run_bare("verify", "--out", result)
    assert (added.returncode, "does not name: extra.csv" in added.stderr) == (2, True)
