"""
trading-ops: one verb per operator action, each a thin call into the library.

Exit code 0 means done, 1 that the desk refused or found something, 2 that the call was wrong.
"""

import argparse
import sys
from contextlib import suppress

import psycopg

from trading_ops import desk_log
from trading_ops.cli import gates, heartbeat, mail
from trading_ops.cli.nouns import NOUNS, Verb
from trading_ops.config.policy import PolicyError
from trading_ops.db.connect import connect, queries
from trading_ops.db.migrate import migrate
from trading_ops.db.refusals import in_words
from trading_ops.exchange.calendar import OverridesError
from trading_ops.ops import drawdown, halt
from trading_ops.ops.identity import OtherDesk, identity_before_migrating, identity_if_any
from trading_ops.ops.people import SHELL, UnknownPerson, require_person
from trading_ops.settings import SettingsError, choose_desk, settings, variable
from trading_ops.sources.config import SourcesError
from trading_ops.universe.instruments import UniverseError
from trading_ops.wording.instants import utc_minute

_NONE: dict[str, Verb] = {}
# Each says by itself what is wrong and how to go on.
_REFUSALS = (
    UnknownPerson, OverridesError, OtherDesk, PolicyError, SettingsError, SourcesError, UniverseError,
)  # fmt: skip


def parser(more: dict[str, Verb] = _NONE) -> argparse.ArgumentParser:
    """Return every verb with its help, those of `more` as well."""
    made = argparse.ArgumentParser(prog="trading-ops", description=__doc__.strip().splitlines()[0])
    made.add_argument("--desk", metavar="FOLDER", help=f"which desk; instead of {variable('desk')}")
    verbs = made.add_subparsers(dest="verb", required=True)
    verbs.add_parser("migrate", help="bring the database to the newest revision")
    verbs.add_parser("status", help="say the desk's time, whether it is halted, and its newest ticket")
    ticket = verbs.add_parser("ticket", help="print a ticket as the executor sees it")
    ticket.add_argument("ticket_id", nargs="?", help="the newest one by default")
    loads = verbs.add_parser("loads", help="list the newest loads, or what one did to each symbol")
    loads.add_argument("load_id", nargs="?", type=int)
    verbs.add_parser("invariants", help="look for rows in the inv views; there must be none")
    verbs.add_parser("heartbeat", help="from outside the desk: tell when it has not spoken, ping when it has")
    verbs.add_parser("test-ticket", help="send the executor a test ticket, to be confirmed on the real phone")
    for verb, meaning in (
        ("halt", "stop every TRADE ticket at once"),
        ("release", "end a halt after reconciling"),
        ("review-drawdown", "count the peak anew after a loss beyond its limit was looked at"),
    ):
        action = verbs.add_parser(verb, help=meaning)
        acts_first = verb == "halt"
        action.add_argument("reason", **({"nargs": "?", "default": ""} if acts_first else {}))
        action.add_argument("--person", required=not acts_first, help="somebody the desk knows")
    verbs.add_parser("data-quality", help="say whether the newest data may be planned on, and why not")
    verbs.add_parser("riskguard", help="say how the newest plan was judged by the risk checks")
    for verb, (meaning, add_options, _) in (NOUNS | more).items():
        add_options(verbs.add_parser(verb, help=meaning))
    return made


def main(arguments: list[str] | None = None, more: dict[str, Verb] = _NONE) -> int:
    """
    Run one verb and return its exit code.

    It says first, on stderr, which desk it works on. What the settings, the desk's files or the database
    refuse is one line, never a traceback. How it ended is in the desk's log.
    """
    options = parser(more).parse_args(arguments)
    if options.desk:
        choose_desk(options.desk)
    try:
        if options.verb in _ON_A_DATABASE:
            print(identity_if_any(settings()), file=sys.stderr)
        nouns = NOUNS | more
        code = (nouns[options.verb][2] if options.verb in nouns else _VERBS[options.verb])(options)
    except _REFUSALS as refusal:
        return _refused(options.verb, str(refusal))
    except psycopg.Error as refusal:
        return _refused(options.verb, in_words(refusal, settings()))
    _note(options.verb, f"ended with exit code {code}")
    return code


def _refused(verb: str, why: str) -> int:
    print(f"trading-ops {verb}: {why}", file=sys.stderr)
    _note(verb, why, "ERROR")
    return 1


