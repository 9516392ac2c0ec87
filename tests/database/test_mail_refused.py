"""Who is not reached is told of: for good, for now, and when the way out is closed to every mail."""

import dataclasses
import email
import email.policy
from datetime import timedelta

import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.relays import ATTEMPTS_MAX, Relay, running
from trading_ops.comms.letters import compose
from trading_ops.comms.mail import DeliveryReport, deliver_pending
from trading_ops.comms.outbox import enqueue
from trading_ops.comms.post import deliver_outbox, send_test
from trading_ops.db.connect import connect
from trading_ops.tickets.issue import issue_ticket
from trading_ops.watch.__main__ import main as watch


@pytest.fixture
def relay():
    """A relay on this machine that asks for no login."""
    with running(Relay()) as relay:
        yield relay


@pytest.fixture
def by_relay(desk, relay):
    """The desk on the plan's Saturday, mailing through the relay."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return dataclasses.replace(desk, mail="smtp", smtp_host="localhost", smtp_port=relay.port)


def write(desk, key: str, recipient: str) -> None:
    """Put one letter into the outbox."""
    with connect("desk_planner", desk) as connection:
        enqueue(connection, dedupe_key=key, kind="alert", recipient=recipient, letter=compose(key, ["words"]))


def post(desk) -> DeliveryReport:
    """Let the post go its round once."""
    return deliver_outbox(lambda role: connect(role, desk), desk)


def select(desk, query: str) -> list[dict]:
    """Return what the planner sees."""
    with connect("desk_planner", desk) as connection:
        return connection.execute(query).fetchall()


def addressed(relay: Relay) -> list[tuple[str, str]]:
    """Return (recipient, subject) of what a relay accepted."""
    return [(message["To"], message["Subject"]) for message in relay.accepted]


def test_a_ticket_one_person_cannot_get_is_given_up_at_once_and_the_other_hears(by_relay, relay):
    """5xx for the executor: not tried again, an incident, its alert to the operator in the same round."""
    run_id = rows.add_approved_run(by_relay)
    with connect("desk_planner", by_relay) as connection:
        issue_ticket(connection, run_id, (), by_relay)
    relay.recipients = {by_relay.executor_email: ["550 5.1.1 no such user"] * 5}
    report = post(by_relay)
    assert (report.sent, [mail_id for mail_id, _ in report.refused], report.failed) == ((1, 3), [2], ())
    assert "550 5.1.1 no such user" in report.refused[0][1]
    operator = by_relay.operator_email
    assert addressed(relay) == [
        (operator, "[SIMULATED] TRADE 2026-W25 (demo-2026-W25-1)"),
        (operator, "Incident MAIL_REFUSED: a mail did not reach whom it was for, and is not tried again"),
    ]
    words = relay.accepted[1].get_body(["plain"]).get_content()
    assert by_relay.executor_email in words and "no such user" in words
    assert post(by_relay) == DeliveryReport()
    (incident,) = select(by_relay, "select code, dedupe_key from desk.incidents")
    assert incident == {"code": "MAIL_REFUSED", "dedupe_key": "MAIL_REFUSED:2"}
    assert len(relay.recipients[by_relay.executor_email]) == 4


def test_the_executor_hears_when_the_operator_is_not_reached(by_relay, relay):
    """Who is left is told."""
    write(by_relay, "a", by_relay.operator_email)
    relay.recipients = {by_relay.operator_email: ["553 no such mailbox"]}
    post(by_relay)
    assert addressed(relay) == [
        (
            by_relay.executor_email,
            "Incident MAIL_REFUSED: a mail did not reach whom it was for, and is not tried again",
        )
    ]


def test_nobody_left_to_tell_ends_after_one_alert(by_relay, relay):
    """Both addresses are dead: the alert about one is refused, and nobody is told of that in a circle."""
    relay.recipients = {
        address: ["550 no"] * 9 for address in (by_relay.operator_email, by_relay.executor_email)
    }
    write(by_relay, "a", by_relay.operator_email)
    for _ in range(3):
        post(by_relay)
    assert select(by_relay, "select count(*) as n from desk.outbox") == [{"n": 2}]
    assert [len(left) for left in relay.recipients.values()] == [8, 8]


def test_greylisting_is_waited_for_and_then_arrives_once(by_relay, relay):
    """4xx at first, 250 in the next run."""
    relay.recipients = {by_relay.operator_email: ["450 4.2.0 greylisted, come back"]}
    write(by_relay, "a", by_relay.operator_email)
    assert "greylisted" in post(by_relay).failed[0][1]
    assert post(by_relay).sent == (1,)
    assert post(by_relay) == DeliveryReport()
    assert len(relay.accepted) == 1


def test_a_mail_that_failed_too_often_is_told_of(by_relay, relay):
    """A mailbox that stays full: given up after its tries, and the other person hears."""
    relay.recipients = {by_relay.executor_email: ["452 4.2.2 full"] * 99}
    write(by_relay, "a", by_relay.executor_email)
    for _ in range(ATTEMPTS_MAX):
        assert addressed(relay) == []
        post(by_relay)
    assert addressed(relay) == [
        (
            by_relay.operator_email,
            "Incident MAIL_REFUSED: a mail did not reach whom it was for, and is not tried again",
        )
    ]
    assert len(relay.recipients[by_relay.executor_email]) == 99 - ATTEMPTS_MAX


def test_a_relay_that_is_down_for_days_costs_no_mail_its_tries(by_relay, relay):
    """More rounds than a mail has tries; each dials once, nothing is lost, nothing arrives twice."""
    for key in "abc":
        write(by_relay, key, by_relay.operator_email)
    down = dataclasses.replace(by_relay, smtp_port=1)
    for _ in range(ATTEMPTS_MAX + 2):
        assert len(post(down).failed) == 3
    dialled = select(by_relay, "select status, count(*) as n from desk.outbox_deliveries group by status")
    assert dialled == [{"status": "waiting", "n": ATTEMPTS_MAX + 2}]
    assert post(by_relay).sent == (1, 2, 3)
    assert [subject for _, subject in addressed(relay)] == ["a", "b", "c"]


def test_a_sender_the_relay_does_not_know_loses_no_mail(by_relay, relay):
    """It is the account that is wrong, not the mail."""
    relay.senders = ["553 5.7.1 not your address"] * (ATTEMPTS_MAX + 1)
    write(by_relay, "a", by_relay.operator_email)
    while relay.senders:
        assert "TRADING_OPS_MAIL_FROM" in post(by_relay).failed[0][1]
    assert post(by_relay).sent == (1,)


@pytest.mark.parametrize(
    "word", ["Üüü £ 東京 " * 20, "an ascii subject that goes on and on " * 10, "x" * 900, "'quoted' , ; <b>"]
)
def test_words_of_any_kind_arrive_as_they_were_written(by_relay, relay, word):
    """Subject and body; what travels is seven-bit, and no line of it is too long."""
    subject = " ".join(word.split())
    with connect("desk_planner", by_relay) as connection:
        letter = compose(word, [word, "y" * 5000, "£" * 3000, ". leading dot"])
        enqueue(connection, dedupe_key="a", kind="alert", recipient=by_relay.operator_email, letter=letter)
    assert post(by_relay).sent == (1,)
    (message,) = relay.accepted
    assert message["Subject"] == subject
    text = message.get_body(["plain"]).get_content()
    assert all(part in text for part in (subject, "y" * 5000, "£" * 3000, "\n. leading dot"))
    content = relay.envelopes[0][2]
    assert content.isascii() and max(map(len, content.split(b"\r\n"))) <= 998


def test_an_internationalised_address_is_served_or_refused_with_a_sentence(desk):
    """Its domain as DNS has it; a name beyond ASCII where the relay says that it takes one."""
    base = dataclasses.replace(
        desk, mail="smtp", smtp_host="localhost", mail_from="Börse <desk@bücher.example>"
    )
    with running(Relay(), enable_SMTPUTF8=True) as relay:
        config = dataclasses.replace(base, smtp_port=relay.port)
        assert send_test("anna@bücher.example", config)[0] == "sent"
        assert send_test("jörg@bücher.example", config)[0] == "sent"
    sent_to = [envelope[1] for envelope in relay.envelopes]
    assert sent_to == [["anna@xn--bcher-kva.example"], ["jörg@xn--bcher-kva.example"]]
    assert relay.accepted[0]["From"] == "Börse <desk@xn--bcher-kva.example>"
    assert relay.accepted[0]["Message-ID"].endswith("@xn--bcher-kva.example>")
    with running(Relay(), enable_SMTPUTF8=False) as relay:
        status, said = send_test("jörg@bücher.example", dataclasses.replace(base, smtp_port=relay.port))
    assert (status, relay.accepted) == ("refused", [])
    assert "jörg@xn--bcher-kva.example" in said and "use another address" in said


def test_mail_as_files_is_readable_by_the_desks_user_alone(desk):
    """The folder as well, also one that an older desk made; no name leads out of it."""
    folder = desk.data / "mail"
    folder.mkdir(parents=True, mode=0o755)
    write(desk, "a", "../../jörg@people.example")
    with connect("desk_mailer", desk) as connection:
        assert deliver_pending(connection, desk).sent == (1,)
    (path,) = folder.iterdir()
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert message["Subject"] == "a"


def test_a_mail_shown_on_a_phone_is_not_shrunk():
    """The viewport is the phone's own, and no cell forbids a line to break."""
    html = compose("Subject", ["words"], facts=[("Ticket", "demo")], link="https://desk.example").body_html
    assert '<meta name="viewport" content="width=device-width' in html and "nowrap" not in html


