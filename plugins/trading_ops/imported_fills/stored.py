"""
Fills of another executor in the database: taken in whole or not at all, each once whatever file it comes in.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.db.connect import queries
from trading_ops.imported_fills.exports import ExportedFile
from trading_ops.imported_fills.fill import ImportedFill
from trading_ops.wording.figures import units
from trading_ops.wording.instants import utc_minute

_PART_FILLS_COUNT = 5000


def import_fills(
    connection: psycopg.Connection, portfolio_id: str, person: str, export: ExportedFile
) -> tuple[int, int]:
    """
    Take an export in as desk_planner, in one transaction; return how many fills it has and how many are new.

    The portfolio is made when it is not there. Raises FillsError for a file that is not understood; Postgres
    refuses whoever is no operator, a portfolio kept for something else, and a fill with other figures.
    """
    with connection.transaction():
        before = queries.imported_fills.fills_count(connection, portfolio_id=portfolio_id)
        told = 0
        for part in _parts(export.fills()):
            request = {
                "portfolio_id": portfolio_id, "person": person, "source": export.kind,
                "file_name": export.path.name, "file_sha256": export.sha256,
                "fills": [fill.as_request() for fill in part],
            }  # fmt: skip
            # The same part again is the same request; nothing else is.
            key = hashlib.sha256(repr(request).encode()).hexdigest()
            queries.imported_fills.record_fills(connection, request=Jsonb(request | {"idempotency_key": key}))
            told += len(part)
        after = queries.imported_fills.fills_count(connection, portfolio_id=portfolio_id)
    return told, after - before


def _parts(fills: Iterator[ImportedFill]) -> Iterator[list[ImportedFill]]:
    while part := list(islice(fills, _PART_FILLS_COUNT)):
        yield part


def imported_text(connection: psycopg.Connection) -> str:
    """Return each portfolio of imported fills: its files, and what they added up to per asset."""
    lines = []
    for row in queries.imported_fills.portfolios(connection):
        lines.append(
            f"{row['portfolio_id']}: {row['fills_count']} fills of {row['orders_count']} orders on {row['markets']}, "
            f"{utc_minute(row['first_at'])} to {utc_minute(row['last_at'])}"
        )
        for balance in queries.imported_fills.balances(connection, portfolio_id=row["portfolio_id"]):
            notes = [
                f"{balance[count]} {meaning}"
                for count, meaning in (
                    ("inexact_count", "by rounded figures"),
                    ("unknown_fees_count", "fees not known in it"),
                )
                if balance[count]
            ]
            lines.append(
                f"  {balance['asset']:<10} {units(balance['balance']):>28}"
                + (f"  ({', '.join(notes)})" if notes else "")
            )
        for file in queries.imported_fills.imports(connection, portfolio_id=row["portfolio_id"]):
            lines.append(
                f"  {utc_minute(file['recorded_at'])} {file['file_name']} ({file['source']}), "
                f"{file['fills_count']} fills, by {file['person']}"
            )
    return "\n".join(lines) or "no fills of another executor were imported"
