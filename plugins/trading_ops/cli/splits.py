"""
trading-ops splits: what is believed of the splits of holdings, and an operator's word on one that is doubted.
"""

import argparse
import re
import sys
from datetime import date

from trading_ops.db.connect import connect, queries
from trading_ops.ledger.splits import settle_split, split_words
from trading_ops.ops.people import require_person
from trading_ops.settings import settings


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops splits` to its parser; without one it lists what is believed."""
    actions = parser.add_subparsers(dest="action")
    believe = actions.add_parser("believe", help="the company split its shares: move the units")
    believe.add_argument("symbol")
    believe.add_argument("ex_date", metavar="YYYY-MM-DD", help="the first session that trades new shares")
    believe.add_argument("shares", metavar="NEW:OLD", help="as the company says it: 4:1, or 1:12")
    refuse = actions.add_parser("refuse", help="it was no split, or no more: move nothing")
    refuse.add_argument("symbol")
    refuse.add_argument("ex_date", metavar="YYYY-MM-DD")
    for action in (believe, refuse):
        action.add_argument("reason")
        action.add_argument("--person", required=True, help="the operator who says so")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code; 2 when the call was wrong."""
    config = settings()
    with connect("desk_planner", config) as connection:
        if options.action is None:
            rows = list(queries.ledger.splits(connection, portfolio_id=config.portfolio_id))
            print("\n".join(split_words(row) for row in rows) or "no split of a holding is known")
            return 0
        try:
            day, shares = _day(options.ex_date), _shares(getattr(options, "shares", None))
        except ValueError as mistake:
            print(f"trading-ops splits: {mistake}", file=sys.stderr)
            return 2
        person = require_person(connection, options.person)
        symbol = options.symbol.upper()
        settle_split(connection, config.portfolio_id, person, symbol, day, shares, options.reason)
        belief = f"{options.shares} is believed" if shares else "no split is believed"
        print(f"{symbol} on {day}: {belief}; the books follow at once, and runs say nothing more about it")
    return 0


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"{text!r} is no day such as 2026-06-10") from None


def _shares(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    said = re.fullmatch(r"([1-9][0-9]{0,5}):([1-9][0-9]{0,5})", text)
    if not said or said[1] == said[2]:
        raise ValueError(f"{text!r} is no split such as 4:1, four new shares for an old one")
    return int(said[1]), int(said[2])
