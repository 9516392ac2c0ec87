"""
What the desk writes to people about a ticket: the ticket itself, a reminder, an escalation.

Pure. A letter carries a summary, a link and the content hash, never an order line: the orders are
on the page, where a halt or an expiry still stops them.
"""

from collections.abc import Sequence
from datetime import datetime

from trading_ops.comms.letters import Letter, compose
from trading_ops.tickets.build import Ticket, value_of
from trading_ops.tickets.invite import execution_invite
from trading_ops.tickets.reasons import told
from trading_ops.tickets.render import shown_hash
from trading_ops.wording.figures import gbp
from trading_ops.wording.instants import clock_warning, in_full


def ticket_letter(
    ticket: Ticket,
    content_hash: str,
    confirm_url: str,
    mail_from: str,
    now_at: datetime,
    newer_ticket_id: str | None = None,
) -> Letter:
    """
    Return the letter that announces a ticket, with a calendar invite for a TRADE.

    `newer_ticket_id` is the ticket of a later plan, which is out already and stays the one to follow.
    """
    link = ticket_link(confirm_url, ticket.ticket_id)
    facts = [("Ticket", ticket.ticket_id), ("Content hash", shown_hash(content_hash))]
    if ticket.kind == "NO-TRADE":
        facts += [(reason.source, told(reason)) for reason in ticket.reasons]
        paragraphs = [
            f"This is an earlier plan, of the window {in_full(ticket.window_open_at)}. It changes nothing: "
            f"the ticket to follow is still {newer_ticket_id}."
            if newer_ticket_id
            else "There is nothing to do on eToro this week. Why, and the smallest fix, is below."
        ]
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
    if ticket.label:
        paragraphs.insert(
            0, f"{ticket.label}: this is not real money. Place none of these orders at a broker."
        )
    subject = f"{_prefix(ticket.label)}{ticket.kind} {ticket.run['plan_week']} ({ticket.ticket_id})"
    return compose(subject, paragraphs, facts=facts, link=link, attachments=attachments)


def reminder_letter(
    ticket_id: str, label: str, unconfirmed: Sequence[int], deadline_at: datetime, confirm_url: str
) -> Letter:
    """Return the letter that asks the executor for the lines nobody has confirmed."""
    return compose(
        f"{_prefix(label)}Please confirm: {_count(unconfirmed)} of {ticket_id}",
        [
            "The window has closed and these lines have no confirmation yet. "
            "A line you left out is confirmed as SKIPPED."
        ],
        facts=[("Lines", _numbers(unconfirmed)), ("Confirm by", in_full(deadline_at))],
        link=ticket_link(confirm_url, ticket_id),
    )


def escalation_letter(
    ticket_id: str, label: str, unconfirmed: Sequence[int], deadline_at: datetime, confirm_url: str
) -> Letter:
    """Return the letter that tells the operator the deadline has passed."""
    return compose(
        f"{_prefix(label)}Not confirmed in time: {_count(unconfirmed)} of {ticket_id}",
        ["The deadline has passed. Until every line is confirmed, the next plan is a NO-TRADE."],
        facts=[("Lines", _numbers(unconfirmed)), ("Deadline was", in_full(deadline_at))],
        link=ticket_link(confirm_url, ticket_id),
    )


def ticket_link(confirm_url: str, ticket_id: str) -> str:
    """Return the address of a ticket's page; the link gives no authority, the sign-in does."""
    return f"{confirm_url.rstrip('/')}/confirm/{ticket_id}"


def _prefix(label: str) -> str:
    return f"[{label}] " if label else ""


def _numbers(line_numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in line_numbers)


def _count(lines: Sequence) -> str:
    return f"{len(lines)} line{'s' * (len(lines) != 1)}"
