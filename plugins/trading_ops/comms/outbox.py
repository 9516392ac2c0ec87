"""
The outbox: mail waits here, in the same transaction as the fact it tells of.

A dedupe key is written once, so a retried task never tells the same thing twice.
"""

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.comms.letters import Letter
from trading_ops.db.connect import queries


def enqueue(
    connection: psycopg.Connection,
    *,
    dedupe_key: str,
    kind: str,
    recipient: str,
    letter: Letter,
    ticket_id: str | None = None,
) -> None:
    """
    Put a letter into the outbox, in the caller's transaction, unless the key is there already.

    kind is one of ticket, reminder, escalation, daily_report, executions, alert.
    """
    queries.comms.enqueue_mail(
        connection,
        dedupe_key=dedupe_key,
        kind=kind,
        ticket_id=ticket_id,
        recipient=recipient,
        subject=letter.subject,
        body_text=letter.body_text,
        body_html=letter.body_html,
        attachments=Jsonb([vars(attachment) for attachment in letter.attachments]),
    )
