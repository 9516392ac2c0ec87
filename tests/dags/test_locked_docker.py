"""The container of the Qlib step on a real engine: what it can do, and what each way to end is called."""

import json
import os
import re
import subprocess
import threading
import time

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout

from tests.conftest import missing
from tests.docker.conftest import base_image, docker, engine, runner_image  # noqa: F401  (fixtures)
from tests.qlib_runner import market
from tests.qlib_runner.conftest import dataset, made, room  # noqa: F401  (fixtures)
from tests.qlib_runner.manifests import write_small_dataset
from trading_ops_airflow.qlib.files import verified_result
from trading_ops_airflow.qlib.locked_docker import (
    CPUS,
    DockerRunnerOperator,
    LockedDockerOperator,
    image_digest,
)

pytestmark = pytest.mark.slow
PROBE = """
import os, socket
found = dict(line.split(":\\t", 1) for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)
def works(act):
    try:
        act()
    except OSError:
        return False
    return True
def limit(*names):
    return next(int(open(name).read().split()[0]) for name in names if os.path.exists(name))
print("caps", int(found["CapEff"], 16), "nnp", found["NoNewPrivs"],
      "root", works(lambda: open("/probe", "w")), "tmp", works(lambda: open("/tmp/probe", "w")),
      "net", works(lambda: socket.create_connection(("192.0.2.1", 53), 2)), "links", len(os.listdir("/sys/class/net")),
      "pids", limit("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max"),
      "memory", limit("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"),
      "cpu", limit("/sys/fs/cgroup/cpu.max", "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"))
"""


@pytest.fixture
def folder(tmp_path):
    """A folder as the desk makes it for one command: `in/` and `result/`."""
    (tmp_path / "result").mkdir()
    write_small_dataset(tmp_path / "in")
    return tmp_path


@pytest.fixture
def training(dataset, tmp_path):  # noqa: F811
    """The same for a training on the test market."""
    (tmp_path / "result").mkdir()
    market.write_train_inputs(tmp_path / "in", dataset)
    return tmp_path


@pytest.fixture
def task(runner_image):  # noqa: F811
    """Make the task of one of the runner's commands."""

    def make(command: str, **arguments) -> DockerRunnerOperator:
        return DockerRunnerOperator(
            task_id=command, command=command, desk_run_id="r1", image=runner_image, **arguments
        )

    return make


def is_gone(task: DockerRunnerOperator) -> bool:
    """Say whether the engine knows nothing more of a task's container."""
    assert task.container_name
    return docker("container", "inspect", task.container_name).returncode != 0


def test_the_container_can_only_compute(runner_image):  # noqa: F811
    """No capability, no new privilege, no root to write, no network but its own loopback, and limits."""
    task = LockedDockerOperator(
        task_id="probe", image=runner_image, entrypoint=["python3", "-c", PROBE], command=[], memory="128m"
    )
    said = task.execute({}).split()
    assert dict(zip(said[::2], said[1::2], strict=True)) == {
        "caps": "0",
        "nnp": "1",
        "root": "False",
        "tmp": "True",
        "net": "False",
        "links": "1",
        "pids": "256",
        "memory": str(128 * 2**20),
        "cpu": str(CPUS * 100_000),
    }


def test_the_runner_works_inside_it(task, folder):
    """Inputs read-only, every hash of the result verified, what it said kept, nothing left running."""
    one = task("dataset")
    one.run_container(folder, {})
    result = verified_result(folder)
    assert json.loads((result / "counts.json").read_text())["bar_count"] == 12
    assert (folder / "stdout.log").read_text() == "/result/dataset\n"
    assert (folder / "stderr.log").read_text() == ""
    assert is_gone(one)


def test_an_image_is_named_by_its_bytes(runner_image):  # noqa: F811
    """What a run freezes is the id, and a container runs by it whatever the tag says by then."""
    digest = image_digest(runner_image)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest)
    assert image_digest("trading-ops-test/qlib-runner:local") == digest


def test_a_missing_image_is_a_sentence_and_no_pull(engine):  # noqa: F811
    """Airflow's own operator would ask a registry and fail with a DNS error."""
    with pytest.raises(
        AirflowFailException, match="is not on this machine.*TRADING_OPS_QLIB_RUNTIME=process"
    ):
        image_digest("trading-ops/never-built:local")


def test_a_refusal_is_told_in_the_runners_words(task, folder):
    """Exit code 2: the manifest is for another command."""
    one = task("train")
    with pytest.raises(AirflowFailException, match="refused with exit code 2: .*for the command"):
        one.run_container(folder, {})
    assert "for the command 'dataset', not 'train'" in (folder / "stderr.log").read_text()
    assert is_gone(one)


def test_out_of_memory_has_its_name(task, training):
    """A training in 192 MB: the kernel kills it, and the task says what to give it."""
    one = task("train", memory="192m")
    with pytest.raises(AirflowFailException, match="ran out of memory: it needed more than 192m"):
        one.run_container(training, {})
    assert not (training / "result/train").exists() and is_gone(one)


def test_a_kill_has_its_name_and_may_be_tried_again(task, training):
    """Somebody's `docker kill`: the error is one of the machinery, which the desk retries."""
    one = task("train")

    def kill_once_it_runs() -> None:
        for _ in range(100):
            if one.container_name and docker("kill", one.container_name).returncode == 0:
                return
            time.sleep(0.1)

    killer = threading.Thread(target=kill_once_it_runs)
    killer.start()
    with pytest.raises(ChildProcessError, match="killed from outside by SIGKILL"):
        one.run_container(training, {})
    killer.join()
    assert not (training / "result/train").exists() and is_gone(one)


def test_a_hang_ends_with_the_tasks_time(task, folder):
    """Airflow's own clock interrupts the task; the container is gone before the task is."""
    one = task("train", entrypoint=["sh", "-c", "echo waiting; sleep 600"])
    with pytest.raises(AirflowTaskTimeout, match="hung: stopped and removed"), timeout(4):
        one.run_container(folder, {})
    assert (folder / "stdout.log").read_text() == "waiting\n"
    assert is_gone(one)


def test_a_container_left_by_a_killed_worker_makes_room(task, folder):
    """The worker died with its task; a second try does not compute beside the first one's container."""
    one = task("dataset", entrypoint=["true"])
    one.run_container(folder, {})
    left = docker("run", "--detach", "--name", one.container_name, "--entrypoint", "sleep", one.image, "600")
    assert left.returncode == 0
    task("dataset").run_container(folder, {})
    assert verified_result(folder) and is_gone(one)


def test_success_without_a_result_is_no_success(task, folder):
    """Exit code 0 and not a byte: who reads the result says so."""
    task("dataset", entrypoint=["true"]).run_container(folder, {})
    with pytest.raises(AirflowFailException, match="left no complete result"):
        verified_result(folder)


def test_a_full_disk_has_its_name(task, tmp_path):
    """The result's folder holds 64 kB: the store does not fit, and no half of it stays."""
    if os.getuid():
        missing("mounting a small file system needs root")
    market.write_dataset_inputs(tmp_path / "in")
    one, result = task("dataset"), tmp_path / "result"
    result.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", result], check=True)
    try:
        with pytest.raises(AirflowFailException, match="failed with exit code 1: .*No space left"):
            one.run_container(tmp_path, {})
        assert list(result.iterdir()) == [] and is_gone(one)
    finally:
        subprocess.run(["umount", "--lazy", result], check=True)
