"""
The desk's database inside tasks, one role per connection, and the mail account if Airflow keeps it.

The connection ids are the names of the roles; they come from AIRFLOW_CONN_<ROLE> without a
password, which libpq finds in the pgpass file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

    from trading_ops.comms.account import MailAccount
    from trading_ops.settings import Settings


@contextmanager
def desk_connection(role: str) -> Iterator["psycopg.Connection"]:
    """Connect as a role, rows as dicts; commit at the end, roll back on an exception, close always."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    with PostgresHook(postgres_conn_id=role).get_conn() as connection:
        yield connection


def mail_account_of(config: "Settings") -> "MailAccount":
    """
    Return the account mail goes through: that of the connection the settings name, or the settings' own.

    Raises Undelivered for a connection that is not there or names no host, or an account not allowed.
    """
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError
    from pydantic import SecretStr

    from trading_ops.comms.account import Undelivered, configured_account, mail_account

    if not config.smtp_connection:
        return configured_account(config)
    try:
        found = Connection.get(config.smtp_connection)
    except (AirflowException, AirflowRuntimeError) as error:
        raise Undelivered(
            "waiting", f"TRADING_OPS_SMTP_CONNECTION={config.smtp_connection}: {error}"
        ) from None
    if not found.host:
        raise Undelivered("waiting", f"TRADING_OPS_SMTP_CONNECTION={config.smtp_connection} names no host")
    password = SecretStr(found.password or "")
    return mail_account(config, found.host, found.port or config.smtp_port, found.login or "", password)
