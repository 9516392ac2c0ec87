"""
Which desk a command works on, said before it acts, and refused when the database is another's.
"""

import json
from collections.abc import Mapping

import psycopg

from trading_ops.db.connect import connect, queries
from trading_ops.settings import Settings


class OtherDesk(Exception):
    """What answers is not the desk of these settings; the message says which it is and how to go on."""


def identity(config: Settings) -> str:
    """
    Return one line that says which desk this is: `live (production) · live_ops · halted no · FOLDER`.

    Raises OtherDesk when its database belongs to another one, psycopg.OperationalError when none answers.
    """
    desk = database_desk(config)
    kind = desk["portfolio_kind"] or config.portfolio_kind
    return (
        f"{kind} ({desk['environment']}) · {config.portfolio_id} · halted {'yes' if desk['is_halted'] else 'no'}"
        f" · {config.data.parent}"
    )


def identity_if_any(config: Settings) -> str:
    """
    Return `identity`, or that no database answers.

    For what goes on without one, such as a test of the mail. Raises OtherDesk.
    """
    try:
        return identity(config)
    except psycopg.OperationalError:
        return f"{config.data.parent} · no database answers at {config.db_host}:{config.db_port}"


def database_desk(config: Settings) -> Mapping:
    """
    Return which desk the database is: instance_id, environment, portfolio_kind, is_halted.

    Raises as `identity` does.
    """
    with _connected("desk_reader", config) as connection:
        desk = queries.operator.desk(connection, portfolio_id=config.portfolio_id)
    _require_own(config, desk or {"environment": "unfinished", "instance_id": None})
    return desk


def identity_before_migrating(config: Settings) -> str:
    """
    Return the line of a database that may be empty, or of an earlier version than `identity` can ask.

    Raises as `identity` does.
    """
    with _connected("desk_migrator", config) as connection:
        connection.execute("set role desk_owner")
        try:
            found = queries.operator.instance_of_any_version(connection)
        except psycopg.errors.UndefinedTable:
            found = None
    if found:
        _require_own(config, found)
    return unasked(config)


def unasked(config: Settings) -> str:
    """Return the line of a desk whose database cannot be asked: what its settings say."""
    return f"{config.portfolio_id} ({config.environment}) · {config.data.parent}"


def _connected(role: str, config: Settings) -> psycopg.Connection:
    try:
        return connect(role, config)
    except psycopg.OperationalError as error:
        if "password" in str(error) and "connection refused" not in str(error).lower():
            raise OtherDesk(
                f"the Postgres at {config.db_host}:{config.db_port} does not know the passwords in "
                f"{config.pgpass}: another desk's answers there. This desk is {config.data.parent}; name yours with "
                "TRADING_OPS_DESK, or give them different ports"
            ) from None
        raise


def _require_own(config: Settings, found: Mapping) -> None:
    """Raise OtherDesk when a database's own row is not of these settings or not of `make up`'s card."""
    where = f"{config.db_name} on {config.db_host}:{config.db_port}"
    if found["environment"] != config.environment:
        raise OtherDesk(
            f"database {where} is a {found['environment']} one, but this desk ({config.data.parent}) is "
            f"{config.environment}: name the desk you mean with TRADING_OPS_DESK"
        )
    # A database from before 0024 has no number of its own yet.
    number = found.get("instance_id")
    if number is not None and read_card(config).get("instance_id", number) != number:
        raise OtherDesk(
            f"database {where} belongs to another desk than {config.card} says: name the desk you mean with "
            "TRADING_OPS_DESK; after restoring a backup, `make up` writes the file anew"
        )


def read_card(config: Settings) -> dict:
    """Return what `make up` wrote about the desk it started, nothing when it never did."""
    try:
        card = json.loads(config.card.read_text())
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}
