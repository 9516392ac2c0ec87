"""
trading-ops incidents: what is open, who has it in hand, and its end.
"""

import argparse

from trading_ops.comms.incident_codes import find_code
from trading_ops.comms.incident_manual import what_to_do
from trading_ops.comms.incidents import close_over
from trading_ops.db.connect import connect, queries
from trading_ops.ops.people import require_person
from trading_ops.settings import settings
from trading_ops.wording.instants import utc_minute


def add_verbs(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops incidents` to its parser; without one it lists."""
    actions = parser.add_subparsers(dest="action")
    actions.add_parser("list", help="what is open, whose it is and since when")
    acknowledge = actions.add_parser(
        "acknowledge", help="say that you have one in hand, so that nobody else is told"
    )
    close = actions.add_parser("close", help="close one that does not end by itself, as an operator")
    for action in (acknowledge, close):
        action.add_argument("incident_id", type=int)
    close.add_argument("reason")
    for action in (acknowledge, close):
        action.add_argument("--person", required=True, help="somebody the desk knows")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code; 1 when it changed nothing."""
    with connect("desk_planner") as connection:
        if options.action in (None, "list"):
            for line in close_over(connection, settings()):
                print(line)
            _list(queries.incidents.still_open(connection))
            return 0
        person = require_person(connection, options.person)
        told = {"incident_id": options.incident_id, "person": person}
        if options.action == "acknowledge":
            is_news = queries.incidents.acknowledge_incident(connection, **told)
        else:
            is_news = queries.incidents.close_incident(connection, **told, reason=options.reason)
    print(
        "done"
        if is_news
        else f"nothing was to be done: no open incident {options.incident_id}, or done before"
    )
    return 0 if is_news else 1


def _list(rows) -> None:
    lines = [
        f"{row['incident_id']:>5}  {row['code']} ({find_code(row['code']).owner}) since {utc_minute(row['created_at'])}, "
        + (f"in hand with {row['acknowledged_by']}" if row["acknowledged_by"] else "in nobody's hand")
        + f"\n       {row['detail']}\n       What to do: {what_to_do(row['code'])}"
        for row in rows
    ]
    print("\n".join(lines) or "no incident is open")
