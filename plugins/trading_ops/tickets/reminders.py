"""
Writing to whoever owes the desk something, and to the operator once what was owed in time was not done.

Each letter goes out once per ticket and rung, however often this is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from trading_ops.comms.channels import announce
from trading_ops.comms.incidents import record_incident
from trading_ops.comms.outbox import enqueue
from trading_ops.config.policy_sections import Reminders
from trading_ops.db.connect import queries
from trading_ops.exchange.sessions import Window
from trading_ops.settings import Settings
from trading_ops.tickets.build import label_of
from trading_ops.tickets.ladder import LATE, MORNING, Rung, rung_at
from trading_ops.tickets.letters import owed_letter
from trading_ops.tickets.owed import Owed, open_at
from trading_ops.tickets.owed_now import read_owed


@dataclass(frozen=True)
class ReminderReport:
    """The ticket a letter was due of, what is owed, and the rung that was due: `none`, or its name."""

    ticket_id: str | None
    owed: tuple[Owed, ...]
    rung: str


# What is an incident when it is late: both keep a TRADE from being settled.
_LATE_CODES = {"confirm": "CONFIRMATION_MISSING", "snapshot": "SNAPSHOT_MISSING"}


def remind(
    connection: psycopg.Connection, config: Settings, rules: Reminders, now_at: datetime
) -> ReminderReport:
    """
    Put the letters that are due into the outbox and commit.

    Works as desk_planner on the configured portfolio: on the ticket whose lines are open, else on its newest
    one. From the deadline of a TRADE on, the operator is told as well, once, and lines nobody has confirmed
    or a snapshot nobody has typed in are an incident.
    """
    with connection.transaction():
        report = _remind(connection, config, rules, now_at)
    connection.commit()
    return report


def _remind(
    connection: psycopg.Connection, config: Settings, rules: Reminders, now_at: datetime
) -> ReminderReport:
    everything = read_owed(connection, config.portfolio_id)
    # To go on after a halt or a loss is a decision: nobody is chased to make it.
    owed = tuple(one for one in open_at(everything, now_at) if one.step not in ("review", "release"))
    ticket = queries.tickets.chased_ticket(
        connection,
        portfolio_id=config.portfolio_id,
        ticket_id=next((one.subject for one in owed if one.step == "confirm"), None),
    )
    if ticket is None or not owed:
        return ReminderReport(ticket and ticket["ticket_id"], owed, "none")
    is_trade = ticket["kind"] == "TRADE"
    window = Window(ticket["window_open_at"], ticket["window_close_at"], ticket["deadline_at"])
    rung = rung_at(now_at, window if is_trade else None, ticket["issued_at"], rules)
    if rung is None:
        return ReminderReport(ticket["ticket_id"], owed, "none")
    is_late = is_trade and rung.kind in (LATE, MORNING)
    label = label_of(ticket["portfolio_kind"], ticket["environment"])
    words = {"label": label, "is_halted": any(one.step == "release" for one in everything)}
    # Whoever is away as planned is not chased; what was late of a TRADE the operator hears all the same.
    chased = [one for one in owed if not (ticket["is_executor_away"] and one.actor == "executor")]
    if chased:
        _write(connection, config, ticket["ticket_id"], rung, chased, words)
    theirs = [one for one in owed if one.actor != "operator"]
    if is_late and theirs:
        enqueue(
            connection,
            dedupe_key=f"escalation:{ticket['ticket_id']}",
            kind="escalation",
            recipient=config.operator_email,
            letter=owed_letter(theirs, LATE, config.page_url, **words),
            ticket_id=ticket["ticket_id"],
        )
    for one in theirs if is_late else ():
        # The letters above tell of it.
        code = _LATE_CODES.get(one.step)
        if code is None:
            continue
        key = f"{code}:{ticket['ticket_id']}"
        record_incident(connection, code, key, f"not done in time: {one.words}", run_id=ticket["run_id"])
    return ReminderReport(ticket["ticket_id"], owed, rung.name)


def _write(
    connection: psycopg.Connection,
    config: Settings,
    ticket_id: str,
    rung: Rung,
    owed: Sequence[Owed],
    words: dict,
) -> None:
    """Write to each person what they owe themselves; a channel hears of the first of it."""
    told = {"kind": "reminder", "ticket_id": ticket_id}
    letters = {
        actor: owed_letter([one for one in owed if one.actor == actor], rung.kind, config.page_url, **words)
        for actor in dict.fromkeys(one.actor for one in owed)
    }
    addresses = {"executor": config.executor_email, "operator": config.operator_email}
    key = f"reminder:{ticket_id}:{rung.name}"
    for actor, letter in letters.items():
        enqueue(connection, dedupe_key=f"{key}:{actor}", recipient=addresses[actor], letter=letter, **told)
    announce(connection, dedupe_key=key, letter=next(iter(letters.values())), config=config, **told)