def _note(verb: str, message: str, level: str = "INFO") -> None:
    # Of a desk whose settings cannot be read nobody knows where its log is.
    with suppress(SettingsError):
        desk_log.write(settings(), f"trading-ops {verb}", message, level=level)


def _migrate(options) -> int:
    print(identity_before_migrating(settings()), file=sys.stderr)
    migrate()
    print("the schema is at its newest revision")
    return 0


def _status(options) -> int:
    with connect("desk_planner") as connection:
        print(f"time    {utc_minute(queries.clock.now_at(connection))}")
        print(f"halted  {'yes' if halt.is_halted(connection) else 'no'}")
        ticket = _newest_ticket(connection)
        print(f"ticket  {ticket['ticket_id']} {ticket['kind']}" if ticket else "ticket  none yet")
    return 0


def _newest_ticket(connection: psycopg.Connection) -> dict | None:
    return queries.operator.newest_ticket(connection, portfolio_id=settings().portfolio_id)


def _ticket(options) -> int:
    with connect("desk_planner") as connection:
        ticket_id = options.ticket_id or (_newest_ticket(connection) or {}).get("ticket_id")
        body = queries.operator.ticket_markdown(connection, ticket_id=ticket_id)
    if body is None:
        print(f"there is no ticket {options.ticket_id or 'yet'}", file=sys.stderr)
        return 1
    print(body)
    return 0


def _loads(options) -> int:
    from trading_ops.bars.report import loads_text, report_of_load, report_text

    with connect("desk_planner") as connection:
        if options.load_id is None:
            print(loads_text(connection))
            return 0
        report = report_of_load(connection, options.load_id)
    if report is None:
        print(f"there is no load {options.load_id}", file=sys.stderr)
        return 1
    print(report_text(report))
    return 0


def _invariants(options) -> int:
    from trading_ops.ops.invariants import check_invariants

    with connect("desk_planner") as connection:
        found = check_invariants(connection)
    for name, rows in found.items():
        print(f"{'BROKEN ' if rows else 'holds  '} {name}")
        for row in rows[:5]:
            print(f"        {row}")
    return 1 if any(found.values()) else 0


def _halt(options) -> int:
    with connect("desk_planner") as connection:
        person, stranger = SHELL, None
        try:
            person = require_person(connection, options.person) if options.person else SHELL
        except UnknownPerson as error:
            # Whoever is in a hurry mistypes a name: the desk is halted in the shell's.
            stranger = error
        halt.engage(connection, options.reason, person)
        print("the desk is halted: no TRADE ticket can be issued")
        if stranger:
            print(f"trading-ops halt: {stranger}", file=sys.stderr)
        if not options.reason.strip():
            # It acts first and asks afterwards.
            reason = input("why? ") if sys.stdin.isatty() else ""
            if reason.strip():
                halt.engage(connection, reason, person)
            else:
                print('say why when you can: trading-ops halt "<reason>"')
    return 0


def _release(options) -> int:
    with connect("desk_planner") as connection:
        is_over = halt.release(connection, options.reason, require_person(connection, options.person))
    print(
        "the halt is over" if is_over else "approved; the policy asks for another operator to release it too"
    )
    return 0


def _review_drawdown(options) -> int:
    with connect("desk_planner") as connection:
        person = require_person(connection, options.person)
        is_complete = drawdown.review(connection, settings().portfolio_id, options.reason, person)
    print(
        "the peak is counted anew from the reviewed session; plan the week again"
        if is_complete
        else "approved; the policy asks for another operator to review it too"
    )
    return 0


# Not `universe` and `fills`, of which some work on files alone, nor `migrate`: they say it by themselves.
_ON_A_DATABASE = (
    "fetch", "model", "status", "ticket", "loads", "invariants", "mail", "test-ticket", "halt", "release",
    "review-drawdown", "away", "data-quality", "riskguard", "incidents", "opening", "splits", "statement",
    "tax",
)  # fmt: skip
_VERBS = {
    "data-quality": gates.run,
    "riskguard": gates.run,
    "heartbeat": heartbeat.run,
    "test-ticket": mail.run_trial,
    "migrate": _migrate,
    "status": _status,
    "ticket": _ticket,
    "loads": _loads,
    "invariants": _invariants,
    "halt": _halt,
    "release": _release,
    "review-drawdown": _review_drawdown,
}
