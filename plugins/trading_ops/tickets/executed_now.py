"""What was executed of a ticket by now, for everybody who tells it: page, report, mail."""

from collections.abc import Mapping

import psycopg

from trading_ops.db.connect import queries
from trading_ops.tickets.build import TicketLine
from trading_ops.tickets.executed import Executed, ExecutedLine

# Ticket line -> every recorded version, newest first, each with its fills.
Versions = Mapping[int, list[dict]]


def read_versions(connection: psycopg.Connection, ticket_id: str) -> Versions:
    """Return how each line of a ticket was confirmed."""
    fills: dict[int, list[dict]] = {}
    for fill in queries.page.fills(connection, ticket_id=ticket_id):
        fills.setdefault(fill["confirmation_id"], []).append(fill)
    versions: dict[int, list[dict]] = {}
    for version in queries.page.confirmations(connection, ticket_id=ticket_id):
        version["fills"] = fills.get(version["confirmation_id"], [])
        versions.setdefault(version["line_number"], []).append(version)
    return versions


def read_executed(connection: psycopg.Connection, ticket_id: str) -> Executed:
    """Return a ticket's lines, each with the version that counts."""
    versions = read_versions(connection, ticket_id)
    lines = [TicketLine(**row) for row in queries.page.lines(connection, ticket_id=ticket_id)]
    return Executed(
        tuple(ExecutedLine(line, next(iter(versions.get(line.line_number, ())), None)) for line in lines)
    )
