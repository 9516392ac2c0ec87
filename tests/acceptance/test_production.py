"""
A desk for real money from its first question to the ticket, in real time: no clock is set by hand.

Set up from a file of answers beside whatever else runs, mailing through a relay that demands login and TLS,
its page over TLS. The real files are months old, so the plan must end in a NO-TRADE that says so.
"""

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
import yaml

from tests.conftest import free_port
from tests.database.relays import PASSWORD, USER, Relay, certificate, running, wants_login
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.exchange.clocks import LONDON
from trading_ops.settings import PROJECT_ROOT, read_settings
from trading_ops.simulation.forms import read_page
from trading_ops_stack import stack
from trading_ops_stack.airflow_api import Airflow

pytestmark = pytest.mark.long


class LiveDesk:
    """A desk in a folder, worked from fresh shells that know nothing but the folder."""

    def __init__(self, folder, relay, authority) -> None:
        self.folder, self.relay, self.authority = folder, relay, authority
        self.passwords: dict[str, str] = {}

    @property
    def config(self):
        """The settings its commands see."""
        return read_settings({"TRADING_OPS_DESK": str(self.folder)})

    def run(self, *arguments) -> subprocess.CompletedProcess:
        """Run `trading-ops --desk FOLDER …`."""
        return self._python("trading_ops_stack", "--desk", str(self.folder), *arguments)

    def make(self, verb: str) -> subprocess.CompletedProcess:
        """Run `make up`, `make down` or `make status` for the folder."""
        return self._python("trading_ops_stack.stack", verb, TRADING_OPS_DESK=str(self.folder))

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
        self._url = desk.config.page_url.replace("127.0.0.1", "localhost")
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


@pytest.fixture(scope="module")
def live(tmp_path_factory, real_files):
    """The desk, set up and started, with real files in its inbox."""
    root = tmp_path_factory.mktemp("production")
    authority, context = certificate(root)
    relay = Relay()
    with running(relay, tls=context, **wants_login(relay, auth_require_tls=False)):
        desk = LiveDesk(root / "live", relay, authority)
        answers = {
            "operator": "olga", "operator_email": "olga@people.test", "executor": "ed", "executor_email": "ed@people.test",
            "mail_from": f"Trading Ops <{USER}>", "smtp_host": "localhost", "smtp_port": str(relay.port),
            "smtp_user": USER, "smtp_password": PASSWORD, "opening_cash_gbp": "5000.00", "portfolio_id": "live_ops",
        }  # fmt: skip
        (root / "answers.yml").write_text(yaml.safe_dump(answers))
        made = desk.run("init", "--answers", str(root / "answers.yml"))
        assert made.returncode == 0, made.stderr
        desk.passwords = {
            words[0]: words[6].rstrip(",")
            for line in made.stdout.splitlines()
            if "signs in with the password" in line and (words := line.split())
        }
        own = {
            "DB_PORT": free_port(), "AIRFLOW_PORT": free_port(), "CONFIRM_PORT": free_port(), "SMTP_SECURITY": "tls",
            "SMTP_CA_FILE": authority, "CONFIRM_CERTIFICATE": root / "leaf.pem", "CONFIRM_CERTIFICATE_KEY": root / "key.pem",
        }  # fmt: skip
        file = desk.folder / "desk.env"
        kept = [line for line in file.read_text().splitlines() if "_PORT=" not in line or "SMTP_PORT" in line]
        told = [f"TRADING_OPS_{name}={text}" for name, text in own.items()]
        file.write_text("\n".join([*kept, *told]) + "\n")
        # The bank is not asked by a test.
        sources = desk.folder / "sources.yml"
        sources.write_text(sources.read_text().replace("fetch_order: [ecb]", "fetch_order: []"))
        desk.config.inbox.mkdir(parents=True, exist_ok=True)
        shutil.copytree(real_files / "yahoo_split_adj_2026-06", desk.config.inbox / "yahoo")
        try:
            up = desk.make("up")
            assert up.returncode == 0, up.stdout + up.stderr
            desk.said = up.stdout
            yield desk
        finally:
            desk.make("down")


def one(desk, statement: str):
    """Return the only value of a query."""
    with connect("desk_planner", desk.config) as connection:
        (row,) = connection.execute(statement).fetchall()
    return next(iter(row.values()))


def test_the_desk_says_which_it_is_and_shows_no_password_twice(live):
    """Real money, its own book; passwords were told by `init` alone."""
    assert f"live (production) · live_ops · halted no · {live.folder}" in live.said
    assert set(live.passwords) == {"olga", "ed"}
    assert not [password for password in live.passwords.values() if password in live.said]
    assert "live_ops" in live.settled()


