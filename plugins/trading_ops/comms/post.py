"""
One round of the post: tell of what the database recorded, deliver, tell of what nobody will get.

Whoever runs it, a task or a person's shell, does the same in the same order.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from email.utils import localtime

import psycopg

from trading_ops.comms.account import configured_account
from trading_ops.comms.channels import PREFIX
from trading_ops.comms.incidents import tell_given_up, tell_recorded
from trading_ops.comms.letters import Letter, compose
from trading_ops.comms.mail import Account, DeliveryReport, attempt, deliver_pending
from trading_ops.settings import Settings


def deliver_outbox(
    open_as: Callable[[str], AbstractContextManager[psycopg.Connection]],
    config: Settings,
    account_of: Account = configured_account,
) -> DeliveryReport:
    """
    Deliver what waits; `open_as` opens a connection as a role.

    A mail given up is an incident whose alert goes to the other person in the same round.
    """
    with open_as("desk_planner") as connection:
        tell_recorded(connection, config)
    with open_as("desk_mailer") as connection:
        report = deliver_pending(connection, config, account_of)
    with open_as("desk_planner") as connection:
        is_news = tell_given_up(connection, config)
    if is_news:
        with open_as("desk_mailer") as connection:
            report = report.and_then(deliver_pending(connection, config, account_of, leave_out=report.tried))
    return report


def send_test(recipient: str, config: Settings) -> tuple[str, str]:
    """Send a test to an address or a channel now, as the outbox is delivered; return (status, answer)."""
    return send_now("test", _trial_letter(config), recipient, config)


def send_now(kind: str, letter: Letter, recipient: str, config: Settings) -> tuple[str, str]:
    """
    Hand a letter over without outbox and database; return (status, what the other side said or why not).
    """
    # Sent to a person's real mailbox, so in real time, whenever a simulated desk lives.
    mail = vars(letter) | {
        "mail_id": 0,
        "dedupe_key": f"{kind}:{recipient}:{letter.subject}",
        "kind": kind,
        "recipient": recipient,
        "created_at": localtime(),
        "odd_in_body": None,
    }
    if recipient.startswith(PREFIX):
        mail["body_text"] = letter.link or config.page_url
    return attempt(mail, config)


def _trial_letter(config: Settings) -> Letter:
    return compose(
        f"Test of the mail of {config.portfolio_id}",
        ["Mail of this desk reaches you. Nothing is to be done; the link below opens its page."],
        link=config.page_url,
    )
