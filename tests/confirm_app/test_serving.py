"""The page as gunicorn serves it: to many at once, to the silent, and with a certificate."""

import socket
import ssl
import subprocess
import time
import urllib.request
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from confirm_app.serving import SILENCE_S

HALF_A_FORM = b"POST /halt HTTP/1.1\r\nHost: desk\r\nContent-Length: 100\r\n"


def get(url: str, **options) -> bytes:
    """Return what the page answers within five seconds, past no proxy."""
    handlers = [urllib.request.ProxyHandler({})]
    if "context" in options:
        handlers.append(urllib.request.HTTPSHandler(context=options["context"]))
    with urllib.request.build_opener(*handlers).open(url, timeout=5) as answer:
        return answer.read()


def test_strangers_who_say_nothing_or_half_a_word_keep_nobody_waiting(page):
    """Two sockets with half a request once closed the page, and with it the button that halts the desk."""
    address = urlsplit(page)
    with ExitStack() as open_sockets:
        for number in range(60):
            stranger = open_sockets.enter_context(socket.create_connection((address.hostname, address.port)))
            if number % 2:
                stranger.sendall(HALF_A_FORM)
        for _ in range(5):
            assert b"reachable" in get(f"{page}/health")


def test_half_a_request_loses_its_connection(page):
    """Or enough of them would keep every thread for ever."""
    address = urlsplit(page)
    with socket.create_connection((address.hostname, address.port), timeout=SILENCE_S + 20) as stranger:
        stranger.sendall(HALF_A_FORM)
        started_at = time.monotonic()
        while stranger.recv(4096):
            pass
    assert time.monotonic() - started_at < SILENCE_S + 5


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /AAAA HTTP/1.1\r\nHost: a..b\r\nConnection: close\r\n\r\n",
        "POST /sign-in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
    ],
    ids=["host", "chunk"],
)
def test_what_no_browser_sends_breaks_nothing(page, request_text):
    """A stranger is told so in a line; a broken page would fill its log with tracebacks."""
    with socket.create_connection((urlsplit(page).hostname, urlsplit(page).port), timeout=30) as line:
        line.sendall(request_text.encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 400")


@pytest.fixture
def certificate(tmp_path) -> dict:
    """A certificate of this machine and its key, as settings."""
    files = {"confirm_certificate": tmp_path / "page.pem", "confirm_certificate_key": tmp_path / "page.key"}
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1",
         "-out", files["confirm_certificate"], "-keyout", files["confirm_certificate_key"]],
        check=True, capture_output=True,
    )  # fmt: skip
    return files


def test_the_page_speaks_tls_with_the_operators_certificate(serve, certificate):
    """A phone on the network then reads nobody else's page, and nobody reads its password."""
    url = serve(**certificate)
    assert url.startswith("https://127.0.0.1:")
    trusted = ssl.create_default_context(cafile=certificate["confirm_certificate"])
    assert b"Sign in" in get(f"{url}/sign-in", context=trusted)
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        get(url, context=ssl.create_default_context())
