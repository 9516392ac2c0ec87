"""
A real container engine, and the images of this checkout built on it.

Without an engine these tests are skipped with the reason; in CI a missing engine is an error.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import missing
from trading_ops.settings import PROJECT_ROOT

LOCAL_BASE = "trading-ops/python-base:bookworm"
PUBLIC_BASE = "python:3.11-slim-bookworm"
# Not the name a desk on this machine runs.
RUNNER = "trading-ops-test/qlib-runner"
# Everything the scoring task of the desk switches on.
LOCKED = (
    "--network=none",
    "--read-only",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--pids-limit=64",
    "--memory=256m",
    "--memory-swap=256m",
    "--tmpfs=/tmp:rw,noexec,nosuid,size=16m",
)


def docker(*arguments: str, timeout_s: float = 120, **options) -> subprocess.CompletedProcess:
    """Run the docker client and return what it said."""
    return subprocess.run(
        ["docker", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        **options,
    )


def compose_tool() -> list[str]:
    """Return the command of Compose, its second version before its first."""
    if shutil.which("docker") and docker("compose", "version").returncode == 0:
        return ["docker", "compose"]
    if shutil.which("docker-compose") is None:
        missing("no compose tool: apt-get install docker-compose")
    return ["docker-compose"]


@pytest.fixture(scope="session")
def engine() -> None:
    """The docker client and an engine that answers it."""
    if shutil.which("docker") is None:
        missing("no docker client: apt-get install docker.io")
    answer = docker("info", "--format", "{{.ServerVersion}}")
    if answer.returncode != 0:
        missing(f"no container engine answers: {answer.stderr.strip()}")


@pytest.fixture(scope="session")
def base_image(engine) -> str:
    """The image everything is built on: the local one where make_base.sh made it, or the public one."""
    if docker("image", "inspect", LOCAL_BASE).returncode == 0:
        return LOCAL_BASE
    if (
        docker("image", "inspect", PUBLIC_BASE).returncode != 0
        and docker("pull", PUBLIC_BASE).returncode != 0
    ):
        missing(f"no base image: neither can {PUBLIC_BASE} be pulled nor was docker/base/make_base.sh run")
    return PUBLIC_BASE


@pytest.fixture(scope="session")
def build(base_image) -> Callable[[str, str], str]:
    """Build the Dockerfile of a folder under docker/ and return the image's name."""

    def run(folder: str, image: str) -> str:
        certificate = subprocess.run(
            [PROJECT_ROOT / "docker/base/local_ca.sh"], capture_output=True, text=True, check=True
        ).stdout.strip()
        done = docker(
            "build", "--force-rm", "--build-arg", f"BASE_IMAGE={base_image}", "--build-arg", f"PIP_CA_PEM={certificate}",
            "-f", PROJECT_ROOT / "docker" / folder / "Dockerfile", "-t", image, PROJECT_ROOT,
            timeout_s=900, env={**os.environ, "DOCKER_BUILDKIT": "0"},
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
        return image

    return run


@cache
def _build_runner() -> str:
    done = subprocess.run(
        [PROJECT_ROOT / "docker/qlib_runner/build.sh"],
        env={**os.environ, "IMAGE": RUNNER, "DOCKER_BUILDKIT": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def runner_image(base_image) -> str:
    """The id of the Qlib runner's image of this checkout, built once however many modules import this."""
    return _build_runner()


@pytest.fixture
def exchange(tmp_path) -> Path:
    """
    A folder with `in/` and `result/`, as the scoring task mounts them; the container may write `result`.
    """
    for name in ("in", "result"):
        (tmp_path / name).mkdir()
    if os.getuid() == 0:
        os.chown(tmp_path / "result", 10001, 10001)
    return tmp_path


@pytest.fixture
def run_locked(runner_image, exchange):
    """Run the runner's image locked down; `entrypoint` replaces the runner, `switches` the limits."""

    def run(
        *command: str, entrypoint: str | None = None, switches: tuple[str, ...] = ()
    ) -> subprocess.CompletedProcess:
        name = f"trading-ops-test-{uuid.uuid4().hex[:12]}"
        # Root's own tests use the image's user; a person's use the person's, who owns the folders.
        user = () if os.getuid() == 0 else ("--user", f"{os.getuid()}:{os.getgid()}")
        try:
            done = docker(
                "run", "--name", name, *LOCKED, *user, *switches,
                "-v", f"{exchange / 'in'}:/in:ro", "-v", f"{exchange / 'result'}:/result",
                *(("--entrypoint", entrypoint) if entrypoint else ()), runner_image, *command,
            )  # fmt: skip
            state = docker(
                "inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", name
            ).stdout.split()
            done.exit_code, done.was_killed_for_memory = int(state[0]), state[1] == "true"
            return done
        finally:
            docker("rm", "--force", name)

    return run
