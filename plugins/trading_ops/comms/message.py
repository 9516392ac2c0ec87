"""
A row of the outbox as the message that travels.

Pure. The same row always gives the same Message-ID, and everything in it is seven-bit: what is not
ASCII is encoded, and no line is longer than a server must take.
"""

import hashlib
from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from trading_ops.addresses import MailAddress, one_address

_SEVEN_BIT = SMTP.clone(cte_type="7bit")


def compose_message(mail: Mapping, mail_from: str) -> EmailMessage:
    """
    Return a row of desk.outbox as a message.

    Raises ValueError for a sender or recipient that is not one address, and for words no header may hold.
    """
    sender, recipient = one_address(mail_from), one_address(mail["recipient"])
    is_ascii = f"{sender.local}{recipient.local}".isascii()
    # A name that is not ASCII may stand before the @ only where a server speaks SMTPUTF8.
    message = EmailMessage(policy=_SEVEN_BIT if is_ascii else SMTPUTF8)
    message["From"] = _header(sender)
    message["To"] = _header(recipient)
    message["Subject"] = mail["subject"]
    message["Date"] = format_datetime(mail["created_at"])
    message["Message-ID"] = message_id(mail, sender.domain)
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


def message_id(mail: Mapping, domain: str) -> str:
    """Return the Message-ID of a mail: a hash of what never changes about its row."""
    # created_at keeps the mails of two databases apart, whose numbers and keys may be the same.
    identity = f"{mail['mail_id']}|{mail['dedupe_key']}|{mail['created_at'].timestamp()}"
    return f"<{hashlib.sha256(identity.encode()).hexdigest()[:32]}@{domain}>"


def _header(address: MailAddress) -> Address:
    return Address(address.name, address.local, address.domain)
