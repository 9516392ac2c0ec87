"""
trading-ops tax: gains by the UK's share matching rules, and the trades as a tax calculator reads them.

Information and no advice; each says what it does not know.
"""

import argparse
import re
import sys
from pathlib import Path

from trading_ops.db.connect import connect
from trading_ops.files import write_whole
from trading_ops.settings import settings
from trading_ops.tax.book import book_trades, rebought_now
from trading_ops.tax.export import raw_rows
from trading_ops.tax.gains import gains_text


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops tax` to its parser."""
    actions = parser.add_subparsers(dest="action", required=True)
    gains = actions.add_parser(
        "gains", help="realised gains per tax year, and what was bought again too soon"
    )
    gains.add_argument("--year", type=_year, help="one tax year, such as 2026-27")
    export = actions.add_parser("export", help="write the trades as RAW rows for cgt-calc")
    export.add_argument("file", type=Path)


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code."""
    portfolio_id = settings().portfolio_id
    with connect("desk_reader") as connection:
        known = book_trades(connection, portfolio_id)
        warnings = rebought_now(connection, portfolio_id)
    if options.action == "export":
        return _export(options.file, known)
    print(gains_text(known, options.year))
    if warnings:
        print("\nWithin thirty days of each other:", *(f"  {line}" for line in warnings), sep="\n")
    return 0


def _export(file: Path, known) -> int:
    try:
        if file.exists():
            raise FileExistsError(f"{file} is there already; name another file")
        write_whole(file, raw_rows(known).encode())
    except OSError as problem:
        print(f"trading-ops tax export: {problem}", file=sys.stderr)
        return 1
    print(f"{file}: {sum(map(len, known.trades.values()))} trades, in pounds and in shares of today")
    for symbol, reason in known.left_out.items():
        print(f"left out: {symbol} ({reason})")
    return 0


def _year(text: str) -> str:
    match = re.fullmatch(r"(20[0-9]{2})-([0-9]{2})", text)
    if not match or (int(match[1]) + 1) % 100 != int(match[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is no tax year such as 2026-27")
    return text
