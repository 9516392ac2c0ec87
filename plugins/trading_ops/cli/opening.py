"""
trading-ops opening: what the book began with; recorded anew, or taken back, while no order is out.
"""

import argparse
import sys
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import yaml

from trading_ops.db import clock
from trading_ops.db.connect import connect
from trading_ops.ledger.holdings import HoldingsError, opening_cash, parse_holdings, rows_of
from trading_ops.ledger.opening import openings_text, record_opening, reverse_opening
from trading_ops.ops.people import require_person
from trading_ops.settings import settings
from trading_ops.universe.files import read_universe
from trading_ops.universe.stored import store_universe


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops opening` to its parser; without one it prints what is recorded."""
    actions = parser.add_subparsers(dest="action")
    record = actions.add_parser("record", help="what the broker's account holds now, from a YAML file")
    record.add_argument(
        "file", type=Path, help="opening_cash_gbp and positions, as `init --answers` takes them"
    )
    back = actions.add_parser("take-back", help="take a wrong one back whole")
    back.add_argument("reason")
    for action in (record, back):
        action.add_argument("--person", required=True, help="the operator who says so")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code."""
    config = settings()
    with connect("desk_planner", config) as connection:
        if options.action is None:
            print(openings_text(connection, config.portfolio_id))
            return 0
        person = require_person(connection, options.person)
        if options.action == "take-back":
            number = reverse_opening(connection, config.portfolio_id, person, options.reason)
            print(f"opening/{number} takes it back; say what is right: trading-ops opening record")
            return 0
        now_at = clock.now(connection)
        universe = read_universe(config)
        try:
            cash_gbp, rows = _read(options.file)
            holdings = parse_holdings(rows, universe, now_at.astimezone(UTC).date())
        except (HoldingsError, ValueError) as mistake:
            print(f"trading-ops opening: {options.file}: {mistake}", file=sys.stderr)
            return 1
        store_universe(connection, universe)
        number = record_opening(connection, config.portfolio_id, person, cash_gbp, holdings, now_at)
        print(f"opening/{number} is recorded; type in what eToro shows, on the page, Snapshot")
    return 0


def _read(path: Path) -> tuple[Decimal, list[dict[str, str]]]:
    try:
        found = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 (texts only)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    if not isinstance(found, dict) or set(found) - {"opening_cash_gbp", "positions"}:
        raise ValueError("opening_cash_gbp and positions are expected, and nothing else")
    try:
        cash_gbp = opening_cash(str(found.get("opening_cash_gbp", "0")))
    except ValueError as mistake:
        raise ValueError(f"opening_cash_gbp: {mistake}") from None
    return cash_gbp, rows_of(found.get("positions") or [])