def test_mail_a_relay_keeps_waiting_is_an_incident_until_all_of_it_is_out(by_relay, relay, monkeypatch):
    """
    An hour by the policy, tried once more before anybody is told; how many, since when and why. Its end is
    the desk's own word.
    """
    live = dataclasses.replace(by_relay, environment="production")
    at_a_shell(monkeypatch, live)
    for key in ("a", "b"):
        write(live, key, live.operator_email)
    # What a full disk or a relay that is down leaves: tried, and counted against no mail.
    relay.senders = ["421 4.3.2 closing down"] * 40
    for minutes in (59, 61, 70):
        rows.set_clock(live, rows.SATURDAY_AT + timedelta(minutes=minutes))
        assert watch(["--once"]) == 0
        told = [row["code"] for row in select(live, "select code from desk.open_incidents")]
        assert told == ([] if minutes < 60 else ["MAIL_WAITING"])
    (incident,) = select(live, "select dedupe_key, detail from desk.incidents")
    assert incident["dedupe_key"] == "MAIL_WAITING:1"
    assert incident["detail"].startswith("2 mails wait since Saturday 13 June 2026, 04:00 New York")
    assert "421 4.3.2 closing down" in incident["detail"]
    relay.senders.clear()
    assert sorted(post(live).sent) == [1, 2, 3]
    assert watch(["--once"]) == 0
    (event,) = select(live, "select person, reason from desk.incident_events")
    assert event == {"person": "desk", "reason": "everything that waited is handed over"}
