"""
A desk for real money from its first question to the ticket, in real time: no clock is set by hand.

Set up from a file of answers beside a demo that runs, mailing through a relay that demands login and TLS, its
page over TLS at the address other machines know. The real files are months old, so the plan must end in a
NO-TRADE that says so.
"""

import dataclasses
import json
import os
import shutil
import signal
import time
from datetime import datetime

import pytest
import yaml

from tests.acceptance.live_desk import LiveDesk, Phone, own_address
from tests.conftest import free_port
from tests.database.relays import PASSWORD, USER, Relay, certificate, running, wants_login
from trading_ops.db.connect import connect
from trading_ops.exchange.clocks import LONDON
from trading_ops.settings import Settings
from trading_ops.simulation.forms import read_page
from trading_ops_stack import stack
from trading_ops_stack.airflow_api import Airflow

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory) -> Settings:
    """A simulated desk that runs on this machine already."""
    folder = tmp_path_factory.mktemp("neighbour")
    config = dataclasses.replace(
        Settings(), data=folder / "data", db_port=free_port(), airflow_port=free_port(), confirm_port=free_port(),
        pgpass=folder / "secrets/pgpass", session_key=folder / "secrets/session_key",
    )  # fmt: skip
    try:
        stack.up(config, lambda _: None)
        yield config
    finally:
        stack.down(config, lambda _: None)


@pytest.fixture(scope="module")
def live(tmp_path_factory, real_files, neighbour):
    """The desk, set up and started beside another one, with real files in its inbox."""
    root = tmp_path_factory.mktemp("production")
    address = own_address()
    authority, context = certificate(root, address=address)
    relay = Relay()
    with running(relay, tls=context, **wants_login(relay, auth_require_tls=False)):
        desk = LiveDesk(root / "live", relay, authority)
        ports = {name: free_port() for name in ("DB_PORT", "AIRFLOW_PORT", "CONFIRM_PORT")}
        answers = {
            "operator": "olga", "operator_email": "olga@people.test", "executor": "ed", "executor_email": "ed@people.test",
            "mail_from": f"Trading Ops <{USER}>", "smtp_host": "localhost", "smtp_port": str(relay.port), "smtp_security": "tls",
            "smtp_user": USER, "smtp_password": PASSWORD, "opening_cash_gbp": "5000.00", "portfolio_id": "live_ops",
            "positions": [{"symbol": "AAPL", "units": 2.5, "cost_gbp": 410.0}],
            "confirm_bind": address, "confirm_url": f"https://{address}:{ports['CONFIRM_PORT']}",
            "confirm_certificate": str(root / "leaf.pem"), "confirm_certificate_key": str(root / "key.pem"),
            # The bank is not asked by a test.
            "fetch_order": "none",
        }  # fmt: skip
        (root / "answers.yml").write_text(yaml.safe_dump(answers))
        made = desk.run(
            "init",
            "--answers",
            str(root / "answers.yml"),
            **{f"TRADING_OPS_{name}": str(port) for name, port in ports.items()},
        )
        assert made.returncode == 0, made.stderr
        desk.passwords = {
            words[0]: words[6].rstrip(",")
            for line in made.stdout.splitlines()
            if "signs in with the password" in line and (words := line.split())
        }
        with (desk.folder / "desk.env").open("a") as file:
            file.write(f"TRADING_OPS_SMTP_CA_FILE={authority}\n")
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
    held = live.run("opening").stdout
    assert "5,000.00" in held and "AAPL" in held and "410.00" in held


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
    for dag_id, key in (("daily_market_data", session), ("weekly_plan", session), ("daily_reminders", None)):
        run_id = airflow.trigger(dag_id, key and key.isoformat(), dag_run_id=f"walk__{dag_id}")
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
    link = f"{live.config.page_url}/confirm/{ticket_id}"
    texts = [mail.get_body(("plain",)).get_content() for mail in live.relay.accepted]
    assert len([text for text in texts if link in text]) == 2


def test_the_executor_opens_the_ticket_over_tls(live):
    """With the address of the mail, the password `init` showed, and a certificate that is checked."""
    ticket_id = one(live, "select ticket_id from desk.tickets")
    phone = Phone(live)
    page = phone.get(f"/confirm/{ticket_id}")
    assert "SIMULATED" not in page and "Book: live_ops" in page
    assert "NO-TRADE" in phone.sign_in(page, "ed")


def test_the_operator_has_the_week_planned_again_from_the_phone(live):
    """The watcher starts it within its minute; once the week's window is over nobody is offered it."""
    ticket_id = one(live, "select ticket_id from desk.tickets")
    phone, action = Phone(live), f"/confirm/{ticket_id}/plan-again"
    page = phone.sign_in(phone.get(f"/confirm/{ticket_id}"), "olga")
    offered = [form for form in read_page(page).forms if form.action == action]
    if one(live, "select window_close_at <= desk.now() from desk.tickets"):
        assert not offered
        return
    assert "olga</strong> asked for it" in phone.post(action, dict(offered[0].fields))
    deadline = time.monotonic() + 420
    while one(live, "select count(*) from desk.tickets") < 2:
        assert time.monotonic() < deadline, "there is no second ticket"
        time.sleep(2)
    assert "This is not the newest ticket" in phone.get(f"/confirm/{ticket_id}")


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


def test_after_a_reboot_its_unit_brings_everything_back(live):
    """Every process is killed as by a power cut; what systemd does then is done in its place."""
    before = json.loads(live.config.card.read_text())["instance_id"]
    for process in stack.components(live.config).values():
        if (group := process.group()) is not None:
            os.killpg(group, signal.SIGKILL)
    postmaster = int((live.folder / "postgres/data/postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGKILL)
    supervisor = live.start_unit()
    assert "live_ops" in live.settled()
    assert json.loads(live.config.card.read_text())["instance_id"] == before
    assert one(live, "select desk.is_halted()") is True
    assert one(live, "select count(*) from desk.tickets") >= 1
    done = live.run("heartbeat")
    assert done.returncode == 0, done.stdout + done.stderr
    assert live.make("down").returncode == 0
    assert supervisor.wait(timeout=60) is not None


def test_the_desk_beside_it_noticed_nothing(live, neighbour):
    """Not halted by the halt, not stopped by the power cut or by `make down`, and without a ticket."""
    said = []
    assert stack.status(neighbour, said.append), said
    with connect("desk_reader", neighbour) as connection:
        found = connection.execute(
            "select desk.is_halted() as halted, (select count(*) from desk.tickets) as tickets"
        )
        assert found.fetchone() == {"halted": False, "tickets": 0}
