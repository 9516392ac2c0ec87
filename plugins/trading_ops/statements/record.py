"""
A statement is kept: whole, once per file, under the book it is of. Nothing of it is booked here.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.db.connect import queries
from trading_ops.statements.parse import read_statement
from trading_ops.statements.rollforward import RollForward, cash_steps, refuse_broken, roll_forwards
from trading_ops.statements.rows import Statement


@dataclass(frozen=True)
class CheckedFile:
    """The bytes of a statement, what they say, and how the four roll-forwards went."""

    content: bytes
    statement: Statement
    taken: Sequence[RollForward]

    @property
    def sha256(self) -> str:
        """The fingerprint of the file."""
        return hashlib.sha256(self.content).hexdigest()


def check_file(content: bytes) -> CheckedFile:
    """
    Return what a file says, broken roll-forwards included. Raises StatementRefused when it cannot be read.
    """
    statement = read_statement(content)
    return CheckedFile(content, statement, roll_forwards(statement))


def import_file(connection: psycopg.Connection, portfolio_id: str, person: str, content: bytes) -> int:
    """
    Keep a statement and return its number; the same file again is the same number.

    Raises StatementRefused when it cannot be read or does not agree with itself. Postgres refuses one of
    another account or currency, and whoever is no operator.
    """
    statement = read_statement(content)
    refuse_broken(statement)
    file_sha256 = hashlib.sha256(content).hexdigest()
    return queries.statements.record(
        connection, request=Jsonb(_request(portfolio_id, person, file_sha256, statement))
    )


def _request(portfolio_id: str, person: str, file_sha256: str, statement: Statement) -> dict:
    return {
        "portfolio_id": portfolio_id,
        "person": person,
        "file_sha256": file_sha256,
        "account_name": statement.account_name,
        "username": statement.username,
        "currency": statement.currency,
        "made_at": statement.made_at.isoformat(),
        "starts_at": statement.start_at.isoformat(),
        "ends_at": statement.end_at.isoformat(),
        "rows": list(_numbered(statement)),
    }


def _numbered(statement: Statement) -> Iterator[dict]:
    """Yield the rows to keep; of those about the same in the same second each has its own occurrence."""
    seen: Counter[tuple] = Counter()
    for row in (*_activity(statement), *_closed(statement), *_dividends(statement)):
        key = (row["sheet"], row["kind"], row["position_id"], row["happened_at"])
        seen[key] += 1
        row["occurrence"] = seen[key]
        yield row


def _activity(statement: Statement) -> Iterator[dict]:
    for row, step in zip(statement.activity, cash_steps(statement), strict=True):
        split_to, split_of = row.split or (None, None)
        yield _row(
            "activity", row.row_number, row.kind.value, row.position_id, row.happened_at, row.paper, row.raw,
            asset=row.asset, leverage=row.leverage, amount=row.amount, cash_delta=step,
            equity_delta=row.equity_change, balance=row.balance, units=row.units, split_to=split_to,
            split_of=split_of,
        )  # fmt: skip


def _closed(statement: Statement) -> Iterator[dict]:
    for row in statement.closed:
        yield _row(
            "closed", row.row_number, "closed", row.position_id, row.closed_at, row.instrument, row.raw,
            asset=row.asset, leverage=row.leverage, is_short=row.is_short, isin=row.isin, amount=row.amount,
            cash_delta=row.amount + row.profit, equity_delta=row.profit, units=row.units,
            opened_at=row.opened_at.isoformat(), open_rate=row.open_rate, close_rate=row.close_rate,
        )  # fmt: skip


def _dividends(statement: Statement) -> Iterator[dict]:
    for row in statement.dividends:
        yield _row(
            "dividends", row.row_number, "dividend", row.position_id, row.paid_at, row.instrument, row.raw,
            isin=row.isin, amount=row.net, withheld=row.withheld,
        )  # fmt: skip


def _row(
    sheet: str, row_number: int, kind: str, position_id: str, happened_at: datetime, paper: str,
    raw: tuple[str, ...], **told,
) -> dict:  # fmt: skip
    row = {
        "sheet": sheet, "row_number": row_number, "kind": kind, "position_id": position_id,
        "happened_at": happened_at.isoformat(), "paper": paper, "asset": "", "leverage": "1", "is_short": False,
        "isin": "", "raw_cells": raw,
    }  # fmt: skip
    for name, value in told.items():
        if value is not None:
            row[name] = str(value) if isinstance(value, Decimal) else value
    return row
