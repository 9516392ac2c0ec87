"""Mail accounts as providers have them: login, TLS from the start, STARTTLS, and each way it goes wrong."""

import dataclasses
import time

import pytest
from aiosmtpd.controller import Controller

from tests.conftest import at_a_shell, free_port
from tests.database.relays import (
    PASSWORD,
    USER,
    HangsAtGoodbye,
    Relay,
    certificate,
    running,
    silent_server,
    wants_login,
)
from trading_ops.cli.main import main
from trading_ops.comms import relay as conversation
from trading_ops.comms.post import send_test
from trading_ops.settings import Settings

ANNA = "anna@people.example"


@pytest.fixture(scope="module")
def issued(tmp_path_factory):
    """A CA's file, and a server's context with a certificate of it for `localhost`."""
    return certificate(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def account(tmp_path, issued) -> Settings:
    """Settings of an account at `localhost` that is trusted by our own CA; the port comes with the server."""
    password = tmp_path / "smtp_password"
    password.touch(mode=0o600)
    password.write_text(f"{PASSWORD}\n")
    return Settings(
        data=tmp_path / "data",
        # Nobody's: a demo may run beside the tests.
        db_port=free_port(),
        mail="smtp",
        mail_from=f"Trading Ops <{USER}>",
        operator_email=ANNA,
        executor_email="bob@people.example",
        smtp_host="localhost",
        smtp_user=USER,
        smtp_password_file=password,
        smtp_ca_file=str(issued[0]),
        channels=tmp_path / "channels",
    )


def tls_relay(issued):
    """Run a server like port 465 of a provider."""
    relay = Relay()
    return running(relay, tls=issued[1], **wants_login(relay, auth_require_tls=False))


def starttls_relay(issued):
    """Run a server like port 587 of a provider."""
    relay = Relay()
    return running(relay, tls_context=issued[1], require_starttls=True, **wants_login(relay))


def at(account: Settings, relay: Relay | int, **changes) -> Settings:
    """Return the account at a server's port."""
    return dataclasses.replace(account, smtp_port=getattr(relay, "port", relay), **changes)


@pytest.mark.parametrize(("serve", "security"), [(tls_relay, "tls"), (starttls_relay, "starttls")])
def test_a_provider_takes_mail_after_login_and_tls(account, issued, serve, security):
    """465 and 587 alike: the right password goes in, a wrong one is told with what to do about it."""
    with serve(issued) as relay:
        config = at(account, relay, smtp_security=security)
        assert send_test(ANNA, config) == (
            "sent",
            f"accepted by localhost:{relay.port}: 250 2.0.0 taken",
        )
        config.smtp_password_file.write_text("wrong\n")
        status, said = send_test(ANNA, config)
        assert status == "waiting" and f"refused the login of {USER}: 535" in said and "app password" in said
        assert len(relay.accepted) == 1 and "wrong" not in said.replace("wrong password", "")
    (message,) = relay.accepted
    assert (message["From"], message["To"]) == (f"Trading Ops <{USER}>", ANNA)
    assert relay.envelopes[0][:2] == (USER, [ANNA])
    assert message["Message-ID"].endswith("@trading-ops.example>")


def test_a_login_without_a_word_on_security_is_encrypted(account, issued):
    """On this machine as well: only a relay that asks for no login is spoken to plainly."""
    with starttls_relay(issued) as relay:
        assert send_test(ANNA, at(account, relay))[0] == "sent"
    status, said = send_test(ANNA, at(account, relay, smtp_security="none"))
    assert (status, "travels encrypted or not at all" in said) == ("waiting", True)


@pytest.mark.parametrize("serve", [tls_relay, starttls_relay])
def test_a_certificate_nobody_vouches_for_is_named_and_gets_no_password(account, issued, serve):
    """The machine's own CAs do not know the house's; who issued it is told."""
    security = "tls" if serve is tls_relay else "starttls"
    with serve(issued) as relay:
        status, said = send_test(ANNA, at(account, relay, smtp_security=security, smtp_ca_file=""))
    assert (status, relay.logins) == ("waiting", [])
    assert "is not trusted: unable to get local issuer certificate" in said
    assert "it names localhost and is issued by CN=House CA" in said


def test_a_certificate_of_another_name_is_told_with_the_name_it_has(account, tmp_path):
    """What to write into the setting is in the sentence."""
    issued = certificate(tmp_path, "mail.provider.example")
    with starttls_relay(issued) as relay:
        status, said = send_test(ANNA, at(account, relay, smtp_ca_file=str(issued[0])))
    assert (status, relay.logins) == ("waiting", [])
    assert "Hostname mismatch" in said and "it names mail.provider.example" in said


def test_a_server_without_starttls_gets_nothing(account):
    """No silent downgrade, with a login or without."""
    with running(Relay()) as relay:
        for user in (USER, ""):
            config = at(account, relay, smtp_user=user, smtp_security="starttls")
            status, said = send_test(ANNA, config)
            assert (status, "offers no STARTTLS" in said) == ("waiting", True)
        assert (relay.accepted, relay.logins) == ([], [])
        assert send_test(ANNA, at(account, relay, smtp_user=""))[0] == "sent"


def test_tls_and_plain_talked_past_each_other_is_told(account, issued, monkeypatch):
    """A port of the other kind: the sentence names the setting."""
    monkeypatch.setattr(conversation, "ANSWER_S", 0.5)
    with running(Relay()) as plain:
        assert "TRADING_OPS_SMTP_SECURITY" in send_test(ANNA, at(account, plain, smtp_security="tls"))[1]
    with tls_relay(issued) as tls:
        status, said = send_test(ANNA, at(account, tls, smtp_security="starttls"))
    assert status == "waiting" and ("did not answer in time" in said or "hung up" in said)


@pytest.mark.parametrize("drip", [b"", b"250-and "])
def test_a_hanging_server_is_left(account, monkeypatch, drip):
    """One that says nothing, and one that never stops."""
    monkeypatch.setattr(conversation, "ANSWER_S", 0.5)
    monkeypatch.setattr(conversation, "CONVERSATION_S", 1.5)
    began = time.monotonic()
    with silent_server(drip) as port:
        status, said = send_test(ANNA, at(account, port))
    assert (status, "did not answer in time" in said) == ("waiting", True)
    assert time.monotonic() - began < 5


def test_what_was_taken_is_delivered_whatever_the_goodbye(account, monkeypatch):
    """A server that hangs at QUIT has the mail: it is not sent a second time."""
    monkeypatch.setattr(Controller, "factory", lambda self: HangsAtGoodbye(self.handler, **self.SMTP_kwargs))
    with running(Relay()) as relay:
        assert send_test(ANNA, at(account, relay, smtp_user=""))[0] == "sent"
    assert len(relay.accepted) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.chmod(0o640), "smtp_password: mode 0640; accepted: 0600"),
        (lambda path: path.unlink(), "smtp_password holds no password"),
        (lambda path: path.write_text("pässword"), "plain letters, digits and signs"),
    ],
)
def test_a_password_that_cannot_be_used_is_told_and_not_shown(account, change, said):
    """Before anything is dialled."""
    change(account.smtp_password_file)
    status, why = send_test(ANNA, at(account, 1))
    assert status == "waiting" and said in why and "pässword" not in why


