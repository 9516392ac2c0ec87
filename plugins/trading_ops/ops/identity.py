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


def database_desk(config: Settings) -> Mapping:
    """
    Return which desk the database is: instance_id, environment, portfolio_kind, is_halted.

    Raises as `identity` does.
    """
    where = f"{config.db_name} on {config.db_host}:{config.db_port}"
    try:
        with connect("desk_reader", config) as connection:
            desk = queries.operator.desk(connection, portfolio_id=config.portfolio_id)
    except psycopg.OperationalError as error:
        if "password" in str(error) and "connection refused" not in str(error).lower():
            raise OtherDesk(
                f"the Postgres at {config.db_host}:{config.db_port} does not know the passwords in "
                f"{config.pgpass}: another desk's answers there. This desk is {config.data.parent}; name yours with "
                "TRADING_OPS_DESK, or give them different ports"
            ) from None
        raise
    if desk is None or desk["environment"] != config.environment:
        found = desk["environment"] if desk else "unfinished"
        raise OtherDesk(
            f"database {where} is a {found} one, but this desk ({config.data.parent}) is {config.environment}: name the "
            "desk you mean with TRADING_OPS_DESK"
        )
    card = read_card(config)
    if card.get("instance_id", desk["instance_id"]) != desk["instance_id"]:
        raise OtherDesk(
            f"database {where} belongs to another desk than {config.card} says: name the desk you mean with "
            "TRADING_OPS_DESK; after restoring a backup, `make up` writes the file anew"
        )
    return desk


def read_card(config: Settings) -> dict:
    """Return what `make up` wrote about the desk it started, nothing when it never did."""
    try:
        card = json.loads(config.card.read_text())
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}
