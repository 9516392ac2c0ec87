"""
The Qlib step in a container that can do nothing but compute.

No network, no writable root, no capabilities, bounded memory and processes. The image must be
on this machine already: pulling is a decision of the operator, not of a task.
"""

import os
from functools import partial
from pathlib import Path

from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk.exceptions import AirflowFailException
from docker.errors import DockerException, ImageNotFound
from docker.types import Mount

from trading_ops_airflow.qlib_files import verify_result, write_inputs

# Inside, the caller's own number, so that the result is the caller's; root becomes the image's user.
_USER, _GROUP = (os.getuid(), os.getgid()) if os.getuid() else (10001, 10001)


class LockedDockerOperator(DockerOperator):
    """
    DockerOperator with the switches it does not expose: read-only root, no capabilities, limits.

    The container is removed however it ended.
    """

    def __init__(self, **arguments) -> None:
        locked = {
            "network_mode": "none",
            "auto_remove": "force",
            # The default mounts a folder of the host into the container.
            "mount_tmp_dir": False,
            "mem_limit": "2g",
            "user": f"{_USER}:{_GROUP}",
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
                nano_cpus=2_000_000_000,
                tmpfs={"/tmp": "rw,noexec,nosuid,size=64m"},
            )
        return client

    def require_image(self) -> None:
        """Raise a sentence instead of a DNS error when the engine or the image is missing."""
        try:
            self.cli.inspect_image(self.image)
        except ImageNotFound as error:
            raise AirflowFailException(
                f"image {self.image} is not on this machine: build it as docs/ARCHITECTURE.md says, or set "
                "TRADING_OPS_QLIB_RUNTIME=process"
            ) from error
        except (DockerException, OSError) as error:
            raise ConnectionError(f"the Docker engine does not answer: {error}") from error


class DockerScoreOperator(LockedDockerOperator):
    """Run the runner's image on the inputs of a run and verify what it left."""

    template_fields = (*DockerOperator.template_fields, "desk_run_id")

    def __init__(self, *, desk_run_id: str, **arguments) -> None:
        super().__init__(**arguments)
        self.desk_run_id = desk_run_id

    def execute(self, context) -> str:
        """Score and return the folder of the verified result."""
        self.require_image()
        folder = write_inputs(self.desk_run_id)
        self.run_container(folder, context)
        return str(verify_result(folder))

    def run_container(self, folder: Path, context) -> None:
        """Run the runner on `folder/in`; whether it did its work is for verify_result."""
        if os.getuid() == 0:
            os.chown(folder / "result", _USER, _GROUP)
        self.mounts = [
            Mount("/in", str(folder / "in"), type="bind", read_only=True),
            Mount("/result", str(folder / "result"), type="bind"),
        ]
        self.command = ["score", "--manifest", "/in/manifest.json", "--out", "/result/scores"]
        super().execute(context)
