"""The page on a real desk: through Flask's client, on a real port, and in a real browser."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from confirm_app import create_app
from confirm_app.people import accounts
from tests.confirm_app import desk_rows
from tests.conftest import free_port, missing
from tests.database import rows
from trading_ops.settings import read_settings, variable
from trading_ops.simulation.forms import read_page

CHROMIUM, CHROMEDRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


class Visitor:
    """A person with a browser, as Flask's client."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def form_of(self, path: str, action: str) -> dict[str, str]:
        """Return the fields a fresh form on a page holds."""
        page = read_page(self.client.get(path).text)
        return next(dict(form.fields) for form in page.forms if form.action.partition("#")[0] == action)

    def sign_in(self, person: str = "executor"):
        """Sign in through the form."""
        fields = self.form_of("/sign-in", "/sign-in")
        return self.client.post(
            "/sign-in", data=fields | {"person": person, "password": desk_rows.PASSWORDS[person]}
        )

    def line_form(self, ticket_id: str, line_number: int) -> dict[str, str]:
        """Return the fields of a line's form."""
        return self.form_of(f"/confirm/{ticket_id}", f"/confirm/{ticket_id}/lines/{line_number}")

    def snapshot_fields(self, cash: str, positions: dict[str, str], **fields: str) -> dict[str, str]:
        """Return a snapshot form with cash and units typed in, in rows of holdings and in new ones."""
        form = self.form_of("/snapshots/new", "/snapshots/new")
        holdings = {
            form[f"row-{number}-name"]: number
            for number in range(1, int(form["rows"]) + 1)
            if form.get(f"row-{number}-holding")
        }
        new = [name for name in positions if name not in holdings]
        numbers = holdings | {name: len(holdings) + place for place, name in enumerate(new, start=1)}
        typed = {f"row-{numbers[name]}-name": name for name in new} | {
            f"row-{numbers[name]}-units": units for name, units in positions.items()
        }
        rows = {"rows": str(max(int(form["rows"]), len(numbers)))}
        return form | rows | typed | {"cash": cash, "intent": "record"} | fields

    def record_snapshot(self, cash: str, positions: dict[str, str], **fields: str):
        """Record a snapshot; nothing the page doubts is ticked."""
        data = self.snapshot_fields(cash, positions, **fields)
        return self.client.post("/snapshots/new", data=data)

    def confirm(self, ticket_id: str, line_number: int, outcome: str = "DONE", form=None, **fields):
        """Submit a line's form; a plausible fill is filled in for DONE unless fields are given."""
        form = form or self.line_form(ticket_id, line_number)
        if outcome == "DONE" and not fields:
            fields = desk_rows.fill_fields()
        return self.client.post(
            f"/confirm/{ticket_id}/lines/{line_number}",
            data=form | {"outcome": outcome, "intent": "record"} | fields,
        )


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hashes that cost a hundredth: each names its cost, so whoever looks at one pays no more either."""
    with pytest.MonkeyPatch.context() as patch:
        quick = partial(accounts.generate_password_hash, method="scrypt:256:8:1")
        patch.setattr(accounts, "generate_password_hash", quick)
        accounts._nobodys_hash.cache_clear()
        yield


@pytest.fixture
def ticket(desk) -> str:
    """A desk with people and an open TRADE ticket of six purchases, twenty minutes into its window."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    desk_rows.add_people(desk)
    ticket_id = desk_rows.add_ticket(desk)
    rows.set_clock(desk, desk_rows.IN_WINDOW_AT)
    return ticket_id


@pytest.fixture
def app(desk):
    """The page of the desk under test."""
    app = create_app(desk)
    app.testing = False
    return app


@pytest.fixture
def visitor(app) -> Visitor:
    """Somebody not signed in yet."""
    return Visitor(app.test_client())


@pytest.fixture
def executor(visitor, ticket) -> Visitor:
    """The executor, signed in."""
    assert visitor.sign_in().status_code == 303
    return visitor


@pytest.fixture
def operator(app, ticket) -> Visitor:
    """The operator, signed in."""
    visitor = Visitor(app.test_client())
    assert visitor.sign_in("operator").status_code == 303
    return visitor


@pytest.fixture
def served(app) -> Iterator[str]:
    """The address of the page on a real, threaded server."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator:
    """A headless Chromium the size of a phone, started once."""
    if not (CHROMIUM.exists() and CHROMEDRIVER.exists()):
        missing(
            "no chromium and chromedriver in /usr/bin; install them with apt-get install chromium chromium-driver"
        )
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-GB",
        "--disable-dev-shm-usage", "--hide-scrollbars", f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
        "--window-size=390,844",
    ):  # fmt: skip
        options.add_argument(argument)
    # The smallest window of a headless Chromium is wider than a phone, so the size is set for the page
    # itself.
    options.add_experimental_option(
        "mobileEmulation", {"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0}}
    )
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(CHROMEDRIVER)))
    driver.set_page_load_timeout(60)
    # Selenium's own two minutes, times its retries, would hide a stuck browser for ten.
    driver.command_executor.client_config.timeout = 60
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium):
    """Chromium as nobody has used it before: another test's cookies would sign in here."""
    chromium.get("about:blank")
    chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
    chromium.execute_cdp_cmd("Network.clearBrowserCache", {})
    return chromium


def doubts_of(answer) -> dict[str, str]:
    """Return the ticks an answer asks for: what each would send."""
    page = read_page(answer.text)
    return {name: figure for form in page.forms for name, figure in page.doubts_of(form.action).items()}


def texts(html: str, pattern: str) -> list[str]:
    """Return what a pattern finds in a page, tags left out."""
    return [re.sub(r"<[^>]+>|\s+", " ", found).strip() for found in re.findall(pattern, html, re.DOTALL)]


@pytest.fixture
def serve(desk_environment, tmp_path) -> Iterator[Callable[..., str]]:
    """Starts the page as the desk does, with settings of its own (by name), and returns its address."""
    processes, log_path = [], tmp_path / "page.log"
    paths = ":".join(path for path in sys.path if path)
    places = {"PYTHONPATH": paths, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}

    def start(**settings) -> str:
        settings = {"confirm_port": free_port(), **settings}
        own = {variable(name): str(value) for name, value in settings.items()}
        with log_path.open("ab") as log:
            command = (sys.executable, "-m", "gunicorn", "--config", "python:confirm_app.serving")
            environ = {**desk_environment, **places, **own}
            processes.append(subprocess.Popen(command, env=environ, cwd=tmp_path, stdout=log, stderr=log))
        for _ in range(240):
            with suppress(OSError), socket.create_connection(("127.0.0.1", settings["confirm_port"]), 5):
                return read_settings(own).page_url
            assert processes[-1].poll() is None, log_path.read_text()
            time.sleep(0.25)
        raise AssertionError(log_path.read_text())

    yield start
    for process in processes:
        process.terminate()
        # A worker that was only starting has half a minute before it is killed.
        process.wait(timeout=60)


@pytest.fixture
def page(serve) -> str:
    """The address of the page as the desk serves it."""
    return serve()
