"""
What a relay answered, and what to do about it, in one sentence each.

A code of the server decides whether a mail is tried again: 4xx later, 5xx to a recipient never, and
whatever it holds against us rather than against the mail once we have changed.
"""

import re
import smtplib
import socket
import ssl

from cryptography import x509

from trading_ops.comms.account import MailAccount, Undelivered
from trading_ops.settings import variable

_WORDS_CHARS_MAX = 300
_NAMES_MAX = 5
# Said of a recipient and meant of us: the relay does not carry our mail (5.7.x, RFC 3463).
_MAY_NOT = re.compile(r"\b5\.7\.\d|\brelay", re.I)


def accepted(stage: str, address: str, code: int, words: bytes) -> str:
    """Return a server's answer to the sender, a recipient or the text when it is yes. Raises Undelivered."""
    if not 200 <= code <= 299:
        raise refusal(stage, address, code, words)
    return _said(code, words)


def refusal(stage: str, address: str, code: int, words: bytes) -> Undelivered:
    """Return what a server's no to the sender, a recipient or the text means."""
    said = _said(code, words)
    if code == 421:
        return Undelivered("waiting", f"the relay closes: {said}; it is tried again")
    if stage == "sender":
        return Undelivered(
            "waiting",
            f"the relay refuses the sender {address}: {said}; {variable('mail_from')} is an address of the account, "
            f"and most relays want a login ({variable('smtp_user')})",
        )
    if stage == "recipient" and code >= 500:
        if _MAY_NOT.search(said):
            return Undelivered(
                "failed",
                f"the relay does not carry our mail to {address}: {said}; log in ({variable('smtp_user')}), or let "
                "the relay allow this machine",
            )
        return Undelivered("refused", f"there is no mailing to {address}: {said}; correct the address")
    return Undelivered("failed", f"{address} was not served: {said}; it is tried again")


def told(error: Exception, account: MailAccount) -> str:
    """Return why a conversation with a relay ended, and what to do about it."""
    where = f"{account.host}:{account.port}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return (
            f"{where} refused the login of {account.user}: {_said(error.smtp_code, error.smtp_error)}; correct user or "
            "password: most providers want an app password made for this desk, not your own"
        )
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{where} is not ready: {_said(error.smtp_code, error.smtp_error)}; it is tried again"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return f"{where} did not answer in time; correct host and port, or let the firewall through"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return f"{where} hung up; does {variable('smtp_security')}={account.security} suit the port?"
    if isinstance(error, smtplib.SMTPException):
        return f"{where} offers no login that is known here ({error}); without one, {variable('smtp_user')} is empty"
    if isinstance(error, ssl.SSLError):
        return (
            f"{where} does not speak TLS like this ({error.reason}); port 465 usually has tls, 587 starttls: "
            f"{variable('smtp_security')}"
        )
    if isinstance(error, ConnectionRefusedError):
        return f"{where} refused the connection; correct host and port, or start the relay"
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"{account.host!r} is not found; correct {variable('smtp_host')}"
    return f"{where} is not reached ({error}); it is tried again"


def certificate_fault(
    error: ssl.SSLCertVerificationError, account: MailAccount, certificate: bytes | None
) -> str:
    """Return why a relay's certificate (DER) is not believed, and whom it names."""
    return (
        f"the certificate of {account.host}:{account.port} is not trusted: {error.verify_message}; "
        f"{_named_by(certificate)}set {variable('smtp_host')} to a name it has, or {variable('smtp_ca_file')} to "
        "the file of your own CA"
    )


def _named_by(certificate: bytes | None) -> str:
    try:
        read = x509.load_der_x509_certificate(certificate or b"")
        issuer = read.issuer.rfc4514_string()
        try:
            found = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            names = [str(each.value) for each in found]
        except x509.ExtensionNotFound:
            names = [read.subject.rfc4514_string()]
    except ValueError:
        return ""
    return f"it names {', '.join(names[:_NAMES_MAX])} and is issued by {issuer}; "


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    # The lines of one answer, each with its code again (RFC 3463) in most servers.
    return f"{code} {' '.join(text.split())}"[:_WORDS_CHARS_MAX]