def test_the_test_mail_reaches_both_through_login_and_tls(live):
    """Before anything depends on it."""
    before = len(live.relay.accepted)
    done = live.run("mail", "test")
    assert done.returncode == 0, done.stdout + done.stderr
    reached = {mail["To"] for mail in live.relay.accepted[before:]}
    assert reached == {"olga@people.test", "ed@people.test"}


def test_the_morning_and_the_plan_end_in_one_ticket_that_both_hear_of(live):
    """Bars of months ago: a report that says so, and a NO-TRADE, mailed once each."""
    airflow = Airflow.of(live.config)
    session = live.session_of_last_friday()
    for dag_id in ("daily_market_data", "weekly_plan"):
        run_id = airflow.trigger(dag_id, session.isoformat(), dag_run_id=f"walk__{dag_id}")
        result = airflow.wait(dag_id, run_id, timeout_s=420)
        assert result.tasks, dag_id
    assert one(live, "select count(*) from raw.eod_bars") > 1000
    assert one(live, "select string_agg(kind, ', ') from desk.tickets") == "NO-TRADE"
    assert "data_quality" in one(live, "select reasons::text from desk.tickets")
    ticket_id = one(live, "select ticket_id from desk.tickets")
    assert ticket_id.startswith("live_ops-")
    subjects = [(mail["To"], mail["Subject"]) for mail in live.relay.accepted]
    for person in ("olga@people.test", "ed@people.test"):
        assert len([s for to, s in subjects if to == person and "NO-TRADE" in s]) == 1, subjects
    assert [s for to, s in subjects if to == "olga@people.test" and s.startswith(f"Daily report {session}")]
    assert not [s for _, s in subjects if "SIMULATED" in s]


def test_the_executor_opens_the_ticket_over_tls(live):
    """With the address of the mail, the password `init` showed, and a certificate that is checked."""
    ticket_id = one(live, "select ticket_id from desk.tickets")
    phone = Phone(live)
    page = phone.get(f"/confirm/{ticket_id}")
    assert "SIMULATED" not in page and "Book: live_ops" in page
    assert "NO-TRADE" in phone.sign_in(page, "ed")


def test_a_test_ticket_is_worked_through_on_the_phone(live):
    """Mailed, opened by its link, recorded over TLS; `ready` says who did it, and no book knows."""
    assert live.run("test-ticket").returncode == 0
    (mail,) = [mail for mail in live.relay.accepted if mail["Subject"].startswith("[TEST] Test ticket")]
    name = mail["Subject"].rsplit(" ", 1)[1]
    phone = Phone(live)
    page = phone.sign_in(phone.get(f"/test/{name}"), "ed")
    path = f"/test/{name}/lines/1"
    (form,) = [form for form in read_page(page).forms if form.action.partition("#")[0] == path]
    now_at = datetime.now(LONDON)
    typed = {
        "units": "0.125", "price": "100.00", "value": "10.00", "fee": "", "zone": "London",
        "date": f"{now_at:%Y-%m-%d}", "time": f"{now_at:%H:%M}",
    }  # fmt: skip
    figures = {f"fill-1-{name}": text for name, text in typed.items()}
    page = phone.post(path, dict(form.fields) | {"intent": "record", "outcome": "DONE"} | figures)
    assert "The test ticket is recorded" in page
    assert "test ticket confirmed by ed at" in live.run("ready").stdout
    assert one(live, "select count(*) from desk.confirmations") == 0


def test_a_halt_from_a_fresh_shell_stops_this_desk(live):
    """It knows nothing but the folder."""
    done = live.run("halt", "a drill", "--person", "olga")
    assert done.returncode == 0 and done.stderr.startswith("live (production) · live_ops · halted no"), (
        done.stderr
    )
    assert one(live, "select desk.is_halted()") is True
    assert live.run("status").stderr.startswith("live (production) · live_ops · halted yes")


def test_after_a_reboot_everything_is_there(live):
    """Every process is killed as a power cut would; what starts the machine's services starts the desk."""
    before = json.loads(live.config.card.read_text())["instance_id"]
    for process in stack.components(live.config).values():
        if (group := process.group()) is not None:
            os.killpg(group, signal.SIGKILL)
    postmaster = int((live.folder / "postgres/data/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    up = live.make("up")
    assert up.returncode == 0, up.stdout + up.stderr
    assert json.loads(live.config.card.read_text())["instance_id"] == before
    assert one(live, "select desk.is_halted()") is True
    assert one(live, "select count(*) from desk.tickets") == 1
    assert "live_ops" in live.settled()
