"""Real SMTP servers with certificates, logins and bad manners, and what was mailed to them."""

import email
import email.policy
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from tests.conftest import free_port

# After so many failures of its own a mail is given up: desk.waiting_mails.
ATTEMPTS_MAX = 20
USER, PASSWORD = "desk@trading-ops.example", "app pass word"


@dataclass
class Relay:
    """A server on `localhost:port`: what it accepted, and what it answers instead of 250."""

    port: int = 0
    accepted: list = field(default_factory=list)
    envelopes: list = field(default_factory=list)
    # Answers in turn, by stage; a recipient's by address.
    senders: list[str] = field(default_factory=list)
    recipients: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        if self.senders:
            return self.senders.pop(0)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.recipients.get(address):
            return self.recipients[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        answer = self.texts.pop(0) if self.texts else "250 2.0.0 taken"
        if answer.startswith("250"):
            self.accepted.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            self.envelopes.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return answer

    def authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        """Let in whoever knows the password."""
        known = (USER.encode(), PASSWORD.encode())
        self.logins.append(mechanism)
        return AuthResult(success=(data.login, data.password) == known, handled=False)


@contextmanager
def running(relay: Relay, **options) -> Iterator[Relay]:
    """Run a relay; `tls` is a context for port-465 style, `tls_context` one for STARTTLS."""
    tls = options.pop("tls", None)
    relay.port = free_port()
    controller = Controller(relay, hostname="localhost", port=relay.port, ssl_context=tls, **options)
    controller.start()
    try:
        yield relay
    finally:
        controller.stop()


def wants_login(relay: Relay, **options) -> dict:
    """Return the options of a server that serves whoever logged in alone."""
    return {"authenticator": relay.authenticate, "auth_required": True, **options}


def certificate(folder: Path, name: str = "localhost", address: str = "") -> tuple[Path, ssl.SSLContext]:
    """Make a CA and a server's certificate for a name, perhaps an address too; return CA file and context."""
    ca, key, leaf = folder / "ca.pem", folder / "key.pem", folder / "leaf.pem"
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout"]
    issued = ["-CA", ca, "-CAkey", folder / "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"]
    names = f"subjectAltName=DNS:{name}" + (f",IP:{address}" if address else "")
    named = ["-subj", f"/CN={name}", "-addext", names]
    for command in (
        [*new, folder / "ca.key", "-out", ca, "-subj", "/CN=House CA"],
        [*new, key, "-out", leaf, *named, *issued],
    ):
        subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf, key)
    return ca, context


class HangsAtGoodbye(SMTP):
    """A server that takes mail and never answers QUIT."""

    async def smtp_QUIT(self, arg):  # noqa: N802
        await self._loop.create_future()


@contextmanager
def silent_server(drip: bytes = b"") -> Iterator[int]:
    """A port that accepts and says nothing; or greets, and then `drip` again and again without an end."""
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while not is_over.is_set():
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=talk, args=(client,), daemon=True).start()

        def talk(client: socket.socket) -> None:
            with client:
                if drip:
                    client.sendall(b"220 slow\r\n")
                try:
                    while not is_over.wait(0.1):
                        client.sendall(drip)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        is_over.set()
