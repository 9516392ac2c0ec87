"""
The parsed project in memory, forked for each call, which then costs neither dbt's import nor its parse.

A request is one JSON line, {"code", "arguments", "environ"}, with one open file beside it that takes
the call's output; the answer is {"started": true} and, at the end, {"exit_code": n}. The passwords are
the server's own (PGPASSFILE), where it was started with some. A client that goes away ends its call, and
no call outlives the server. What is no request is refused, and neither a request nor a file of the project
ends the server.
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
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from calls import address, call, compile_templates, parse

DATABASE = "TRADING_OPS_DB_NAME"
_REQUEST_TIMEOUT_S = 10
_PATIENCE_S = 10
_REQUEST_BYTES_MAX = 1 << 20
_PR_SET_PDEATHSIG = 1


def code_now() -> str:
    """Return the fingerprint of this folder's code as it lies on the disk, nothing while it is replaced."""
    try:
        code = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("[a-z_]*.py"))]
    except OSError:
        return ""
    return hashlib.sha256(b"".join(code)).hexdigest()


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
        calls = []
        while code_now() == CODE:
            client, _ = listener.accept()
            self._refresh()
            try:
                calls.append(fork(signal.SIGKILL, self._handle, listener, client))
            except OSError:
                traceback.print_exc()
            client.close()
        print("the code of this server has changed: it ends, and is started again", flush=True)
        listener.close()
        for call_pid in calls:
            with suppress(ChildProcessError):
                os.waitpid(call_pid, 0)

    def _refresh(self) -> None:
        """Parse again what changed; a project that cannot be parsed is parsed by each call, to explain it."""
        state = project_state(self._project)
        if state == self._state:
            return
        self._state = self._manifest = None
        places = ["--project-dir", self._project, "--profiles-dir", self._project]
        try:
            self._manifest = parse(self._warm_folder, places)
            if self._manifest is not None:
                compile_templates(self._manifest)
                self._state = state
        except Exception:
            traceback.print_exc()

    def _handle(self, listener: socket.socket, client: socket.socket) -> int:
        """Read a request, run it in a child of its own and answer how it ended."""
        listener.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        try:
            request, output = read_request(client)
        except (OSError, ValueError, RecursionError) as problem:
            answer(client, {"refused": f"this is no request ({type(problem).__name__})"})
            return 1
        if request["code"] != CODE:
            answer(client, {"refused": "the server runs other code than its client"})
            return 1
        # Nothing is begun for a client that gave up waiting and runs dbt itself; it never writes twice.
        if select.select([client], [], [], 0)[0] or not answer(client, {"started": True}):
            return 1
        child = fork(signal.SIGTERM, self._run, request, output)
        os.close(output)
        code = follow(child, client)
        answer(client, {"exit_code": code})
        return 0

    def _run(self, request: dict, output: int) -> int:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        own = {name: text for name, text in os.environ.items() if name == "PGPASSFILE"}
        os.environ.clear()
        os.environ.update(request["environ"] | own)
        if self._manifest and DATABASE in os.environ:
            address(self._manifest, os.environ[DATABASE])
        return call(self._warm_folder, request["arguments"], self._manifest)


def fork(at_its_end: signal.Signals, work: Callable[..., int], *arguments) -> int:
    """Work in a child that gets a signal when this process ends; return its id. It never comes back here."""
    here, child = os.getpid(), os.fork()
    if child:
        return child
    code = 2
    try:
        die_with(here, at_its_end)
        code = work(*arguments)
    except BaseException:
        traceback.print_exc()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


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


def read_request(client: socket.socket) -> tuple[dict, int]:
    """
    Return a request and the file its output goes to.

    Raises ValueError, RecursionError for what is no request, ValueError, OSError for what comes too slowly.
    """
    deadline, text, files = time.monotonic() + _REQUEST_TIMEOUT_S, bytearray(), []
    while not text.endswith(b"\n"):
        # Less than no time is a ValueError.
        client.settimeout(deadline - time.monotonic())
        more, came, _, _ = socket.recv_fds(client, _REQUEST_BYTES_MAX, 1)
        text += more
        files += came
        if not more or len(text) > _REQUEST_BYTES_MAX:
            raise ValueError("no line of a request's length")
    (output,) = files
    match request := json.loads(text):
        case {"code": _, "arguments": [*words], "environ": dict(environ)}:
            if all(isinstance(word, str) for word in (*words, *environ.values())):
                return request, output
    raise ValueError("other fields than those of a request")


def project_state(project: str) -> str:
    """
    Return a fingerprint of the project's files, by name and by what changes with their content.

    One that vanishes meanwhile, or a link to nothing, such as an editor's lock, is known by its name.
    """
    found = hashlib.sha256()
    for folder, folders, names in os.walk(project):
        folders[:] = sorted(set(folders) - {"target", "logs"})
        for name in sorted(names):
            path = os.path.join(folder, name)
            found.update(os.fsencode(path))
            with suppress(OSError):
                stat = os.stat(path)
                # A copy may keep size and time of change; no file keeps its number or its own clock.
                marks = stat.st_ino, stat.st_ctime_ns, stat.st_size, stat.st_mtime_ns
                found.update(f" {marks}\n".encode())
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
