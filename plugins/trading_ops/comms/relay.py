"""
One mail to one person, over one conversation with the relay.

Encrypted as the account says or not at all, every answer waited for with an end, and whatever goes
wrong told in the server's own words with what to do about it.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from email.message import EmailMessage

from trading_ops.addresses import one_address
from trading_ops.comms.account import MailAccount, Undelivered
from trading_ops.comms.relay_faults import accepted, certificate_fault, refusal, told
from trading_ops.settings import variable

ANSWER_S = 30
# A server that keeps talking is left all the same: the next mail waits for this one.
CONVERSATION_S = 120
_GOODBYE_S = 2


def hand_over(account: MailAccount, sender: str, recipient: str, message: EmailMessage) -> str:
    """
    Give a message to the relay for one recipient and return the server's answer.

    Raises Undelivered: `waiting` when the relay takes nothing from us, `failed` when it does not take
    this mail now, `refused` when there is no such recipient.
    """
    try:
        context = _context(account)
        with closing(_dialled(account, context)) as client, _time_limit(client):
            if account.security == "starttls":
                _encrypt(client, account, context)
            if account.user:
                client.login(account.user, account.password.get_secret_value())
            answer = _send(client, sender, recipient, message)
            # It is delivered, whatever the server makes of our goodbye.
            client.sock.settimeout(_GOODBYE_S)
            with suppress(OSError):
                client.quit()
            return answer
    except ssl.SSLCertVerificationError as error:
        raise Undelivered("waiting", certificate_fault(error, account, _certificate(account))) from error
    except (OSError, ValueError) as error:
        raise Undelivered("waiting", told(error, account)) from error


def _context(account: MailAccount) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=account.ca_file or None)
    except OSError:
        raise Undelivered(
            "waiting", f"{variable('smtp_ca_file')}={account.ca_file}: no certificates (PEM) that can be read"
        ) from None


def _dialled(account: MailAccount, context: ssl.SSLContext) -> smtplib.SMTP:
    if account.security == "tls":
        return smtplib.SMTP_SSL(account.host, account.port, timeout=ANSWER_S, context=context)
    return smtplib.SMTP(account.host, account.port, timeout=ANSWER_S)


def _encrypt(client: smtplib.SMTP, account: MailAccount, context: ssl.SSLContext) -> None:
    client.ehlo_or_helo_if_needed()
    if not client.has_extn("starttls"):
        raise Undelivered(
            "waiting",
            f"{account.host}:{account.port} offers no STARTTLS, and nothing is sent unencrypted: try port 465, or "
            f"{variable('smtp_security')}=none if you trust the way to a relay that asks for no login",
        )
    client.starttls(context=context)


@contextmanager
def _time_limit(client: smtplib.SMTP) -> Iterator[None]:
    is_over = threading.Event()

    def hang_up() -> None:
        is_over.set()
        # The socket below TLS: whoever reads meets the end of the line.
        with suppress(OSError):
            socket.socket.shutdown(client.sock, socket.SHUT_RDWR)

    timer = threading.Timer(CONVERSATION_S, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except OSError as error:
        if is_over.is_set():
            raise TimeoutError(f"no end after {CONVERSATION_S} s") from error
        raise
    finally:
        timer.cancel()


def _send(client: smtplib.SMTP, sender: str, recipient: str, message: EmailMessage) -> str:
    origin, target = one_address(sender).address, one_address(recipient).address
    client.ehlo_or_helo_if_needed()
    options = []
    if not f"{origin}{target}".isascii():
        if not client.has_extn("smtputf8"):
            raise Undelivered(
                "refused",
                f"{target} or {origin} is not plain ASCII before the @, which this relay does not take (SMTPUTF8): "
                "use another address",
            )
        options = ["SMTPUTF8", "BODY=8BITMIME"]
    accepted("sender", origin, *client.mail(origin, options))
    accepted("recipient", target, *client.rcpt(target))
    try:
        code, words = client.data(message.as_bytes())
    except smtplib.SMTPDataError as error:
        raise refusal("text", target, error.smtp_code, error.smtp_error) from error
    return accepted("text", target, code, words)


def _certificate(account: MailAccount) -> bytes | None:
    """Return the certificate the relay shows (DER), looked at without trusting or telling it anything."""
    blind = ssl.create_default_context()
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    with suppress(OSError, ValueError), closing(_dialled(account, blind)) as client:
        if account.security == "starttls":
            client.starttls(context=blind)
        return client.sock.getpeercert(binary_form=True)
    return None
