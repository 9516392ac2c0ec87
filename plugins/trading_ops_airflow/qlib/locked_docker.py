"""
The Qlib step in a container that can do nothing but compute.

No network, no writable root, no capabilities, bounded memory and processes. The image must be
on this machine already: pulling is a decision of the operator, not of a task. However a container
ends, it is removed, and the error names how it ended (docs/QLIB_DOCKER_EXECUTION_SPEC.md).
"""

import hashlib
import os
import signal
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from airflow.providers.docker.exceptions import DockerContainerFailedException
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout
from docker.client import DockerClient
from docker.errors import DockerException, ImageNotFound, NotFound
from docker.types import Mount

# What each of the runner's commands may hold in memory, files in /tmp included.
MEMORY = {"dataset": "4g", "train": "6g", "backtest": "6g", "score": "2g"}
# A docker engine refuses more than the machine has.
CPUS = min(2, os.cpu_count() or 1)
# Inside, the caller's own number, so that the result is the caller's; root becomes the image's user.
_USER, _GROUP = (os.getuid(), os.getgid()) if os.getuid() else (10001, 10001)
_REFUSED = 2


def image_digest(image: str) -> str:
    """
    Return the id of an image on this machine, `sha256:` and the hash of its configuration and layers.

    Raises AirflowFailException for an image that is not there, where Airflow would ask a registry and
    fail with a DNS error, and ConnectionError when no engine answers.
    """
    try:
        with closing(DockerClient.from_env()) as engine:
            return engine.images.get(image).id
    except ImageNotFound as error:
        raise AirflowFailException(
            f"image {image} is not on this machine: build it with `make image-qlib`, or set "
            "TRADING_OPS_QLIB_RUNTIME=process"
        ) from error
    except (DockerException, OSError) as error:
        raise ConnectionError(f"the Docker engine does not answer: {error}") from error


class LockedDockerOperator(DockerOperator):
    """
    DockerOperator with the switches it does not expose: read-only root, no capabilities, limits.

    It runs what the image's name stands for at the start of the task, and pulls nothing.
    """

    def __init__(self, *, memory: str = "2g", **arguments) -> None:
        locked = {
            "network_mode": "none",
            # Removed by `execute`, which first asks it how it ended.
            "auto_remove": "never",
            # The default mounts a folder of the host into the container.
            "mount_tmp_dir": False,
            "mem_limit": memory,
            "user": f"{_USER}:{_GROUP}",
            "log_opts_max_size": "10m",
            "log_opts_max_file": "2",
        }
        super().__init__(**{**arguments, **locked})

    @property
    def cli(self):
        """The Docker client, with the limits put into every container it creates."""
        client = self.hook.api_client
        if not isinstance(client.create_host_config, partial):
            client.create_host_config = partial(
                client.create_host_config,
                read_only=True,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                pids_limit=256,
                nano_cpus=CPUS * 1_000_000_000,
                # Equal to the memory, so that nothing is swapped out instead of ending.
                memswap_limit=self.mem_limit,
                tmpfs={"/tmp": "rw,noexec,nosuid,size=64m"},
            )
        return client

    def execute(self, context) -> list[str] | str | None:
        """
        Run the container and return the last line it said.

        Raises AirflowFailException for a container that ran out of memory, refused or failed; that would
        happen again. ChildProcessError for one that was killed from outside, and AirflowTaskTimeout for
        one that hung; these may be tried again.
        """
        # Its id rather than its name: another build may take the name while this one runs.
        self.image = image_digest(self.image)
        try:
            return self._run_image()
        except DockerContainerFailedException as error:
            state = self.cli.inspect_container(self.container["Id"])["State"]
            raise self._ending(state, error.logs or []) from error
        except AirflowTaskTimeout as error:
            raise AirflowTaskTimeout(
                f"the container hung: stopped and removed after {self.execution_timeout}"
            ) from error
        finally:
            if self.container is not None:
                self.keep_logs(self.container["Id"])
                self._remove(self.container["Id"])

    def on_kill(self) -> None:
        """Remove the container at once: there is nothing half done that a slow stop would save."""
        if self.container is not None:
            self._remove(self.container["Id"])

    def keep_logs(self, container: str) -> None:
        """Keep what a container said, before it is removed; Airflow's own log has it all the same."""

    def _ending(self, state: dict, said: list[str]) -> Exception:
        code, last = state["ExitCode"], "\n".join(said[-5:])
        if state["OOMKilled"]:
            return AirflowFailException(
                f"the container ran out of memory: it needed more than {self.mem_limit}\n{last}"
            )
        if code > 128:
            name = signal.Signals(code - 128).name
            return ChildProcessError(f"the container was killed from outside by {name}\n{last}")
        verb = "refused" if code == _REFUSED else "failed"
        return AirflowFailException(f"the container {verb} with exit code {code}: {last}")

    def _remove(self, container: str) -> None:
        with suppress(NotFound):
            self.cli.remove_container(container, force=True)


class DockerRunnerOperator(LockedDockerOperator):
    """
    Run one command of the runner for a run of the desk.

    Who derives from it writes the inputs, calls run_container, and verifies the result.
    """

    template_fields = (*DockerOperator.template_fields, "desk_run_id")

    def __init__(self, *, command: str, desk_run_id: str, memory: str | None = None, **arguments) -> None:
        super().__init__(memory=memory or MEMORY[command], **arguments)
        self.runner_command = command
        self.desk_run_id = desk_run_id
        self.folder: Path | None = None

    def run_container(self, folder: Path, context) -> None:
        """
        Run the command on `folder/in/manifest.json`; its result is `folder/result/<command>`.

        What it said is in stdout.log and stderr.log of the folder. Whether it did its work is for
        whoever reads the result: an exit code is no proof.
        """
        self.folder = folder
        # A worker that was killed leaves its container running, and this one would write beside it.
        digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        self.container_name = f"trading-ops-{self.runner_command}-{digest}"
        self._remove(self.container_name)
        if os.getuid() == 0:
            os.chown(folder / "result", _USER, _GROUP)
        self.mounts = [
            Mount("/in", str(folder / "in"), type="bind", read_only=True),
            Mount("/result", str(folder / "result"), type="bind"),
        ]
        out = f"/result/{self.runner_command}"
        self.command = [self.runner_command, "--manifest", "/in/manifest.json", "--out", out]
        super().execute(context)

    def keep_logs(self, container: str) -> None:
        """Write what the runner said beside its inputs, one file per stream."""
        for stream in ("stdout", "stderr"):
            wanted = {name: name == stream for name in ("stdout", "stderr")}
            with suppress(NotFound):
                said = self.cli.logs(container, **wanted)
                (self.folder / f"{stream}.log").write_bytes(said)
