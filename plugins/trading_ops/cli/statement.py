"""
trading-ops statement: the broker's account statements, and how far they prove the lines of the tickets.
"""

import argparse
import sys
from pathlib import Path

import psycopg

from trading_ops.db import clock
from trading_ops.db.connect import connect, queries
from trading_ops.ops.people import require_person
from trading_ops.settings import settings
from trading_ops.statements import report
from trading_ops.statements.inbox import read_plain
from trading_ops.statements.record import check_file, import_file
from trading_ops.statements.refusal import StatementRefused
from trading_ops.wording.instants import utc_minute


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops statement` to its parser; without one it prints what is proven."""
    actions = parser.add_subparsers(dest="action")
    check = actions.add_parser("check", help="say what a file holds and whether it agrees with itself")
    keep = actions.add_parser("import", help="keep it, and hold the lines of the tickets against it")
    for action in (check, keep):
        action.add_argument("file", type=Path, help="an .xlsx as it was downloaded")
    keep.add_argument("--person", required=True, help="the operator who imports it")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code; what is refused is one line."""
    portfolio_id = settings().portfolio_id
    with connect("desk_planner") as connection:
        try:
            if options.action == "check":
                return _check(connection, portfolio_id, read_plain(options.file))
            if options.action == "import":
                person = require_person(connection, options.person)
                number = import_file(connection, portfolio_id, person, read_plain(options.file))
                print(f"statement {number} is kept")
        except StatementRefused as refusal:
            print(f"trading-ops statement {options.action}: {options.file}: {refusal}", file=sys.stderr)
            return 1
        print(_proven(connection, portfolio_id))
    return 0


def _check(connection: psycopg.Connection, portfolio_id: str, content: bytes) -> int:
    checked = check_file(content)
    print("\n".join((*report.told(checked.statement), *report.taken(checked.taken))))
    objection = report.objection(
        checked.statement, queries.statements.first(connection, portfolio_id=portfolio_id)
    )
    if objection:
        print(f"It is not of this book: {objection}.")
    is_sound = not objection and not any(one.first_break for one in checked.taken)
    print("Nothing is stored. It can be imported." if is_sound else "Nothing is stored. It would be refused.")
    return 0 if is_sound else 1


def _proven(connection: psycopg.Connection, portfolio_id: str) -> str:
    kept = list(queries.statements.kept(connection, portfolio_id=portfolio_id))
    if not kept:
        return "no statement is kept yet"
    now_at = clock.now(connection)
    lines = [
        f"statement {row['statement_id']}: {utc_minute(row['starts_at'])} to {utc_minute(row['ends_at'])}, "
        f"{row['rows_count']} rows, {row['rows_new_count']} of them new, by {row['person']}"
        for row in kept
    ]
    for row in queries.statements.proofs(connection, portfolio_id=portfolio_id):
        lines.append(f"{row['proof']:<9} {report.counted(row['lines_count'], 'line')}")
    for row in queries.statements.disputed(connection, portfolio_id=portfolio_id):
        lines.append(f"  {report.dispute(row, now_at)}")
    unbooked = list(queries.statements.unbooked(connection, portfolio_id=portfolio_id))
    lines.append(f"unbooked  {report.counted(len(unbooked), 'row')}")
    lines += [f"  {report.unbooked(row, kept[0]['currency'])}" for row in unbooked]
    return "\n".join(lines)
