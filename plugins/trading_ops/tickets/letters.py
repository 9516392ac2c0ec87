"""
What the desk writes to people about a ticket: the ticket itself, and what they owe the desk.

Pure. A letter carries a summary, a link and the content hash, never an order line: the orders are
on the page, where a halt or an expiry still stops them.
"""

from collections.abc import Sequence
from datetime import datetime

from trading_ops.comms.letters import Letter, compose, page_link
from trading_ops.tickets.build import Ticket, value_of
from trading_ops.tickets.invite import execution_invite
from trading_ops.tickets.ladder import CLOSED, LATE, MORNING, OPENS, SOON
from trading_ops.tickets.owed import Owed, left
from trading_ops.tickets.reasons import told
from trading_ops.tickets.render import shown_hash
from trading_ops.wording.figures import gbp
from trading_ops.wording.instants import clock_warning, in_full

_BLOCKED = "Until it is done, the next plan is a NO-TRADE."
_RUNGS = {
    OPENS: "The window is open. The orders are on the page; record each line as it ends.",
    CLOSED: "The window has closed. A line you left out is recorded as SKIPPED.",
    SOON: f"The deadline is near. {_BLOCKED}",
    LATE: f"The deadline has passed. {_BLOCKED}",
    MORNING: _BLOCKED,
}
_SUBJECTS = {OPENS: "Window open, ", LATE: "Not done in time, "}


def ticket_letter(
    ticket: Ticket,
    content_hash: str,
    confirm_url: str,
    mail_from: str,
    now_at: datetime,
    newer_ticket_id: str | None = None,
    owed: Sequence[Owed] = (),
    absences: Sequence[str] = (),
) -> Letter:
    """
    Return the letter that announces a ticket: a TRADE with a calendar invite, a NO-TRADE with what is owed.

    `newer_ticket_id` is the ticket of a later plan, which is out already and stays the one to follow;
    `absences` say who is away in the next days.
    """
    link = ticket_link(confirm_url, ticket.ticket_id)
    facts = [("Ticket", ticket.ticket_id), ("Content hash", shown_hash(content_hash))]
    if ticket.kind == "NO-TRADE":
        facts += [(reason.source, told(reason)) for reason in ticket.reasons]
        facts += [fact for one in owed for fact in _facts_of(one, confirm_url)]
        paragraphs = [
            f"This is an earlier plan, of the window {in_full(ticket.window_open_at)}. It changes nothing: "
            f"the ticket to follow is still {newer_ticket_id}."
            if newer_ticket_id
            else "There is nothing to execute on eToro this week. Why, and the smallest fix, is below."
        ]
        # What is not owed on the page may still be to mend: only the reasons say that.
        paragraphs += [f"On the page {left(owed)} before the next plan, below."] if owed else []
        attachments = []
    else:
        sells = sum(line.side == "SELL" for line in ticket.lines)
        facts += [
            ("Sells", f"{sells}, about {gbp(value_of(ticket, 'SELL'))}"),
            ("Buys", f"{len(ticket.lines) - sells}, {gbp(value_of(ticket, 'BUY'))}"),
            ("Window opens", in_full(ticket.window_open_at)),
            ("Window closes", in_full(ticket.window_close_at)),
            ("Confirm by", in_full(ticket.deadline_at)),
        ]
        paragraphs = [
            "There are orders to place inside the window. They are on the page, not in this mail. "
            "Before you start, check that the page shows the same content hash."
        ]
        if warning := clock_warning(ticket.window_open_at):
            paragraphs.append(warning)
        attachments = [execution_invite(ticket, link, mail_from, now_at)]
    facts += [("Away", line) for line in absences]
    if ticket.label:
        paragraphs.insert(
            0, f"{ticket.label}: this is not real money. Place none of these orders at a broker."
        )
    subject = f"{_prefix(ticket.label)}{ticket.kind} {ticket.run['plan_week']} ({ticket.ticket_id})"
    return compose(subject, paragraphs, facts=facts, link=link, attachments=attachments)


def owed_letter(owed: Sequence[Owed], rung: str, confirm_url: str, *, label: str, is_halted: bool) -> Letter:
    """Return the letter that asks for what is owed, at least one thing, in the words of a rung."""
    paragraphs = ["The desk is halted: do not trade."] if is_halted else []
    facts = [fact for one in owed for fact in _facts_of(one, confirm_url)]
    return compose(
        f"{_prefix(label)}{_SUBJECTS.get(rung, '')}{left(owed)}: {owed[0].task}",
        [*paragraphs, _RUNGS[rung]],
        facts=facts,
        link=page_link(confirm_url, owed[0].path),
    )


def ticket_link(confirm_url: str, ticket_id: str) -> str:
    """Return the address of a ticket's page; the link gives no authority, the sign-in does."""
    return page_link(confirm_url, f"/confirm/{ticket_id}")


def _prefix(label: str) -> str:
    return f"[{label}] " if label else ""


def _facts_of(owed: Owed, confirm_url: str) -> tuple[tuple[str, str], ...]:
    return (
        (f"For the {owed.actor}", owed.words),
        ("Where", page_link(confirm_url, owed.path)),
        ("By", in_full(owed.deadline_at)),
    )
