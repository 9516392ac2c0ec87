"""The second channel: subject and link alone, recorded like mail, and never in the way of mail."""

import dataclasses
import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.conftest import at_a_shell, free_port
from tests.database import rows
from tests.database.relays import ATTEMPTS_MAX, Relay, running
from trading_ops.cli.main import main
from trading_ops.comms.account import Undelivered
from trading_ops.comms.channels import notify
from trading_ops.comms.incidents import raise_incident
from trading_ops.comms.mail import DeliveryReport
from trading_ops.comms.post import deliver_outbox
from trading_ops.config.files import read_policy
from trading_ops.db.connect import connect
from trading_ops.reports.daily import write_daily_report
from trading_ops.tickets.issue import issue_ticket
from trading_ops.tickets.reminders import remind

SECRET = "t0psecret-token"


class Service(HTTPServer):
    """A messenger on loopback that keeps each request's body, and answers as it is told to."""

    def __init__(self):
        super().__init__(("127.0.0.1", free_port()), Answer)
        self.told, self.status = [], 200


class Answer(BaseHTTPRequestHandler):
    """One request to the messenger."""

    def do_POST(self):  # noqa: N802 (http.server's name)
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.told.append(body)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def service():
    """A messenger that apprise reaches by its json:// URL."""
    with Service() as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        yield service
        service.shutdown()


@pytest.fixture
def told_twice(desk, service, tmp_path):
    """The desk on the plan's Saturday, with two channels at the messenger and mail as files."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    path = tmp_path / "channels"
    path.touch(mode=0o600)
    url = f"json://{SECRET}@127.0.0.1:{service.server_port}"
    path.write_text(f"# the team's\n{url}/team\n\n{url}/phone\n")
    return dataclasses.replace(desk, channels=path)


def issue(desk) -> str:
    """Issue the TRADE ticket of an approved run."""
    run_id = rows.add_approved_run(desk)
    with connect("desk_planner", desk) as connection:
        return issue_ticket(connection, run_id, (), desk)


def post(desk) -> DeliveryReport:
    """Let the post go its round once."""
    return deliver_outbox(lambda role: connect(role, desk), desk)


def select(desk, query: str) -> list[dict]:
    """Return what the planner sees."""
    with connect("desk_planner", desk) as connection:
        return connection.execute(query).fetchall()


def test_a_channel_gets_subject_and_link_and_no_order(told_twice, service):
    """Of a TRADE ticket, once each; what is stored for it holds no more either."""
    ticket_id = issue(told_twice)
    assert post(told_twice).sent == (1, 2, 3, 4)
    assert post(told_twice) == DeliveryReport()
    assert len(service.told) == 2
    said = json.loads(service.told[0])
    assert said["title"] == "[SIMULATED] TRADE 2026-W25 (demo-2026-W25-1)"
    assert said["message"] == f"http://127.0.0.1:8075/confirm/{ticket_id}"
    stored = select(told_twice, "select * from desk.outbox where recipient like 'channel:%'")
    assert [(row["recipient"], row["kind"]) for row in stored] == [
        ("channel:1", "ticket"),
        ("channel:2", "ticket"),
    ]
    for text in [*service.told, *(str(row) for row in stored)]:
        assert not any(word in text for word in ("Alder", "ALDR", "£", "Sells", "shares"))
    deliveries = select(told_twice, "select status, detail from desk.outbox_deliveries order by mail_id")
    assert deliveries[2] == {"status": "sent", "detail": "accepted by channel:1 (json)"}
    assert SECRET not in str(deliveries) + str(stored)


def test_reminders_and_alerts_are_told_and_the_daily_report_is_not(told_twice, service):
    """What asks for somebody's hand."""
    ticket_id = issue(told_twice)
    with connect("desk_planner", told_twice) as connection:
        opens_at = connection.execute("select window_open_at as at from desk.tickets").fetchone()["at"]
        rows.set_clock(told_twice, opens_at)
        remind(connection, told_twice, read_policy(told_twice).reminders, opens_at)
        raise_incident(
            connection, "SOURCE_BLOCKED", "SOURCE_BLOCKED:k", "ALDR was refused", config=told_twice
        )
        run_id = connection.execute("select run_id from desk.runs").fetchone()["run_id"]
        write_daily_report(connection, run_id, told_twice)
    post(told_twice)
    titles = {json.loads(body)["title"] for body in service.told}
    assert len(service.told) == 6
    assert titles == {
        f"[SIMULATED] TRADE 2026-W25 ({ticket_id})",
        f"[SIMULATED] Window open, 1 thing left: record lines 1, 2 of {ticket_id}",
        "Incident SOURCE_BLOCKED: a market data source refused to serve the desk",
    }
    assert not any("ALDR" in body for body in service.told)


