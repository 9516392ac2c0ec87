"""The outbox and the incidents: written with their cause, and once."""

import psycopg
import pytest

from trading_ops.comms.incidents import raise_incident, record_incident
from trading_ops.comms.letters import compose
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import connect


def outbox(desk) -> list[dict]:
    """Return every mail in the outbox."""
    with connect("desk_planner", desk) as connection:
        return connection.execute("select * from desk.outbox order by mail_id").fetchall()


def test_the_same_dedupe_key_is_written_once(desk):
    """A retried task does not tell twice, and the first words stand."""
    with connect("desk_planner", desk) as connection:
        for words in ("first", "second"):
            enqueue(
                connection, dedupe_key="k", kind="alert", recipient="a@b.example", letter=compose(words, [])
            )
    assert [mail["subject"] for mail in outbox(desk)] == ["first"]


def test_a_mail_disappears_with_the_transaction_that_wrote_it(desk):
    """No mail about something that was rolled back."""
    with connect("desk_planner", desk) as connection:
        enqueue(connection, dedupe_key="k", kind="alert", recipient="a@b.example", letter=compose("s", []))
        connection.rollback()
    assert outbox(desk) == []


def test_a_mail_about_a_ticket_needs_the_ticket(desk):
    """The outbox cannot speak of a ticket that does not exist."""
    with (
        connect("desk_planner", desk) as connection,
        pytest.raises(psycopg.errors.ForeignKeyViolation, match="outbox_ticket_id_fkey"),
    ):
        enqueue(
            connection,
            dedupe_key="k",
            kind="ticket",
            recipient="a@b.example",
            letter=compose("s", []),
            ticket_id="none",
        )


def test_an_incident_is_raised_once_with_one_alert(desk):
    """The second time neither a row nor a mail is added."""
    with connect("desk_planner", desk) as connection:
        assert (
            raise_incident(
                connection, "STEP_FAILED", "STEP_FAILED:load:2026-06-12", "no files in the inbox", config=desk
            )
            is True
        )
        assert (
            raise_incident(
                connection, "STEP_FAILED", "STEP_FAILED:load:2026-06-12", "no files in the inbox", config=desk
            )
            is False
        )
    (mail,) = outbox(desk)
    assert (mail["kind"], mail["recipient"], mail["subject"]) == (
        "alert",
        desk.operator_email,
        "Incident STEP_FAILED: a step of a run did not finish",
    )
    assert "no files in the inbox" in mail["body_text"]


def test_an_incident_another_mail_tells_of_is_only_recorded(desk):
    """A NO-TRADE ticket's mail is enough; a second one would teach people to ignore them."""
    with connect("desk_planner", desk) as connection:
        assert record_incident(connection, "DATA_STALE", "DATA_STALE:x", "coverage") is True
    assert outbox(desk) == []