def test_the_file_of_ones_own_ca_is_looked_at(account):
    """A file that holds no certificate is named."""
    config = at(account, 1, smtp_ca_file=str(account.smtp_password_file))
    assert "TRADING_OPS_SMTP_CA_FILE=" in send_test(ANNA, config)[1]


def test_the_test_verb_says_what_became_of_each_person(account, monkeypatch, capsys):
    """The server's words, what to do about it, and exit code 1 when one did not go out."""
    with running(Relay()) as relay:
        config = at(account, relay, smtp_user="")
        at_a_shell(monkeypatch, config)
        assert main(["mail", "test"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"{ANNA}: ok: accepted by localhost:{relay.port}: 250 2.0.0 taken",
            f"bob@people.example: ok: accepted by localhost:{relay.port}: 250 2.0.0 taken",
        ]
        relay.recipients = {
            ANNA: ["550 5.1.1 no such user"],
            "bob@people.example": ["554 5.7.1 Relay access denied"],
            "eve@people.example": ["452 4.2.2 mailbox full"],
        }
        assert main(["mail", "test"]) == 1
        _, refused, denied = capsys.readouterr().err.splitlines()
        assert refused.startswith(f"{ANNA}: refused: there is no mailing to {ANNA}: 550 5.1.1 no such user;")
        assert "failed: the relay does not carry our mail" in denied and "log in" in denied
        assert main(["mail", "test", "--to", "eve@people.example"]) == 1
        assert "452 4.2.2 mailbox full" in capsys.readouterr().err
        relay.senders = ["553 5.7.1 sender not owned by user"]
        assert main(["mail", "test", "--to", ANNA]) == 1
        assert f"refuses the sender {USER}: 553" in capsys.readouterr().err
    assert [message["To"] for message in relay.accepted] == [ANNA, "bob@people.example"]
