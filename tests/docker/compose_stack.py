"""One compose project of this checkout, under a name and on ports of its own, and the commands to use it."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml

from tests.conftest import free_port
from tests.docker.conftest import compose_tool, docker
from trading_ops.settings import PROJECT_ROOT

RUNNING = {
    "postgres", "api-server", "dbt-server", "scheduler", "dag-processor", "triggerer", "confirm-page", "watcher",
}  # fmt: skip


class Stack:
    """One compose project and the commands to use it."""

    def __init__(self, folder, base_image: str) -> None:
        # A copy of the files, since the settings file of this checkout is the operator's own.
        (folder / "docker").mkdir(parents=True)
        (folder / "config").mkdir()
        compose = yaml.safe_load((PROJECT_ROOT / "docker/compose.yml").read_text())
        for service in compose["services"].values():
            if "build" in service:
                service["build"]["context"] = str(PROJECT_ROOT)
        self.file = folder / "docker/compose.yml"
        self.file.write_text(yaml.safe_dump(compose))
        shutil.copy(PROJECT_ROOT / "config/secrets.env.example", folder / "config/secrets.env")
        self.project = f"trading-ops-test-{uuid.uuid4().hex[:8]}"
        self.airflow_port, self.confirm_port = free_port(), free_port()
        self.environ = {
            **os.environ,
            "AIRFLOW_PORT": str(self.airflow_port),
            "CONFIRM_PORT": str(self.confirm_port),
            "DESK_TAG": "test",
            "BASE_IMAGE": base_image,
            "BUILD_COMMIT": "0123456789abcdef0123456789abcdef01234567",
            "PIP_CA_PEM": subprocess.run(
                [PROJECT_ROOT / "docker/base/local_ca.sh"], capture_output=True, text=True, check=True
            ).stdout,
            "DOCKER_BUILDKIT": "0",
            "COMPOSE_HTTP_TIMEOUT": "300",
        }

    def run(self, *arguments: str, timeout_s: float = 300) -> str:
        """Run a compose command and return its output; a failure shows it and the services' last lines."""
        done = subprocess.run(
            [*compose_tool(), "-p", self.project, "-f", str(self.file), *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode != 0:
            pytest.fail(
                f"compose {' '.join(arguments)}: {(done.stdout + done.stderr)[-3000:]}\n{self.logs()}"
            )
        return done.stdout

    def container(self, service: str) -> str:
        """Return the id of a service's container."""
        return docker(
            "ps",
            "-aq",
            "--filter",
            f"label=com.docker.compose.project={self.project}",
            "--filter",
            f"label=com.docker.compose.service={service}",
        ).stdout.strip()

    def execute(self, service: str, *command: str) -> subprocess.CompletedProcess:
        """Run a command inside a service's container."""
        return docker("exec", self.container(service), *command)

    def wait_until_healthy(self, timeout_s: float = 360) -> None:
        """Return when every service that runs is healthy."""
        deadline = time.monotonic() + timeout_s
        while True:
            states = {
                name: docker(
                    "inspect", "--format", "{{.State.Health.Status}}", self.container(name)
                ).stdout.strip()
                for name in RUNNING
            }
            if set(states.values()) == {"healthy"}:
                return
            if time.monotonic() > deadline:
                pytest.fail(f"after {timeout_s} s: {states}\n{self.logs()}")
            time.sleep(1)

    @contextmanager
    def restart_of(self, service: str, within_s: float) -> Iterator[None]:
        """Wait at the end until a service's container was started again."""
        before = self._started_at(service)
        yield
        deadline = time.monotonic() + within_s
        while self._started_at(service) == before:
            if time.monotonic() > deadline:
                pytest.fail(f"{service} was not started again\n{self.logs()}")
            time.sleep(0.5)

    def _started_at(self, service: str) -> str:
        return docker("inspect", "--format", "{{.State.StartedAt}}", self.container(service)).stdout

    def logs(self) -> str:
        """Return the last lines of every container that is not well."""
        listed = docker(
            "ps",
            "-a",
            "--format",
            "{{.Names}} {{.Status}}",
            "--filter",
            f"label=com.docker.compose.project={self.project}",
        ).stdout.splitlines()
        said = []
        for line in listed:
            if "(healthy)" not in line and "Exited (0)" not in line:
                done = docker("logs", "--tail", "30", line.split()[0])
                said.append(f"== {line}\n{(done.stdout + done.stderr)[-3000:]}")
        return "\n".join(said)

    def get(
        self, port: int, path: str, body: dict | None = None, token: str | None = None
    ) -> tuple[int, dict]:
        """Return status and JSON of a request to a published port."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                **({"Authorization": f"Bearer {token}"} if token else {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, {}
