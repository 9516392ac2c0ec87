"""
Delivering the outbox: through a relay or as files a mail program opens, and to channels.

At least once: a crash after the server's 250 and before it is written down sends the mail again,
under the same Message-ID. One bad mail never keeps another from going out, and a relay that is down
is dialled once a round and counts against no mail.
"""

import re
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import psycopg

from trading_ops.comms.account import MailAccount, Undelivered, configured_account
from trading_ops.comms.channels import PREFIX, notify
from trading_ops.comms.message import compose_message
from trading_ops.comms.relay import hand_over
from trading_ops.db.connect import queries
from trading_ops.files import private_folder, write_whole
from trading_ops.settings import Settings

Account = Callable[[Settings], MailAccount]


@dataclass(frozen=True)
class DeliveryReport:
    """
    What one round did: mail_ids sent, those that failed for now and those refused for good with their
    reasons, and those of channels that were not told.
    """

    sent: tuple[int, ...] = ()
    failed: tuple[tuple[int, str], ...] = ()
    refused: tuple[tuple[int, str], ...] = ()
    unheard: tuple[tuple[int, str], ...] = ()

    @property
    def tried(self) -> frozenset[int]:
        """The mails this round had a look at."""
        return frozenset(self.sent) | {mail_id for mail_id, _ in self.failed + self.refused + self.unheard}

    def and_then(self, later: "DeliveryReport") -> "DeliveryReport":
        """Return what this round and a later one did."""
        return DeliveryReport(*(vars(self)[name] + vars(later)[name] for name in vars(self)))


def deliver_pending(
    connection: psycopg.Connection,
    config: Settings,
    account_of: Account = configured_account,
    leave_out: Collection[int] = (),
) -> DeliveryReport:
    """
    Try once to send every mail that is not sent yet; each attempt is committed by itself.

    Works as desk_mailer. Failures are recorded and tried again by the next call, except for what was
    refused for good.
    """
    report = DeliveryReport()
    # A way that is closed is not tried again in this round: the relay, or one channel.
    closed: dict[str, str] = {}
    waiting = [row["mail_id"] for row in queries.comms.pending_mails(connection)]
    connection.commit()
    for mail_id in waiting:
        if mail_id not in leave_out:
            report = report.and_then(_deliver(connection, mail_id, config, account_of, closed))
    return report


def _deliver(
    connection: psycopg.Connection,
    mail_id: int,
    config: Settings,
    account_of: Account,
    closed: dict[str, str],
) -> DeliveryReport:
    with connection.transaction():
        # Read after the claim: another mailer may have finished it a moment ago.
        mail = (
            queries.comms.unsent_mail(connection, mail_id=mail_id)
            if queries.comms.claim_mail(connection, mail_id=mail_id)
            else None
        )
        if mail is None:
            return DeliveryReport()
        is_channel = mail["recipient"].startswith(PREFIX)
        way = mail["recipient"] if is_channel else "relay"
        if way in closed:
            status, detail = "waiting", closed[way]
        else:
            status, detail = attempt(mail, config, account_of)
            queries.comms.record_delivery(
                connection,
                mail_id=mail_id,
                attempt_number=mail["attempt_number"],
                status=status,
                detail=detail,
            )
    if status == "waiting" or (is_channel and status == "failed"):
        closed[way] = detail
    if status == "sent":
        if mail["kind"] == "daily_report":
            _note_spoken(spoken_file(config), mail["dedupe_key"].rpartition(":")[2])
        return DeliveryReport(sent=(mail_id,))
    if is_channel:
        return DeliveryReport(unheard=((mail_id, detail),))
    told = ((mail_id, detail),)
    return DeliveryReport(refused=told) if status == "refused" else DeliveryReport(failed=told)


def attempt(mail: Mapping, config: Settings, account_of: Account = configured_account) -> tuple[str, str]:
    """Try to hand over one row of desk.outbox and return (status, what the other side said or why not)."""
    if mail["odd_in_body"]:
        return "failed", f"held back: {mail['odd_in_body']} and the text of the ticket disagree"
    try:
        if mail["recipient"].startswith(PREFIX):
            return "sent", notify(config.channels, mail["recipient"], mail["subject"], mail["body_text"])
        message = compose_message(mail, config.mail_from)
        if config.mail == "file":
            return "sent", f"written to {_write_file(mail, message, config.data / 'mail')}"
        account = account_of(config)
        answer = hand_over(account, config.mail_from, mail["recipient"], message)
        return "sent", f"accepted by {account.host}:{account.port}: {answer}"
    except Undelivered as reason:
        return reason.status, str(reason)
    except OSError as error:
        # The disk, for mail as files: it is as full for the next one.
        return "waiting", f"{type(error).__name__}: {error}"
    except ValueError as error:
        return "refused", f"no header can hold it: {error}"


def spoken_file(config: Settings) -> Path:
    """Return the file with the session of the newest daily report that was handed over."""
    return config.data / "spoken"


def _note_spoken(path: Path, session: str) -> None:
    """Let whoever listens from outside the desk know the newest session people have the report on."""
    # The mail is out; that a full disk keeps this from being known is told, which is right.
    with suppress(OSError):
        if not path.exists() or path.read_text() < session:
            write_whole(path, session.encode())


def _write_file(mail: Mapping, message: EmailMessage, folder: Path) -> Path:
    whom = re.sub(r"[^\w.+-]", "_", mail["recipient"].partition("@")[0])
    path = private_folder(folder) / f"{mail['mail_id']:06d}-{mail['kind']}-{whom}.eml"
    write_whole(path, message.as_bytes())
    return path
