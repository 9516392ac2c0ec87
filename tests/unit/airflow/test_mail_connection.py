"""The mail account from a connection of Airflow's: the same account, the same rules."""

import pytest

from trading_ops.comms.account import MailAccount, Undelivered, configured_account
from trading_ops.settings import Settings
from trading_ops_airflow.connections import mail_account_of

CONFIG = Settings(smtp_connection="desk_mail", smtp_port=587)


def test_a_connection_names_host_port_login_and_password(monkeypatch):
    """How it is spoken to follows from the port, as with the settings' own account."""
    monkeypatch.setenv("AIRFLOW_CONN_DESK_MAIL", "smtp://desk%40b.example:pa%20ss@mail.example:465")
    account = mail_account_of(CONFIG)
    assert account == MailAccount("mail.example", 465, "tls", "desk@b.example", account.password)
    assert account.password.get_secret_value() == "pa ss"
    assert "pa ss" not in repr(account)


def test_a_connection_without_a_port_takes_the_settings(monkeypatch):
    """Host and login alone are enough."""
    monkeypatch.setenv("AIRFLOW_CONN_DESK_MAIL", "smtp://mail.example")
    assert mail_account_of(CONFIG) == MailAccount("mail.example", 587, "starttls")


@pytest.mark.parametrize("uri", [None, "smtp://"])
def test_a_connection_that_is_not_there_is_named(monkeypatch, uri):
    """Mail waits; the sentence says for which connection."""
    if uri:
        monkeypatch.setenv("AIRFLOW_CONN_DESK_MAIL", uri)
    with pytest.raises(Undelivered, match="TRADING_OPS_SMTP_CONNECTION=desk_mail") as reason:
        mail_account_of(CONFIG)
    assert reason.value.status == "waiting"


def test_a_shell_cannot_read_it_and_says_so():
    """`trading-ops mail` has no Airflow."""
    with pytest.raises(Undelivered, match="let a DAG send the mail"):
        configured_account(CONFIG)
