"""A desk for real money in a folder of its own, worked from fresh shells, and a phone that reaches it."""

import os
import re
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from trading_ops.exchange import sessions
from trading_ops.settings import PROJECT_ROOT, read_settings
from trading_ops.simulation.forms import read_page


def own_address() -> str:
    """Return the address other machines know this one by; without a network another loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked, suppress(OSError):
        # Nothing is sent: a datagram's connect only chooses the way.
        asked.connect(("192.0.2.1", 9))
        return asked.getsockname()[0]
    return "127.0.0.2"


class LiveDesk:
    """A desk in a folder, worked from fresh shells that know nothing but the folder."""

    def __init__(self, folder, relay, authority) -> None:
        self.folder, self.relay, self.authority = folder, relay, authority
        self.passwords: dict[str, str] = {}

    @property
    def config(self):
        """The settings its commands see."""
        return read_settings({"TRADING_OPS_DESK": str(self.folder)})

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess:
        """Run `trading-ops --desk FOLDER …`."""
        return self._python("trading_ops_stack", "--desk", str(self.folder), *arguments, **environ)

    def make(self, verb: str) -> subprocess.CompletedProcess:
        """Run `make up`, `make down` or `make status` for the folder."""
        return self._python("trading_ops_stack.stack", verb, TRADING_OPS_DESK=str(self.folder))

    def start_unit(self) -> subprocess.Popen:
        """Do what systemd does with the desk's unit after a reboot, in the unit's own environment."""
        unit = self.run("service", "show").stdout.partition("# Written by")[2].partition("\n# /")[0]
        environ = dict(re.findall(r"^Environment=(\w+)=(.*)$", unit, re.MULTILINE))
        (command,) = re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)
        (place,) = re.findall("^WorkingDirectory=(.*)$", unit, re.MULTILINE)
        with (self.folder / "unit.log").open("wb") as log:
            return subprocess.Popen(command.split(), env=environ, cwd=place, stdout=log, stderr=log)

    def settled(self) -> str:
        """Return what `make status` says once all is healthy, which takes a busy machine a while."""
        deadline = time.monotonic() + 180
        while (done := self.make("status")).returncode and time.monotonic() < deadline:
            time.sleep(2)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def session_of_last_friday(self):
        """Return the newest session of a week that is over."""
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        return sessions.session_on_or_before(yesterday - timedelta(days=(yesterday.weekday() - 4) % 7))

    @staticmethod
    def _python(module: str, *arguments: str, **environ) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env={"PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}", "PATH": os.environ["PATH"],
                 "HOME": os.environ.get("HOME", "/"), **environ},
            cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
            check=False,
        )  # fmt: skip


class Phone:
    """A browser without a picture, which checks the page's certificate and keeps its cookies."""

    def __init__(self, desk: LiveDesk) -> None:
        self._passwords = desk.passwords
        self._url = desk.config.page_url
        context = ssl.create_default_context(cafile=desk.authority)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(),
        )  # fmt: skip

    def get(self, path: str) -> str:
        """Open a page."""
        return self._opener.open(f"{self._url}{path}", timeout=20).read().decode()

    def post(self, path: str, fields: dict[str, str]) -> str:
        """Send a form and return the page it leads to."""
        headers = {"Referer": f"{self._url}{path}"}
        request = urllib.request.Request(
            f"{self._url}{path}", data=urlencode(fields).encode(), headers=headers
        )
        return self._opener.open(request, timeout=20).read().decode()

    def sign_in(self, page: str, person: str) -> str:
        """Sign in on the page that was shown instead, and return the one that was meant."""
        fields = dict(read_page(page).forms[0].fields)
        return self.post("/sign-in", fields | {"person": person, "password": self._passwords[person]})
