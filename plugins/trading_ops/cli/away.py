"""
trading-ops away: the days the executor cannot trade, so that their weeks end as planned NO-TRADEs.
"""

import argparse
import sys
from datetime import date

import psycopg

from trading_ops.db import clock
from trading_ops.db.connect import connect, queries
from trading_ops.exchange.clocks import LONDON
from trading_ops.ops.people import require_person
from trading_ops.settings import settings

_USAGE = "say `away FROM TO` with two days as YYYY-MM-DD, `away list`, or `away cancel NUMBER`"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `trading-ops away` to its parser."""
    parser.add_argument("words", nargs="+", metavar="FROM TO | list | cancel NUMBER")
    parser.add_argument("--person", help="who is away; the only executor by default")


def run(options: argparse.Namespace) -> int:
    """Record, list or call off absences; exit code 2 when the call was wrong."""
    with connect("desk_planner", settings()) as connection:
        match options.words:
            case ["list"]:
                for row in queries.operator.absences(connection):
                    print(
                        f"{row['absence_id']:>4}  {row['person']:<16} {row['first_date']} to {row['last_date']}"
                    )
                return 0
            case ["cancel", number] if number.isascii() and number.isdecimal() and len(number) < 10:
                return _cancel(connection, int(number))
            case [first, last]:
                return _record(connection, options.person, first, last)
    return _wrong(_USAGE)


def _record(connection: psycopg.Connection, person: str | None, first: str, last: str) -> int:
    try:
        first_date, last_date = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return _wrong(_USAGE)
    if not 0 <= (last_date - first_date).days <= 366:
        return _wrong("TO is a day after FROM, or the same one, and at most a year later")
    if last_date < (today := clock.now(connection).astimezone(LONDON).date()):
        return _wrong(f"{last_date} is over: today is {today}")
    executors = [row["person_id"] for row in queries.operator.people(connection) if row["role"] == "executor"]
    if person is None and len(executors) != 1:
        return _wrong(
            f"say who is away with --person; the executors are {', '.join(executors) or 'nobody yet'}"
        )
    name = require_person(connection, person) if person else executors[0]
    number = queries.operator.record_absence(
        connection, person=name, first_date=first_date, last_date=last_date
    )
    print(f"absence {number}: {name} is away from {first_date} to {last_date}")
    if name in executors:
        print("a plan that would be executed in these days is a NO-TRADE unless another executor is there")
    return 0


def _cancel(connection: psycopg.Connection, number: int) -> int:
    if not queries.operator.cancel_absence(connection, absence_id=number):
        print(f"trading-ops away: there is no absence {number}: see `trading-ops away list`", file=sys.stderr)
        return 1
    print(f"absence {number} is called off; a week that ended as a NO-TRADE for it may be planned again")
    return 0


def _wrong(message: str) -> int:
    print(f"trading-ops away: {message}", file=sys.stderr)
    return 2
