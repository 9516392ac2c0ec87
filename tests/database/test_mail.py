"""Delivery to a real SMTP server and to files: nothing lost, nothing told under two Message-IDs."""

import dataclasses
import email
import email.policy
import threading

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.relays import ATTEMPTS_MAX, Relay, running
from trading_ops.cli.main import main
from trading_ops.comms.letters import Attachment, compose
from trading_ops.comms.mail import deliver_pending
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import connect, conninfo
from trading_ops.ops import halt
from trading_ops.tickets.issue import issue_ticket


@pytest.fixture
def mailbox():
    """A mail server on a free port of this machine."""
    with running(Relay()) as relay:
        yield relay


@pytest.fixture
def by_smtp(desk, mailbox):
    """The desk on the plan's Saturday, mailing to the mailbox."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return dataclasses.replace(desk, mail="smtp", smtp_host="localhost", smtp_port=mailbox.port)


def write(desk, number: int, recipient: str = "operator@trading-ops.example", subject: str = "Hello") -> None:
    """Put one letter into the outbox."""
    with connect("desk_planner", desk) as connection:
        enqueue(
            connection,
            dedupe_key=f"alert:{number}",
            kind="alert",
            recipient=recipient,
            letter=compose(
                f"{subject} {number}",
                ["<b>bold & true</b>"],
                attachments=[Attachment("a.txt", "text/plain", "£5")],
            ),
        )


def deliver(desk):
    """Deliver once as the mailer."""
    with connect("desk_mailer", desk) as connection:
        return deliver_pending(connection, desk)


def deliveries(desk) -> list[tuple]:
    """Return every recorded attempt."""
    with connect("desk_mailer", desk) as connection:
        found = connection.execute("select * from desk.outbox_deliveries order by mail_id, attempt_number")
        return [(row["mail_id"], row["attempt_number"], row["status"]) for row in found]


def test_a_mail_arrives_once_with_text_html_and_attachment(by_smtp, mailbox):
    """What is delivered is what was written, and a second round sends nothing."""
    write(by_smtp, 1)
    assert deliver(by_smtp).sent == (1,)
    assert deliver(by_smtp).sent == ()
    (message,) = mailbox.accepted
    assert (message["To"], message["Subject"]) == ("operator@trading-ops.example", "Hello 1")
    assert "<b>bold & true</b>" in message.get_body(["plain"]).get_content()
    assert "&lt;b&gt;bold &amp; true&lt;/b&gt;" in message.get_body(["html"]).get_content()
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content().strip()) == ("a.txt", "£5")


@pytest.mark.parametrize(
    ("answer", "status"),
    [("451 try again later", "failed"), ("552 mailbox full", "failed"), ("421 closing", "waiting")],
)
def test_a_refusal_is_recorded_and_tried_again(by_smtp, mailbox, answer, status):
    """A 4xx or 5xx keeps the mail; the next round sends it under the next attempt number."""
    write(by_smtp, 1)
    mailbox.texts = [answer]
    report = deliver(by_smtp)
    assert report.sent == ()
    assert answer[:3] in report.failed[0][1]
    assert deliver(by_smtp).sent == (1,)
    assert deliveries(by_smtp) == [(1, 1, status), (1, 2, "sent")]


def test_one_bad_mail_does_not_keep_the_next_from_going_out(by_smtp, mailbox):
    """The relay refuses the first; the second arrives in the same round."""
    write(by_smtp, 1)
    write(by_smtp, 2)
    mailbox.texts = ["554 no"]
    report = deliver(by_smtp)
    assert (report.sent, [mail_id for mail_id, _ in report.failed]) == ((2,), [1])


def test_a_recipient_no_header_can_hold_fails_alone(by_smtp, mailbox):
    """A line break in an address is refused here instead of becoming a second header."""
    write(by_smtp, 1, recipient="operator@trading-ops.example\nBcc: other@trading-ops.example")
    write(by_smtp, 2)
    assert deliver(by_smtp).sent == (2,)
    assert [message["Bcc"] for message in mailbox.accepted] == [None]


def test_a_server_that_is_down_is_a_recorded_failure(by_smtp):
    """No exception reaches the task; the outbox keeps the mail."""
    write(by_smtp, 1)
    nobody = dataclasses.replace(by_smtp, smtp_port=1)
    assert "localhost:1 refused the connection" in deliver(nobody).failed[0][1]
    assert deliver(by_smtp).sent == (1,)


def test_a_mail_that_always_fails_is_given_up_at_the_limit(by_smtp, mailbox):
    """A dead address is not dialled for ever."""
    write(by_smtp, 1)
    mailbox.texts = ["550 unknown"] * (ATTEMPTS_MAX + 5)
    for _ in range(ATTEMPTS_MAX + 2):
        deliver(by_smtp)
    assert len(deliveries(by_smtp)) == ATTEMPTS_MAX


class DiesBeforeRecording(psycopg.Cursor):
    """A cursor that loses its connection where a delivery would be written down."""

    def execute(self, query, *arguments, **options):
        if "insert into desk.outbox_deliveries" in str(query):
            self.connection.close()
        return super().execute(query, *arguments, **options)


def test_a_crash_after_the_servers_250_repeats_the_mail_under_the_same_message_id(by_smtp, mailbox):
    """The receiver can tell a repetition from a second mail."""
    write(by_smtp, 1)
    with (
        pytest.raises(psycopg.OperationalError),
        psycopg.connect(
            conninfo("desk_mailer", by_smtp),
            row_factory=psycopg.rows.dict_row,
            cursor_factory=DiesBeforeRecording,
        ) as connection,
    ):
        deliver_pending(connection, by_smtp)
    assert deliver(by_smtp).sent == (1,)
    first, second = mailbox.accepted
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@trading-ops.example>")
    assert first.as_bytes().split(b"boundary")[0] == second.as_bytes().split(b"boundary")[0]


def test_two_mailers_at_once_send_each_mail_once(by_smtp, mailbox):
    """The claim is a lock, so a doubled task does not double the mail."""
    for number in range(1, 13):
        write(by_smtp, number)
    threads = [threading.Thread(target=deliver, args=(by_smtp,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(message["Subject"] for message in mailbox.accepted) == sorted(
        f"Hello {n}" for n in range(1, 13)
    )
    assert len({message["Message-ID"] for message in mailbox.accepted}) == 12


def test_the_command_line_says_what_became_of_each_mail(by_smtp, mailbox, monkeypatch, capsys):
    """In sentences, and with exit code 1 when one stays."""
    at_a_shell(monkeypatch, by_smtp)
    assert main(["mail"]) == 0
    assert capsys.readouterr().out == "no mail waits in the outbox\n"
    write(by_smtp, 1)
    write(by_smtp, 2)
    mailbox.texts = ["250 OK", "451 greylisted"]
    assert main(["mail"]) == 1
    said = capsys.readouterr()
    assert said.out == "mail 1 is sent\n"
    assert "\nmail 2 is not sent and stays in the outbox: operator@trading-ops.example was not" in said.err


def test_a_ticket_mail_holds_no_orders_and_an_invite_for_the_window(desk):
    """In file mode: one .eml per person, summary and link and hash, nothing to trade from."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_approved_run(desk)
    with connect("desk_planner", desk) as connection:
        ticket_id = issue_ticket(connection, run_id, (), desk)
        content_hash = connection.execute("select content_sha256 as h from desk.tickets").fetchone()["h"]
    assert deliver(desk).sent == (1, 2)
    assert deliver(desk).sent == ()
    files = sorted((desk.data / "mail").iterdir())
    assert [path.name for path in files] == ["000001-ticket-operator.eml", "000002-ticket-executor.eml"]
    message = email.message_from_bytes(files[1].read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "[SIMULATED] TRADE 2026-W25 (demo-2026-W25-1)"
    text = message.get_body(["plain"]).get_content()
    assert f"http://127.0.0.1:8075/confirm/{ticket_id}" in text
    assert content_hash[:12] in text
    assert content_hash[:13] not in text
    assert "Monday 15 June 2026, 09:45 New York (EDT) = 14:45 London (BST)" in text
    for part in message.walk():
        if part.get_content_maintype() == "text":
            assert not {"Alder", "ALDR", "103"} & set(part.get_content().replace("$", " ").split())
    (invite,) = message.iter_attachments()
    assert (invite.get_content_type(), invite.get_filename()) == ("text/calendar", f"{ticket_id}.ics")
    assert invite.get_params() and dict(invite.get_params())["method"] == "PUBLISH"


def test_the_mail_of_a_trade_ticket_waits_while_the_desk_is_halted(desk):
    """Nobody is sent trading during a halt; other mail goes out."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_approved_run(desk)
    with connect("desk_planner", desk) as connection:
        issue_ticket(connection, run_id, (), desk)
        halt.engage(connection, "drill", "operator")
    write(desk, 1)
    assert deliver(desk).sent == (3,)
    rows.set_clock(desk, rows.SATURDAY_AT.replace(hour=9))
    rows.add_snapshot(desk, rows.SATURDAY_AT.replace(hour=9), cash_gbp="0")
    with connect("desk_planner", desk) as connection:
        halt.release(connection, "reconciled", "operator")
    assert deliver(desk).sent == (1, 2)


def test_the_mailer_may_write_nothing_but_deliveries(desk):
    """A stolen mailer password sends no letter of its own."""
    with connect("desk_mailer", desk) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        enqueue(connection, dedupe_key="x", kind="alert", recipient="a@b.example", letter=compose("s", []))
