"""
The desk's database inside tasks, one role per connection.

The connection ids are the names of the roles; they come from AIRFLOW_CONN_<ROLE> without a
password, which libpq finds in the pgpass file.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


@contextmanager
def desk_connection(role: str) -> Iterator["psycopg.Connection"]:
    """Connect as a role, rows as dicts; commit at the end, roll back on an exception, close always."""
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    with PostgresHook(postgres_conn_id=role).get_conn() as connection:
        yield connection
