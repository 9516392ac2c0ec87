"""
dbt, imported once and parsed once for many calls; runs under dbt's own Python.

    python -I warm_dbt.py call <warm target folder> <dbt arguments>
    python -I warm_dbt.py serve <warm target folder> <project folder> <socket>

dbt throws its saved parse away whenever a variable changes, and every run has another run_id. So
the project is parsed without variables, from the saved parse and only what changed since, and the
call gets that parse. No model reads a variable while it is parsed, only when it is compiled.

`serve` keeps the parse in memory and forks for each call, which then costs neither dbt's import nor
its parse. A request is one JSON line, {"code", "arguments", "environ"}, with one open file beside it
that takes the call's output; the answer is {"started": true} and, at the end, {"exit_code": n}. A
client that goes away ends its call, and no call outlives the server.
"""

import ctypes
import gc
import hashlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from contextlib import suppress
from pathlib import Path

PLACES = ("--project-dir", "--profiles-dir")
DATABASE = "TRADING_OPS_DB_NAME"
_REQUEST_TIMEOUT_S = 10
_PATIENCE_S = 10
_REQUEST_BYTES_MAX = 1 << 20
_PR_SET_PDEATHSIG = 1


def parse(warm_folder: str, places: list[str]):
    """Parse without variables and return the manifest, None when that fails: dbt itself then explains it."""
    from dbt.cli.main import dbtRunner

    Path(warm_folder).mkdir(parents=True, exist_ok=True)
    folders = ["--target-path", warm_folder, "--log-path", warm_folder]
    # dbt's static parser keeps threads of its own, which a fork would wait for in vain.
    parsed = dbtRunner().invoke(["--quiet", "--no-static-parser", "parse", *places, *folders])
    return parsed.result if parsed.success else None


def call(warm_folder: str, arguments: list[str], manifest=None) -> int:
    """Run dbt and return its exit code."""
    from dbt.cli.main import dbtRunner

    spare_debug_events()
    places = [part for place in PLACES for part in (place, arguments[arguments.index(place) + 1])]
    done = dbtRunner(manifest=manifest or parse(warm_folder, places)).invoke(arguments)
    return 0 if done.success else 1


def spare_debug_events() -> None:
    """Let dbt make no event below info: the hundred it makes for a model are a fifth of the build."""
    from dbt_common.events.base_types import BaseEvent, EventLevel
    from dbt_common.events.event_manager_client import get_event_manager

    manager = get_event_manager()
    fill, fire = BaseEvent.__init__, manager.fire_event
    BaseEvent.__init__ = lambda e, *told, **words: (
        None if e.level_tag() == EventLevel.DEBUG else fill(e, *told, **words)
    )
    # What was left empty cannot be told, whatever level it is told at.
    manager.fire_event = lambda e, level=None, **more: (
        EventLevel.DEBUG in (e.level_tag(), level) or fire(e, level=level, **more)
    )


def compile_macros(manifest) -> None:
    """Compile every macro once, for all calls forked from here: it is a fifth of a build."""
    from dbt_common.clients.jinja import template_cache

    for macro in manifest.macros.values():
        template_cache.get_node_template(macro)


def address(manifest, database: str) -> None:
    """Let every relation lie in another database: all else of a parse is the same wherever the desk is."""
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.relation_name:
            node.relation_name = node.relation_name.replace(f'"{node.database}"', f'"{database}"', 1)
        node.database = database


