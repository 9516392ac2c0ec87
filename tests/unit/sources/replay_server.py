"""A real HTTP server on loopback that replays what vendors were seen to do, good and bad."""

import gzip
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager

from pydantic import SecretStr

from trading_ops.sources.config import FetchLimits
from trading_ops.sources.http_session import HttpSession

# What a server does with a connection after reading the request.
Act = Callable[[socket.socket], None]

LIMITS = FetchLimits(
    connect_timeout_s=2,
    read_timeout_s=2,
    total_timeout_s=5,
    reply_bytes_max=1_000_000,
    redirects_max=3,
    attempts_max=3,
    backoff_s=1,
    backoff_s_max=8,
    retry_after_s_max=60,
    fetch_s_max=600,
)


class ReplayServer(socketserver.ThreadingTCPServer):
    """Answers request n with act n, and every later one with the last act."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, acts: Iterable[Act] | Callable[[str], Act]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self._acts = acts if callable(acts) else list(acts)
        # The head of each request, as it came.
        self.requests: list[str] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def act_for(self, head: str) -> Act:
        with self._lock:
            self.requests.append(head)
            if callable(self._acts):
                return self._acts(head.split()[1])
            return self._acts[min(len(self.requests), len(self._acts)) - 1]

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is what half of these tests are about."""


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(65536)
            if not piece:
                return
            head += piece
        self.server.act_for(head.decode())(self.request)


@contextmanager
def replaying(*acts: Act, by_path: Callable[[str], Act] | None = None):
    """Serve these acts, or one per path, until the end of the block."""
    with ReplayServer(by_path or acts) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def session_to(server: ReplayServer, limits: FetchLimits = LIMITS, **options) -> HttpSession:
    """Return a session to a server whose pauses are noted in `pauses` and not slept."""
    pauses: list[float] = []
    options = {"key": SecretStr("some-key"), "sleep": pauses.append, **options}
    session = HttpSession(server.url, limits, 60_000, "trading-ops-test/1", **options)
    session.pauses = pauses
    return session


def answer(body: bytes, status: int = 200, **headers: str) -> Act:
    """Send a whole reply."""
    # Put together before, so that a test can measure what the client alone allocates.
    reply = _reply(body, status, headers)
    return lambda connection: connection.sendall(reply)


def truncated(body: bytes, missing_bytes: int = 10) -> Act:
    """Declare more bytes than are sent, then close."""
    length = str(len(body) + missing_bytes)
    return answer(body, 200, **{"Content-Length": length})


def unmeasured(body: bytes) -> Act:
    """Send no length, so that only the closed connection ends the reply."""
    return lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body)


def reset_after(body: bytes, sent_bytes: int) -> Act:
    """Send the first bytes of a reply and tear the connection down."""

    def act(connection: socket.socket) -> None:
        connection.sendall(_reply(body, 200, {})[:sent_bytes])
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return act


def trickling(start: bytes, pause_s: float = 0.02) -> Act:
    """Send the start of a reply, then one byte after the other for as long as anybody listens."""

    def act(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"x")
            time.sleep(pause_s)

    return act


def silent(connection: socket.socket) -> None:
    """Take the request and say nothing until the client hangs up."""
    connection.recv(1)


def gzipped(body: bytes) -> Act:
    """Send a packed reply."""
    return answer(gzip.compress(body), **{"Content-Encoding": "gzip"})


def redirect(to: str) -> Act:
    """Send the client elsewhere."""
    return answer(b"", 302, Location=to)


def _reply(body: bytes, status: int, headers: dict[str, str]) -> bytes:
    headers = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Replayed\r\n{lines}\r\n".encode() + body
