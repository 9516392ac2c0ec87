"""
trading-ops fills: look at what another executor exported, take it in, list what was taken in.

They are kept apart: no plan, gate or report of the desk knows them.
"""

import argparse
import sys
from pathlib import Path

from trading_ops.db.connect import connect
from trading_ops.imported_fills.exports import open_export
from trading_ops.imported_fills.fill import FillsError
from trading_ops.imported_fills.stored import import_fills, imported_text
from trading_ops.imported_fills.summary import summary_text
from trading_ops.ops.identity import identity
from trading_ops.ops.people import require_person
from trading_ops.settings import settings


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops fills` to its parser."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="what was taken in, and what it added up to per asset")
    check = actions.add_parser(
        "check", help="say what an export of Hummingbot's trades holds, or what is wrong"
    )
    take = actions.add_parser(
        "import", help="take such an export into a portfolio of its own, each fill once"
    )
    for action in (check, take):
        action.add_argument("file", type=Path, help="its CSV, or its SQLite file")
    take.add_argument("--portfolio", required=True, help="a name of its own, such as maker; made when new")
    take.add_argument("--person", required=True, help="the operator who takes it in")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code; what is refused is one line."""
    try:
        return _ACTIONS[options.action](options)
    except FillsError as refusal:
        print(f"trading-ops fills {options.action}: {refusal}", file=sys.stderr)
        return 1


def _check(options) -> int:
    print(summary_text(open_export(options.file).fills()))
    return 0


def _import(options) -> int:
    print(identity(settings()), file=sys.stderr)
    export = open_export(options.file)
    with connect("desk_planner") as connection:
        person = require_person(connection, options.person)
        told, new = import_fills(connection, options.portfolio, person, export)
    print(f"{told} fills, {new} of them new in {options.portfolio}: trading-ops fills list")
    return 0


def _list(options) -> int:
    print(identity(settings()), file=sys.stderr)
    with connect("desk_planner") as connection:
        print(imported_text(connection))
    return 0


_ACTIONS = {"check": _check, "import": _import, "list": _list}