def test_a_failing_channel_keeps_no_mail_and_is_recorded(told_twice, service):
    """Mail goes out; the channel is dialled once a round, given up in the end, and the operator hears."""
    service.status = 500
    issue(told_twice)
    report = post(told_twice)
    assert (report.sent, report.failed) == ((1, 2), ())
    assert [mail_id for mail_id, _ in report.unheard] == [3, 4]
    assert "channel:1 (json) answered 500" in report.unheard[0][1]
    for _ in range(ATTEMPTS_MAX - 1):
        post(told_twice)
    mails = select(told_twice, "select recipient from desk.outbox where kind = 'alert' order by mail_id")
    assert {row["recipient"] for row in mails} >= {told_twice.operator_email}
    codes = select(told_twice, "select code, count(*) as n from desk.incidents group by code")
    assert codes == [{"code": "MAIL_REFUSED", "n": 2}]
    assert SECRET not in str(select(told_twice, "select * from desk.outbox_deliveries"))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.chmod(0o644), "mode 0644; accepted: 0600"),
        (lambda path: path.write_text(f"{SECRET}\n"), "channels:1: no channel"),
        (lambda path: path.write_text(f"nobody-knows://{SECRET}\n"), "no URL that apprise understands"),
    ],
)
def test_a_file_of_channels_that_cannot_be_used_fails_no_ticket(told_twice, service, spoil, why):
    """The ticket is issued and mailed; what is wrong with the file stands at the delivery, unquoted."""
    spoil(told_twice.channels)
    issue(told_twice)
    report = post(told_twice)
    assert report.sent == (1, 2) and why in report.unheard[0][1]
    assert (SECRET in str(report), service.told) == (False, [])


def test_a_channel_speaks_while_the_relay_is_down(told_twice, service):
    """That is what a second one is for."""
    down = dataclasses.replace(told_twice, mail="smtp", smtp_port=1)
    issue(down)
    report = post(down)
    assert (report.sent, len(report.failed), len(service.told)) == ((3, 4), 2, 2)


def test_a_channel_waits_as_mail_does_while_the_desk_is_halted(told_twice, service):
    """Nobody is called to a ticket that shows no order."""
    issue(told_twice)
    with connect("desk_planner", told_twice) as connection:
        connection.execute("select desk.engage_halt('drill', 'operator')")
    post(told_twice)
    assert {json.loads(said)["title"] for said in service.told} == {
        "Incident KILL_SWITCH: the desk was halted"
    }


def test_the_command_line_shows_and_tests_the_channels(told_twice, service, monkeypatch, capsys):
    """`mail` says what became of each message, `mail test` tries them."""
    with running(Relay()) as relay:
        config = dataclasses.replace(told_twice, mail="smtp", smtp_port=relay.port, smtp_host="localhost")
        at_a_shell(monkeypatch, config)
        assert main(["mail", "test"]) == 0
        assert "channel:2: ok: accepted by channel:2 (json)\n" in capsys.readouterr().out
        assert json.loads(service.told[0])["title"] == "Test of the mail of demo"
        service.status = 404
        issue(config)
        assert main(["mail"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == ["mail 1 is sent", "mail 2 is sent"]
    assert said.err.splitlines()[1].startswith("message 3 was not told: channel:1 (json) answered 404; look")


def test_a_service_whose_code_breaks_keeps_no_mail(told_twice, monkeypatch):
    """Whatever a library of a hundred services raises is that channel's fault, and not quoted."""

    def broken(*_, **__):
        raise TypeError(SECRET)

    monkeypatch.setattr("apprise.Apprise.notify", broken)
    issue(told_twice)
    report = post(told_twice)
    assert report.sent == (1, 2) and "failed with TypeError" in report.unheard[0][1]
    assert SECRET not in str(report)


def test_a_debugger_is_told_no_address(tmp_path, caplog):
    """Airflow at level DEBUG wrote every URL of a channel, token and all, into the log of its task."""
    caplog.set_level(logging.DEBUG)
    path = tmp_path / "channels"
    path.touch(mode=0o600)
    for url in ("json://user:{}@127.0.0.1:1/{}", "ntfy://{}@127.0.0.1:1/{}", "xml://127.0.0.1:1/{}"):
        path.write_text(url.format(SECRET, SECRET))
        with pytest.raises(Undelivered):
            notify(path, "channel:1", "subject", "https://desk.example")
    assert SECRET not in caplog.text
