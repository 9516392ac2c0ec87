"""
Delivering the outbox, by SMTP or as files a mail program opens.

At least once: a crash after the server's 250 and before it is written down sends the mail again,
under the same Message-ID. One bad mail never keeps another from going out.
"""

import hashlib
import smtplib
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import psycopg

from trading_ops.db.connect import queries
from trading_ops.files import write_whole
from trading_ops.settings import Settings

# After so many failures a mail stays in the outbox for the operator to look at.
ATTEMPTS_MAX = 20
TIMEOUT_S = 10
# What can go wrong with one mail: the relay or disk, a server's refusal, words no header may hold.
_ONE_MAIL_ERRORS = (OSError, smtplib.SMTPException, ValueError)


@dataclass(frozen=True)
class DeliveryReport:
    """What one round of delivery did: mail_ids sent, and mail_ids that failed with their reason."""

    sent: tuple[int, ...] = ()
    failed: tuple[tuple[int, str], ...] = ()


def deliver_pending(connection: psycopg.Connection, config: Settings) -> DeliveryReport:
    """
    Try once to send every mail that is not sent yet; each attempt is committed by itself.

    Works as desk_mailer. Failures are recorded and tried again by the next call.
    """
    sent, failed = [], []
    waiting = [row["mail_id"] for row in queries.comms.pending_mails(connection, attempts_max=ATTEMPTS_MAX)]
    connection.commit()
    for mail_id in waiting:
        with connection.transaction():
            # Read after the claim: another mailer may have finished it a moment ago.
            mail = (
                queries.comms.unsent_mail(connection, mail_id=mail_id)
                if queries.comms.claim_mail(connection, mail_id=mail_id)
                else None
            )
            if mail is None:
                continue
            status, detail = _attempt(mail, config)
            queries.comms.record_delivery(
                connection,
                mail_id=mail_id,
                attempt_number=mail["attempt_number"],
                status=status,
                detail=detail,
            )
        if status == "sent":
            sent.append(mail_id)
        else:
            failed.append((mail_id, detail))
    return DeliveryReport(tuple(sent), tuple(failed))


def compose_message(mail: Mapping, mail_from: str) -> EmailMessage:
    """Return a row of desk.outbox as a message; the same row always gives the same Message-ID."""
    message = EmailMessage()
    message["From"] = mail_from
    message["To"] = mail["recipient"]
    message["Subject"] = mail["subject"]
    message["Date"] = format_datetime(mail["created_at"])
    message["Message-ID"] = message_id(mail, mail_from)
    message.set_content(mail["body_text"])
    if mail["body_html"]:
        message.add_alternative(mail["body_html"], subtype="html")
    for attachment in mail["attachments"]:
        media, _, parameters = attachment["content_type"].partition(";")
        name, _, value = parameters.strip().partition("=")
        message.add_attachment(
            attachment["content"],
            subtype=media.removeprefix("text/"),
            filename=attachment["filename"],
            params={name: value} if name else None,
        )
    return message


def message_id(mail: Mapping, mail_from: str) -> str:
    """Return the Message-ID of a mail: a hash of what never changes about its row."""
    # created_at keeps the mails of two databases apart, whose numbers and keys may be the same.
    identity = f"{mail['mail_id']}|{mail['dedupe_key']}|{mail['created_at'].timestamp()}"
    return f"<{hashlib.sha256(identity.encode()).hexdigest()[:32]}@{mail_from.rpartition('@')[2]}>"


def _attempt(mail: Mapping, config: Settings) -> tuple[str, str]:
    if mail["odd_in_body"]:
        return "failed", f"held back: {mail['odd_in_body']} and the text of the ticket disagree"
    try:
        message = compose_message(mail, config.mail_from)
        if config.mail == "file":
            return "sent", f"written to {_write_file(mail, message, config.data / 'mail')}"
        with smtplib.SMTP(config.smtp_host, config.smtp_port, timeout=TIMEOUT_S) as server:
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls()
            server.send_message(message)
        return "sent", f"accepted by {config.smtp_host}:{config.smtp_port}"
    except _ONE_MAIL_ERRORS as error:
        return "failed", f"{type(error).__name__}: {error}"


def _write_file(mail: Mapping, message: EmailMessage, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{mail['mail_id']:06d}-{mail['kind']}-{mail['recipient'].partition('@')[0]}.eml"
    write_whole(path, message.as_bytes(policy=SMTP))
    return path
