"""Reminder after the window, one escalation after the deadline, silence once confirmed."""

from datetime import timedelta

import pytest

from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.tickets.reminders import remind

AFTER_WINDOW_AT = rows.WINDOW_CLOSE_AT + timedelta(minutes=1)
AFTER_DEADLINE_AT = rows.DEADLINE_AT + timedelta(minutes=1)


@pytest.fixture
def traded(desk):
    """The desk with a TRADE ticket of two lines, nothing confirmed."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_trade_ticket(desk)
    return desk


def remind_at(desk, now_at):
    """Remind as the planner would at an instant."""
    with connect("desk_planner", desk) as connection:
        return remind(connection, desk, now_at)


def mails(desk) -> list[tuple[str, str]]:
    """Return (kind, recipient) of every mail in the outbox."""
    with connect("desk_planner", desk) as connection:
        return [
            (row["kind"], row["recipient"])
            for row in connection.execute("select * from desk.outbox order by mail_id")
        ]


def incidents(desk) -> list[str]:
    """Return the code of every incident."""
    with connect("desk_planner", desk) as connection:
        return [row["code"] for row in connection.execute("select code from desk.incidents")]


def test_nobody_is_reminded_while_the_window_is_open(traded):
    """The executor is at work."""
    assert remind_at(traded, rows.WINDOW_CLOSE_AT - timedelta(seconds=1)).stage == "none"
    assert mails(traded) == []


def test_after_the_window_the_executor_is_reminded_once(traded):
    """However often the task runs."""
    for _ in range(3):
        report = remind_at(traded, AFTER_WINDOW_AT)
    assert (report.ticket_id, report.unconfirmed, report.stage) == ("demo-2026-W25-1", (1, 2), "reminder")
    assert mails(traded) == [("reminder", traded.executor_email)]
    assert incidents(traded) == []


def test_after_the_deadline_the_operator_is_told_once_and_an_incident_is_on_record(traded):
    """Reminder, then one escalation, never a storm."""
    remind_at(traded, AFTER_WINDOW_AT)
    for _ in range(3):
        assert remind_at(traded, AFTER_DEADLINE_AT).stage == "escalation"
    assert mails(traded) == [("reminder", traded.executor_email), ("escalation", traded.operator_email)]
    assert incidents(traded) == ["CONFIRMATION_MISSING"]


def test_only_the_lines_without_confirmation_are_asked_for(traded):
    """Line 1 is confirmed; the letter names line 2."""
    rows.confirm_line(traded, "demo-2026-W25-1", 1)
    assert remind_at(traded, AFTER_DEADLINE_AT).unconfirmed == (2,)
    with connect("desk_planner", traded) as connection:
        body = connection.execute("select body_text from desk.outbox").fetchone()["body_text"]
    assert "Lines: 2\n" in body
    assert "http://127.0.0.1:8075/confirm/demo-2026-W25-1" in body
    assert "[SIMULATED]" in body


def test_a_fully_confirmed_ticket_is_left_alone(traded):
    """SKIPPED is a confirmation."""
    rows.confirm_line(traded, "demo-2026-W25-1", 1)
    rows.confirm_line(traded, "demo-2026-W25-1", 2)
    assert remind_at(traded, AFTER_DEADLINE_AT).stage == "none"
    assert (mails(traded), incidents(traded)) == ([], [])


def test_a_desk_without_a_trade_ticket_has_nobody_to_remind(desk):
    """The first weeks of a desk, or a long NO-TRADE."""
    assert remind_at(desk, AFTER_DEADLINE_AT).ticket_id is None
