"""
The mail account: which relay, how it is spoken to, and who logs in.

A login never travels unencrypted, and its password is in a file that nobody else can read.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from pydantic import SecretStr

from trading_ops.config.secret_file import secret_text
from trading_ops.settings import Settings, variable


class Undelivered(Exception):
    """
    Why a mail or a message did not go out, in the other side's words and with what to do about it.

    `status` is that of desk.outbox_deliveries: `failed` for now, `refused` for good, or `waiting`
    because the way out is closed to every mail.
    """

    def __init__(self, status: str, why: str):
        super().__init__(" ".join(why.split()))
        self.status = status


@dataclass(frozen=True)
class MailAccount:
    """
    A relay: `security` is tls, starttls or none.

    `user` is empty without a login, `ca_file` for the system's CAs.
    """

    host: str
    port: int
    security: str
    user: str = ""
    password: SecretStr = SecretStr("")
    ca_file: str = ""


def configured_account(config: Settings) -> MailAccount:
    """Return the account the settings name. Raises Undelivered with what is missing or not allowed."""
    if config.smtp_connection:
        raise _unusable(
            f"{variable('smtp_connection')}={config.smtp_connection} is a connection of Airflow's, which its tasks "
            "alone can read: let a DAG send the mail, or name the account in settings"
        )
    return mail_account(config, config.smtp_host, config.smtp_port, config.smtp_user, _password(config))


def mail_account(config: Settings, host: str, port: int, user: str, password: SecretStr) -> MailAccount:
    """Return an account, spoken to as the settings say. Raises Undelivered for a login that may not be."""
    security = config.smtp_security or _usual_security(host, port, user)
    if user and security == "none":
        raise _unusable(
            f"a login travels encrypted or not at all: {variable('smtp_security')} is tls or starttls, or "
            f"{variable('smtp_user')} is empty"
        )
    if not f"{user}{password.get_secret_value()}".isascii():
        raise _unusable("user and password of a mail account are plain letters, digits and signs (ASCII)")
    return MailAccount(host, port, security, user, password, config.smtp_ca_file)


def _usual_security(host: str, port: int, user: str) -> str:
    if port == 465:
        return "tls"
    return "none" if _is_this_machine(host) and not user else "starttls"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _password(config: Settings) -> SecretStr:
    if not config.smtp_user:
        return SecretStr("")
    password = (secret_text(config.smtp_password_file, _unusable) or "").strip()
    if not password:
        raise _unusable(
            f"{variable('smtp_user')} is set and {config.smtp_password_file} holds no password: write it there, "
            "in a file of mode 0600"
        )
    return SecretStr(password)


def _unusable(why: str) -> Undelivered:
    return Undelivered("waiting", why)
