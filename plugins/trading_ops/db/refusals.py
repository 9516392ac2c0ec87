"""
What Postgres refuses, as one sentence with a way on.
"""

import psycopg

from trading_ops.settings import Settings

# What is there no more, or not yet, for code of this version.
_OF_ANOTHER_VERSION = (
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
    psycopg.errors.UndefinedTable,
)


def in_words(error: psycopg.Error, config: Settings) -> str:
    """Return what an error of a desk's database means: the first line of it, where nothing else is known."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    where = f"{config.db_host}:{config.db_port}"
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        if "does not exist" in str(error):
            return f"there is no database {config.db_name} at {where} yet: `make up` makes it"
        if "refused" in str(error) or "timeout" in str(error):
            return f"no database answers at {where}: `make status` says what runs, `make up` starts the desk"
    if isinstance(error, _OF_ANOTHER_VERSION):
        return f"the database {config.db_name} is not of this version: `make up` brings it there ({first})"
    return first
