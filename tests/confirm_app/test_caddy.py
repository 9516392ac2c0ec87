"""The worked recipe for a phone on the open internet: Caddy in front, the page on loopback."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from urllib.parse import urlencode

import pytest

from tests.confirm_app.conftest import read_page
from tests.confirm_app.desk_rows import PASSWORDS, select
from tests.conftest import free_port, missing
from trading_ops.settings import PROJECT_ROOT

CADDYFILE = PROJECT_ROOT / "docker/caddy/Caddyfile"


@pytest.fixture
def reached(serve, ticket, tmp_path):
    """The page through Caddy, as a browser with cookies that trusts Caddy's own authority."""
    if shutil.which("caddy") is None:
        missing("no caddy; install it with apt-get install caddy")
    page_port, https_port = free_port(), free_port()
    url = f"https://localhost:{https_port}"
    serve(confirm_port=page_port, confirm_url=url, trusted_proxies="127.0.0.1")
    environ = {
        "PAGE_HOST": "localhost", "CONFIRM_PORT": str(page_port), "HTTPS_PORT": str(https_port),
        "HTTP_PORT": str(free_port()), "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PATH": os.environ["PATH"],
    }  # fmt: skip
    with (tmp_path / "caddy.log").open("w") as log:
        command = ("caddy", "run", "--config", CADDYFILE, "--adapter", "caddyfile")
        caddy = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    root = tmp_path / "caddy/pki/authorities/local/root.crt"
    try:
        for _ in range(120):
            if root.exists() and socket.socket().connect_ex(("127.0.0.1", https_port)) == 0:
                break
            assert caddy.poll() is None, (tmp_path / "caddy.log").read_text()
            time.sleep(0.25)
        context = ssl.create_default_context(cafile=root)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(),
        )
        yield url, opener
    finally:
        caddy.terminate()
        caddy.wait(timeout=30)


def test_a_phone_signs_in_and_reads_its_ticket_through_caddy(reached, desk, ticket):
    """TLS checked, cookies for this host alone, and whoever guesses is counted by the address Caddy saw."""
    url, opener = reached
    assert json.load(opener.open(f"{url}/health", timeout=10))["database"] == "reachable"
    page = opener.open(f"{url}/confirm/{ticket}", timeout=10)
    fields = dict(read_page(page.read().decode()).forms[0].fields)

    def enter(password: str):
        entered = urlencode(fields | {"person": "executor", "password": password}).encode()
        said = {"Referer": f"{url}/sign-in", "X-Forwarded-For": "203.0.113.9"}
        return opener.open(urllib.request.Request(f"{url}/sign-in", data=entered, headers=said), timeout=30)

    with pytest.raises(urllib.error.HTTPError):
        enter("a guess")
    answer = enter(PASSWORDS["executor"])
    assert answer.url == f"{url}/confirm/{ticket}" and "Search eToro for" in answer.read().decode()
    cookies = [cookie for handler in opener.handlers for cookie in getattr(handler, "cookiejar", ())]
    assert cookies and all(cookie.secure and cookie.name.startswith("__Host-") for cookie in cookies)
    networks = select(desk, "select counter_name from desk.sign_in_brakes where counter_kind = 'network'")
    assert [row["counter_name"] for row in networks] == ["127.0.0.0/24"]
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10)
