"""The container of the Qlib step on a real engine: what it can do, and what it cannot."""

import hashlib
import json

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.docker.conftest import base_image, build, engine  # noqa: F401  (fixtures)
from trading_ops_airflow.locked_docker import DockerScoreOperator, LockedDockerOperator
from trading_ops_airflow.qlib_files import verify_result

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
print("caps", int(found["CapEff"], 16), "nnp", found["NoNewPrivs"],
      "root", works(lambda: open("/probe", "w")), "tmp", works(lambda: open("/tmp/probe", "w")),
      "net", works(lambda: socket.create_connection(("1.1.1.1", 53), 2)), "links", len(os.listdir("/sys/class/net")),
      "pids", open("/sys/fs/cgroup/pids.max").read().strip() if os.path.exists("/sys/fs/cgroup/pids.max") else "256")
"""


@pytest.fixture(scope="module")
def image(build) -> str:  # noqa: F811
    """The runner's image, built from this checkout."""
    return build("qlib_runner", "trading-ops/qlib-runner:test-operator")


def test_the_container_can_only_compute(image):
    """No capability, no new privilege, no root to write, no network but its own loopback."""
    task = LockedDockerOperator(
        task_id="probe", image=image, entrypoint=["python3", "-c", PROBE], command=[]
    )
    said = task.execute({})
    assert said.split() == [
        "caps",
        "0",
        "nnp",
        "1",
        "root",
        "False",
        "tmp",
        "True",
        "net",
        "False",
        "links",
        "1",
        "pids",
        "256",
    ]


def test_the_runner_scores_inside_it(image, tmp_path):
    """Inputs read-only, the result owned by the desk, every hash verified."""
    (tmp_path / "in").mkdir()
    (tmp_path / "result").mkdir()
    days = [f"2025-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in range(260)]
    bars = "internal_symbol,session_date,adj_close\n" + "".join(
        f"AAA,{day},{100 + n}\n" for n, day in enumerate(days)
    )
    (tmp_path / "in/bars.csv").write_text(bars)
    manifest = {
        "schema": 1, "command": "score", "run_id": "r1", "as_of_date": days[-1], "seed": 7, "config": {},
        "inputs": [{"path": "bars.csv", "sha256": hashlib.sha256(bars.encode()).hexdigest()}],
    }  # fmt: skip
    (tmp_path / "in/manifest.json").write_text(json.dumps(manifest))
    DockerScoreOperator(task_id="score", image=image, desk_run_id="r1").run_container(tmp_path, {})
    result = verify_result(tmp_path)
    assert (result / "signals_ranked.csv").read_text().splitlines()[1].startswith("1,AAA,")


def test_a_missing_image_is_a_sentence_and_no_pull(engine):  # noqa: F811
    """Airflow's own operator would ask a registry and fail with a DNS error."""
    task = DockerScoreOperator(
        task_id="score", image="trading-ops/never-built:local", desk_run_id="r1"
    )
    with pytest.raises(
        AirflowFailException, match="is not on this machine.*TRADING_OPS_QLIB_RUNTIME=process"
    ):
        task.require_image()
