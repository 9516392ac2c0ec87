"""The runner in its container: the same bytes as the process, and no way out of the box."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.docker.conftest import RUNNER, docker
from tests.qlib_runner import market
from tests.qlib_runner.conftest import dataset, made, room  # noqa: F401 (fixtures)
from tests.qlib_runner.manifests import write_small_dataset
from trading_ops.settings import PROJECT_ROOT

DATASET = ("dataset", "--manifest", "/in/manifest.json", "--out", "/result/dataset")
# What work in the room needs more than a program that only looks.
ROOMY = ("--memory=2g", "--memory-swap=2g", "--pids-limit=256")


def test_the_image_has_the_commit_and_local_as_tags(runner_image):
    """`make image-qlib` gives both names to one image; the commit's says when the checkout was changed."""
    commit = subprocess.run(
        ["git", "-C", PROJECT_ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    tags = json.loads(docker("image", "inspect", "--format", "{{json .RepoTags}}", runner_image).stdout)
    assert f"{RUNNER}:local" in tags
    assert {f"{RUNNER}:{commit}", f"{RUNNER}:{commit}-changed"} & set(tags)


def test_qlib_works_in_the_image(run_locked):
    """Its recorder imports and qrun prints its usage, on a read-only file system without a network."""
    done = run_locked("-c", "import qlib.workflow; print('fine')", entrypoint="python3", switches=ROOMY)
    assert (done.exit_code, done.stdout) == (0, "fine\n"), done.stderr
    done = run_locked("--help", entrypoint="qrun", switches=ROOMY)
    assert done.exit_code == 0 and "CONFIG_PATH" in done.stdout + done.stderr


def test_the_container_makes_every_result_to_the_same_bytes(
    run_locked,
    exchange,
    dataset,  # noqa: F811
    made,  # noqa: F811
    tmp_path_factory,
):
    """The whole chain in the image against the process runtime: every file, so the model's hash too."""
    folder = exchange / "in"

    def compare(command: str, process: Path) -> Path:
        done = run_locked(
            command,
            "--manifest",
            f"/in/{command}/manifest.json",
            "--out",
            f"/result/{command}",
            switches=ROOMY,
        )
        assert (done.exit_code, done.stderr) == (0, "")
        result = exchange / "result" / command
        names = {str(path.relative_to(result)) for path in result.rglob("*") if path.is_file()}
        assert names == {str(p.relative_to(process)) for p in process.rglob("*") if p.is_file()}
        assert [n for n in names if (result / n).read_bytes() != (process / n).read_bytes()] == []
        return process

    market.write_dataset_inputs(folder / "dataset")
    compare("dataset", dataset)
    process_model = made("train", market.write_train_inputs(folder / "train", dataset))
    compare("train", process_model)
    measured = market.write_backtest_inputs(folder / "backtest", dataset, process_model, market.LAST)
    compare("backtest", made("backtest", measured))
    inputs = market.write_score_inputs(
        folder / "score", dataset, process_model, market.LAST, market.traded_symbols()
    )
    ranking = compare("score", made("score", inputs))
    assert len((ranking / "signals_ranked.csv").read_text().splitlines()) == 24
    assert run_locked("verify", "--out", "/result/score").exit_code == 0


def test_a_refusal_leaves_the_container_with_exit_code_2_and_no_result(run_locked, exchange):
    """One byte of the members was changed after the manifest was written."""
    write_small_dataset(exchange / "in")
    members = exchange / "in/instruments.csv"
    members.write_bytes(members.read_bytes().replace(b"CCC", b"CCD"))
    done = run_locked(*DATASET, switches=ROOMY)
    assert (done.exit_code, "its SHA-256 differs" in done.stderr) == (2, True)
    assert list((exchange / "result").iterdir()) == []


def test_running_out_of_memory_is_seen_and_leaves_no_result(run_locked, exchange):
    """
    What the room imports does not fit into 24 MB: the kernel kills the runner, and no folder claims success.
    """
    write_small_dataset(exchange / "in")
    done = run_locked(*DATASET, switches=("--memory=24m", "--memory-swap=24m"))
    assert (done.exit_code, done.was_killed_for_memory) == (137, True)
    assert not (exchange / "result/dataset").exists()


def test_a_result_that_cannot_be_written_is_a_failure_of_one_line(run_locked, exchange):
    """The result's folder is mounted read-only by mistake."""
    write_small_dataset(exchange / "in")
    done = run_locked("dataset", "--manifest", "/in/manifest.json", "--out", "/in/dataset", switches=ROOMY)
    assert done.exit_code == 1
    assert "qlib_runner: failed: [Errno 30] Read-only file system" in done.stderr
    assert done.stderr.count("\n") == 1


PROBE = """
import errno, json, os, pathlib, socket, threading

def error_of(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno] if error.errno and error.errno > 0 else type(error).__name__
    return None

def connect():
    # An address of documentation (RFC 5737): no packet can leave, and nobody is there if one did.
    with socket.socket() as outside:
        outside.settimeout(2)
        outside.connect(("192.0.2.1", 80))

def start_threads():
    release = threading.Event()
    started = 0
    try:
        for _ in range(200):
            threading.Thread(target=release.wait, daemon=True).start()
            started += 1
    except RuntimeError:
        pass
    release.set()
    return started

status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
print(json.dumps({
    "interfaces": os.listdir("/sys/class/net"),
    "routes": len(pathlib.Path("/proc/net/route").read_text().splitlines()) - 1,
    "connect": error_of(connect),
    "lookup": error_of(lambda: socket.getaddrinfo("registry.example", 443)),
    "writes": {path: error_of(lambda: open(path, "w").close()) for path in
               ("/probe", "/opt/qlib_runner/probe", "/usr/bin/probe", "/in/probe", "/result/probe", "/tmp/probe")},
    "uid": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapBnd"], 16),
    "no_new_privileges": status["NoNewPrivs"].strip(),
    "threads": start_threads(),
}))
"""


@pytest.fixture
def found(run_locked) -> dict:
    """What a program sees from inside the locked container."""
    done = run_locked("-c", PROBE, entrypoint="python3")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_outside_can_be_reached(found):
    """Only a loopback interface, no route, an address is unreachable at once and a name is not resolved."""
    assert found["interfaces"] == ["lo"]
    assert (found["routes"], found["connect"], found["lookup"]) == (0, "ENETUNREACH", "gaierror")


def test_only_the_result_and_the_scratch_can_be_written(found):
    """The root file system and the inputs answer EROFS; the positive cases prove the probe works."""
    read_only = {"/probe", "/opt/qlib_runner/probe", "/usr/bin/probe", "/in/probe"}
    refused = {path: error for path, error in found["writes"].items() if error}
    # Where the user has no right to write anyway, the kernel may say so first.
    assert set(refused) == read_only
    assert set(refused.values()) <= {"EROFS", "EACCES"} and refused["/in/probe"] == "EROFS"


def test_the_container_is_nobody_special(found):
    """Not root, no capability it has or could get, and a fork bomb stops at the limit."""
    assert found["uid"] == (10001 if os.getuid() == 0 else os.getuid())
    assert (found["capabilities"], found["no_new_privileges"]) == (0, "1")
    assert 10 < found["threads"] < 64


def test_even_root_could_not_write_the_root_file_system(run_locked):
    """The same probe as uid 0: what refuses is the mount, not the owner of the files."""
    done = run_locked("-c", PROBE, entrypoint="python3", switches=("--user", "0:0"))
    writes = json.loads(done.stdout)["writes"]
    assert {writes[path] for path in ("/probe", "/opt/qlib_runner/probe", "/usr/bin/probe", "/in/probe")} == {
        "EROFS"
    }


def test_the_image_knows_nothing_of_the_desk(run_locked):
    """No library of the desk, no database driver, no package installer to fetch one with."""
    program = (
        "from importlib.util import find_spec;"
        "print([n for n in ('trading_ops', 'psycopg', 'psycopg2', 'sqlalchemy', 'airflow') if find_spec(n)])"
    )
    assert run_locked("-c", program, entrypoint="python3").stdout.strip() == "[]"
