"""
Asking for confirmations: a reminder, then one escalation, then the next plan is blocked.

Each letter goes out once per ticket, however often this is called.
"""

from dataclasses import dataclass
from datetime import datetime

import psycopg

from trading_ops.comms.channels import announce
from trading_ops.comms.incidents import record_incident
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import queries
from trading_ops.settings import Settings
from trading_ops.tickets.build import label_of
from trading_ops.tickets.letters import escalation_letter, reminder_letter


@dataclass(frozen=True)
class ReminderReport:
    """The newest TRADE ticket, its open lines, and the letter due: none, reminder or escalation."""

    ticket_id: str | None
    unconfirmed: tuple[int, ...]
    stage: str


def remind(connection: psycopg.Connection, config: Settings, now_at: datetime) -> ReminderReport:
    """
    Put the letter that is due into the outbox and commit.

    Works as desk_planner on the newest TRADE ticket of the configured portfolio. After the
    window: a reminder to the executor. After the deadline: an escalation to the operator and the
    incident CONFIRMATION_MISSING.
    """
    with connection.transaction():
        report = _remind(connection, config, now_at)
    connection.commit()
    return report


def _remind(connection: psycopg.Connection, config: Settings, now_at: datetime) -> ReminderReport:
    ticket = queries.tickets.newest_trade_ticket(connection, portfolio_id=config.portfolio_id)
    if ticket is None:
        return ReminderReport(None, (), "none")
    ticket_id, deadline_at = ticket["ticket_id"], ticket["deadline_at"]
    unconfirmed = tuple(
        row["line_number"] for row in queries.tickets.unconfirmed_lines(connection, ticket_id=ticket_id)
    )
    if not unconfirmed or now_at < ticket["window_close_at"]:
        return ReminderReport(ticket_id, unconfirmed, "none")
    label = label_of(ticket["portfolio_kind"], ticket["environment"])
    is_late = now_at >= deadline_at
    write, recipient = (
        (escalation_letter, config.operator_email) if is_late else (reminder_letter, config.executor_email)
    )
    stage = "escalation" if is_late else "reminder"
    letter = write(ticket_id, label, unconfirmed, deadline_at, config.page_url)
    told = {"dedupe_key": f"{stage}:{ticket_id}", "kind": stage, "letter": letter, "ticket_id": ticket_id}
    enqueue(connection, recipient=recipient, **told)
    announce(connection, config=config, **told)
    if is_late:
        lines = ", ".join(str(number) for number in unconfirmed)
        record_incident(
            connection,
            "CONFIRMATION_MISSING",
            f"CONFIRMATION_MISSING:{ticket_id}",
            f"{ticket_id} was not confirmed in time: lines {lines}",
            run_id=ticket["run_id"],
        )
    return ReminderReport(ticket_id, unconfirmed, stage)