def code_now() -> str:
    """Return the fingerprint of this file as it lies on the disk."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


CODE = code_now()


class Server:
    """The parsed project, and a fork of it for every call."""

    def __init__(self, warm_folder: str, project: str) -> None:
        self._warm_folder = warm_folder
        self._project = project
        self._state = None
        self._manifest = None

    def serve(self, path: Path) -> None:
        """Answer at a socket until another code is asked for; only this user can reach it."""
        listener = listen(path)
        # A caller waits in line meanwhile, instead of importing dbt beside us.
        self._refresh()
        gc.freeze()
        # The kernel takes note of the children that end.
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        here, calls = os.getpid(), []
        while code_now() == CODE:
            client, _ = listener.accept()
            self._refresh()
            calls.append(os.fork())
            if calls[-1] == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                die_with(here, signal.SIGKILL)
                os._exit(self._handle(client))
            client.close()
        print("the code of this server has changed: it ends, and is started again", flush=True)
        listener.close()
        for call_pid in calls:
            with suppress(ChildProcessError):
                os.waitpid(call_pid, 0)

    def _refresh(self) -> None:
        """Parse again what changed; a project that cannot be parsed is parsed by each call, to explain it."""
        state = project_state(self._project)
        if state != self._state:
            places = ["--project-dir", self._project, "--profiles-dir", self._project]
            self._manifest = parse(self._warm_folder, places)
            self._state = state if self._manifest is not None else None
            if self._manifest is not None:
                compile_macros(self._manifest)

    def _handle(self, client: socket.socket) -> int:
        """Read a request, run it in a child of its own and answer how it ended."""
        client.settimeout(_REQUEST_TIMEOUT_S)
        try:
            text, files, _, _ = socket.recv_fds(client, _REQUEST_BYTES_MAX, 1)
            while not text.endswith(b"\n"):
                more = client.recv(_REQUEST_BYTES_MAX)
                if not more:
                    return 1
                text += more
            request = json.loads(text)
            (output,) = files
        except (OSError, ValueError):
            return 1
        if request["code"] != CODE:
            answer(client, {"refused": "the server runs other code than its client"})
            return 1
        # Nothing is begun for a client that gave up waiting and runs dbt itself; it never writes twice.
        if select.select([client], [], [], 0)[0] or not answer(client, {"started": True}):
            return 1
        here = os.getpid()
        child = os.fork()
        if child == 0:
            die_with(here, signal.SIGTERM)
            os._exit(self._run(request, output))
        os.close(output)
        code = follow(child, client)
        answer(client, {"exit_code": code})
        return 0

    def _run(self, request: dict, output: int) -> int:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.clear()
        os.environ.update(request["environ"])
        try:
            if self._manifest and DATABASE in os.environ:
                address(self._manifest, os.environ[DATABASE])
            code = call(self._warm_folder, request["arguments"], self._manifest)
        except BaseException:
            traceback.print_exc()
            code = 2
        sys.stdout.flush()
        sys.stderr.flush()
        return code


def listen(path: Path) -> socket.socket:
    """Return a socket at a path, also one longer than a socket's name can be; what lay there is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    folder = os.open(path.parent, os.O_RDONLY)
    usual = os.umask(0o077)
    listener.bind(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)
    os.umask(usual)
    listener.listen()
    return listener


def project_state(project: str) -> str:
    """Return a fingerprint of the project's files, by name, size and time of change."""
    found = hashlib.sha256()
    for folder, folders, names in os.walk(project):
        folders[:] = sorted(set(folders) - {"target", "logs"})
        for name in sorted(names):
            stat = os.stat(os.path.join(folder, name))
            found.update(f"{folder}/{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return found.hexdigest()


def follow(child: int, client: socket.socket) -> int:
    """Wait for a call and return its exit code, negative for a signal; end it when its client goes away."""
    handle = os.pidfd_open(child)
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    poll.register(client, select.POLLIN | select.POLLHUP)
    while handle not in (ready := {number for number, _ in poll.poll()}):
        if client.fileno() in ready:
            end(child, signal.SIGTERM)
            if not select.select([handle], [], [], _PATIENCE_S)[0]:
                end(child, signal.SIGKILL)
            poll.unregister(client)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def end(child: int, what: signal.Signals) -> None:
    """Signal a call and all it started, also in the moment before it leads a group of its own."""
    for kill in (os.kill, os.killpg):
        with suppress(ProcessLookupError):
            kill(child, what)


def answer(client: socket.socket, words: dict) -> bool:
    """Tell the client something; say whether it could be sent."""
    try:
        client.sendall(json.dumps(words).encode() + b"\n")
    except OSError:
        return False
    return True


def die_with(parent: int, what: signal.Signals) -> None:
    """Get a signal when the parent dies, or end at once when it has died already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(what))
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    verb, *rest = sys.argv[1:]
    if verb == "serve":
        import dbt.cli.main  # noqa: F401  (what every call would pay for)

        Server(rest[0], rest[1]).serve(Path(rest[2]))
        sys.exit(0)
    sys.exit(call(rest[0], rest[1:]))
