"""
Connections to Postgres, one role at a time.

Every caller names the role it works as, so what it may do is decided by the grants in the
database and not by the code that runs.
"""

from pathlib import Path
from types import SimpleNamespace

import aiosql
import psycopg
from psycopg.rows import dict_row

from trading_ops.settings import Settings, settings

# Every query of the library as a function of a connection, one namespace per file:
# queries.plan.cash(connection, ...).
queries = SimpleNamespace(
    **{
        path.stem: aiosql.from_path(path, "psycopg")
        for path in sorted((Path(__file__).parent / "queries").glob("*.sql"))
    }
)


def conninfo(role: str, config: Settings | None = None) -> str:
    """Return the libpq connection string of a role; the password is in the pgpass file it names."""
    config = config or settings()
    return psycopg.conninfo.make_conninfo(
        host=config.db_host,
        port=config.db_port,
        dbname=config.db_name,
        user=role,
        passfile=str(config.pgpass),
        application_name=f"trading-ops {role}",
        connect_timeout=10,
    )


def connect(role: str, config: Settings | None = None) -> psycopg.Connection:
    """
    Open a connection as a role, rows as dicts.

    Used as a context manager it commits at the end and rolls back on an exception. Raises
    psycopg.OperationalError when the server cannot be reached.
    """
    return psycopg.connect(conninfo(role, config), row_factory=dict_row)


def beside(connection: psycopg.Connection) -> psycopg.Connection:
    """
    Open a second connection to the same database, as desk_reader, for what dbt has made.

    dbt's role decides what runs when one of its relations is read (a view, a policy), as whoever reads
    it. So nobody but desk_reader may read them, which can change nothing; only values come out.
    """
    return psycopg.connect(
        psycopg.conninfo.make_conninfo(
            connection.info.dsn, user="desk_reader", application_name="trading-ops desk_reader"
        ),
        row_factory=dict_row,
    )
