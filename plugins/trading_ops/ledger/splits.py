"""
Splits of what the book holds: believed as the prices are, told once, and asked about when they are doubted.

What a split does to units is derived by desk.entries; nothing here computes it.
"""

from collections.abc import Iterable, Mapping

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.comms.incidents import raise_incident
from trading_ops.db.connect import queries


def believe_splits(connection: psycopg.Connection, said: Iterable[Mapping], run_id: str) -> list[str]:
    """
    Take what a run's prices say of the splits of its book, as desk_planner; return a line for each new word.

    `said` has rows of symbol, ex_date, belief, new_shares, old_shares and reason (marts.splits_found). A
    split that is doubted is an incident, once, and moves nothing. Raises psycopg.errors.CheckViolation for
    one that no vendor told.
    """
    rows = [{**row, "ex_date": row["ex_date"].isoformat()} for row in said]
    with connection.transaction():
        found = list(queries.ledger.believe_splits(connection, run_id=run_id, said=Jsonb(rows)))
        for row in found:
            if row["belief"] == "doubted":
                key = f"SPLIT_DOUBTED:{row['portfolio_id']}:{row['internal_symbol']}:{row['ex_date']}"
                raise_incident(connection, "SPLIT_DOUBTED", key, split_words(row), run_id=run_id)
    return [split_words(row) for row in found]


def split_words(row: Mapping) -> str:
    """Return a finding of a split as a line, e.g. `believed: AAA 4:1 on 2026-06-10 (as yahoo reports it)`."""
    shares = f" {row['new_shares']}:{row['old_shares']}" if row["new_shares"] else ""
    return f"{row['belief']}: {row['internal_symbol']}{shares} on {row['ex_date']} ({row['reason']})"


def settle_split(
    connection: psycopg.Connection,
    portfolio_id: str,
    person: str,
    symbol: str,
    ex_date: str,
    shares: tuple[int, int] | None,
    notes: str,
) -> int:
    """
    Record an operator's word on a split: so many new shares for old ones, or none at all.

    It stands above what any run finds, until the operator says otherwise. Returns its number.
    """
    request = {
        "portfolio_id": portfolio_id, "person": person, "symbol": symbol, "ex_date": ex_date, "notes": notes,
        "belief": "believed" if shares else "withdrawn",
        "new_shares": shares and shares[0], "old_shares": shares and shares[1],
    }  # fmt: skip
    return queries.ledger.settle_split(connection, request=Jsonb(request))
