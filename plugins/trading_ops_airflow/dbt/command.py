"""
How dbt is called: by the desk's dbt server, which has it imported and the project parsed, or alone.

The server is only an acceleration. One that is missing, hangs or runs other code makes a call slower,
never wrong: dbt is then started for it.
"""

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TextIO

from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops_airflow.children import bound_to_parent

ENTRY = Path(__file__).with_name("warm_dbt")
PROJECT = PROJECT_ROOT / "dbt_project"
# Longer than a server's first parse, which a call waits for instead of parsing beside it.
_START_TIMEOUT_S = 90
_ANSWER_BYTES_MAX = 200


class ServedCall:
    """A call the server runs; like a process, as far as its caller needs one."""

    def __init__(self, connection: socket.socket, output: TextIO) -> None:
        self.stdout = output
        self._connection = connection
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code once it has been waited for."""
        return self._code

    def wait(self) -> int:
        """Return the exit code, negative for a signal; a server that died took the call with it."""
        if self._code is None:
            code = _read_answer(self._connection).get("exit_code")
            self._code = code if isinstance(code, int) else -signal.SIGKILL
            self._connection.close()
        return self._code

    def terminate(self) -> None:
        """End the call: the server does so when its client goes away."""
        self._connection.shutdown(socket.SHUT_RDWR)


def start_dbt(
    config: Settings,
    environ: dict[str, str],
    verb: str,
    target: Path,
    *options: str,
    run_id: str | None = None,
) -> "subprocess.Popen[str] | ServedCall":
    """
    Start a dbt verb, like `docs generate`, and return it; its stdout is all that dbt says.

    It has a target folder of its own, because no two builds may share one, and ends with the caller,
    because a second try would meet it in the same tables.
    """
    arguments = dbt_arguments(verb, target, *options, run_id=run_id)
    environ = dbt_environment(environ)
    return _served(config, arguments, environ) or subprocess.Popen(
        _alone(config, arguments), env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip


def dbt_arguments(verb: str, target: Path, *options: str, run_id: str | None = None) -> list[str]:
    """Return what dbt is told for a verb."""
    return [
        "--no-use-colors", *verb.split(), "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(target), "--log-path", str(target),
        *(["--vars", json.dumps({"run_id": run_id})] if run_id else []), *options,
    ]  # fmt: skip


def dbt_environment(environ: dict[str, str]) -> dict[str, str]:
    """
    Return an environment for dbt: without our module path, where it would look for its own plugins, and
    without Airflow's keys; of the passwords its own alone, where `up` has laid them beside the caller's.
    """
    kept = {
        name: text
        for name, text in environ.items()
        if name not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE") and not name.startswith("AIRFLOW_")
    }
    own = Path(environ.get("PGPASSFILE") or "none").with_name("pgpass.dbt")
    passwords = {"PGPASSFILE": str(own), "TRADING_OPS_PGPASS": str(own)} if own.exists() else {}
    return {**kept, **passwords, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}


def server_command(config: Settings) -> tuple[str, ...]:
    """Return the command line of the desk's dbt server."""
    return (
        *_entry(config), "serve", str(_warm_folder(config)), str(PROJECT), str(server_socket(config)),
    )  # fmt: skip


def server_environment(environ: dict[str, str]) -> dict[str, str]:
    """Return what the server itself needs of an environment: each call brings its own, but for passwords."""
    return {
        name: text
        for name, text in environ.items()
        if name in ("PATH", "HOME", "LANG", "LC_ALL", "PGPASSFILE") or name.startswith("TRADING_OPS_DB_")
    }


def is_answering(config: Settings, timeout_s: float) -> bool:
    """Say whether the server answers, which it does to what is no request by a refusal."""
    try:
        with _connected(server_socket(config)) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(b"\n")
            return "refused" in _read_answer(connection, timeout_s)
    except OSError:
        return False


def server_socket(config: Settings) -> Path:
    """Return where the server answers: in a folder only the desk's user may enter."""
    return config.data.parent / "run/dbt/socket"


def _warm_folder(config: Settings) -> Path:
    """Return the dbt target folder that holds the shared parse."""
    return config.data / "dbt/warm"


def _entry(config: Settings) -> tuple[str, ...]:
    # Isolated, because the modules beside the script have names that dbt's own packages use.
    return (str(config.dbt.with_name("python")), "-I", str(ENTRY))


def _alone(config: Settings, arguments: list[str]) -> list[str]:
    program = (
        [*_entry(config), "call", str(_warm_folder(config))]
        if config.dbt.with_name("python").exists()
        else [str(config.dbt)]
    )
    return [*bound_to_parent(signal.SIGTERM), *program, *arguments]


def _served(config: Settings, arguments: list[str], environ: dict[str, str]) -> ServedCall | None:
    """Hand a call to the server; None when there is none that takes it."""
    try:
        code = [path.read_bytes() for path in sorted(ENTRY.glob("[a-z_]*.py"))]
        connection = _connected(server_socket(config))
    except OSError:
        return None
    fingerprint = hashlib.sha256(b"".join(code)).hexdigest()
    request = {"code": fingerprint, "arguments": arguments, "environ": environ}
    text = json.dumps(request).encode() + b"\n"
    output, writer = os.pipe()
    try:
        connection.settimeout(_START_TIMEOUT_S)
        sent = socket.send_fds(connection, [text], [writer])
        connection.sendall(text[sent:])
        is_started = _read_answer(connection, _START_TIMEOUT_S).get("started") is True
    except OSError:
        is_started = False
    finally:
        os.close(writer)
    if not is_started:
        connection.close()
        os.close(output)
        return None
    return ServedCall(connection, os.fdopen(output, errors="replace"))


def _connected(path: Path) -> socket.socket:
    """Connect to a socket, however long its path is."""
    folder = os.open(path.parent, os.O_RDONLY)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{path.name}")
    except OSError:
        connection.close()
        raise
    finally:
        os.close(folder)
    return connection


def _read_answer(connection: socket.socket, timeout_s: float | None = None) -> dict:
    """
    Return the next line of the server as it was meant, nothing when it went away or is no dbt server.

    Raises OSError when the line does not come in time.
    """
    text, deadline = b"", time.monotonic() + (timeout_s or 0)
    try:
        while not text.endswith(b"\n") and len(text) < _ANSWER_BYTES_MAX:
            connection.settimeout(timeout_s and max(deadline - time.monotonic(), 0.001))
            more = connection.recv(1)
            if not more:
                return {}
            text += more
        said = json.loads(text)
    except (ConnectionError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


if __name__ == "__main__":
    from trading_ops.settings import settings

    program = server_command(settings())
    os.execve(program[0], program, server_environment(dict(os.environ)))
