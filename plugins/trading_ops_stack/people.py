"""
Who may sign in: `trading-ops people`, and the first two people of a new desk.

A password is generated, shown once and stored as a hash. On a simulated desk it lies in a file as well, for
the simulated executor and for whoever tries the demo.
"""

import argparse
import re
import secrets
import sys

import psycopg

from trading_ops.config.files import read_policy
from trading_ops.db.connect import connect, queries
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.ops.identity import identity
from trading_ops.ops.people import require_person
from trading_ops.settings import Settings, settings, variable
from trading_ops_stack.keys import forget_password, write_password

# The first of each role, and the setting with the address mail goes to.
PEOPLE = {"operator": "operator_email", "executor": "executor_email"}
ROLES = ("operator", "executor")
# Nobody's password has this hash.
_NO_PASSWORD = "!"


def add_people(config: Settings) -> dict[str, str]:
    """Let in the first operator and executor of a desk that knows nobody; return their passwords."""
    with connect("desk_planner", config) as connection:
        if list(queries.operator.people(connection)):
            return {}
        return {
            person: let_in(connection, config, person, person, getattr(config, email), "operator")
            for person, email in PEOPLE.items()
        }


def found_book(config: Settings) -> None:
    """
    Begin the book of a desk in production, so that cash and a test ticket may come before the first run.

    A simulated one begins with its first run, at the time it is told then.
    """
    if config.environment == "production":
        with connect("desk_planner", config) as connection:
            ensure_portfolio(connection, config.portfolio_id, config.portfolio_kind, read_policy(config))


def told_once(passwords: dict[str, str]) -> list[str]:
    """Return the passwords that were just made as the lines that are their only copy."""
    return [
        f"  {person} signs in with the password {password}, which is shown this once"
        for person, password in passwords.items()
    ]


def let_in(
    connection: psycopg.Connection, config: Settings, person: str, role: str, email: str, changed_by: str
) -> str:
    """Add a person, or change one's role, address and password; return the new password (as desk_planner)."""
    # Here and not above: the page's packages are no business of `down` and `status`.
    from confirm_app.people.accounts import set_person

    is_simulated = config.environment == "simulated"
    password = write_password(config, person) if is_simulated else secrets.token_urlsafe(12)
    set_person(connection, person, role, email, password, changed_by=changed_by)
    return password


def sign_ins(config: Settings) -> list[str]:
    """Return how to sign in at the page, one text each; with the password where the desk is simulated."""
    if config.environment == "simulated":
        return [f"  ({person} / {write_password(config, person)})" for person in sorted(PEOPLE)]
    with connect("desk_planner", config) as connection:
        people = [row["person_id"] for row in queries.operator.people(connection) if row["role"] in ROLES]
    return [f"  ({', '.join(people)}; a forgotten password: trading-ops people password NAME)"]


def mail_goes(config: Settings, role: str) -> str:
    """Return where mail of a role goes: to one address, however many people have the role."""
    return f"mail for the {role} goes to {getattr(config, PEOPLE[role])} ({variable(PEOPLE[role])})"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `trading-ops people` to its parser."""
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="everybody the desk knows, with role and address")
    for action, meaning in (
        ("add", "let somebody in; the password is shown once"),
        ("password", "give somebody a new password, shown once; open sessions end"),
        ("role", "make somebody operator or executor"),
        ("remove", "let somebody in no more; the name stays in the books and the log"),
    ):
        one = actions.add_parser(action, help=meaning)
        one.add_argument("name", help="lower-case letters, digits, dot, dash")
        if action == "add":
            one.add_argument("--email", required=True)
            one.add_argument("--role", choices=ROLES, required=True)
        if action == "role":
            one.add_argument("role", choices=ROLES)
        one.add_argument("--person", required=True, help="the operator who decides it")


def run(options: argparse.Namespace) -> int:
    """Run one action and return its exit code."""
    config = settings()
    print(identity(config), file=sys.stderr)
    with connect("desk_planner", config) as connection:
        people = {row["person_id"]: row for row in queries.operator.people(connection)}
        if options.action == "list":
            for row in people.values():
                print(f"{row['person_id']:<16} {row['role']:<9} {row['email']}")
            print("\n".join(mail_goes(config, role) for role in ROLES))
            return 0
        if options.action == "add":
            mistake = _mistake(options, people)
            if mistake:
                print(f"trading-ops people add: {mistake}", file=sys.stderr)
                return 1
            password = let_in(connection, config, options.name, options.role, options.email, options.person)
            print(f"{options.name} may sign in as {options.role} with the password {password}")
            print(mail_goes(config, options.role))
            return 0
        row = people[require_person(connection, options.name)]
        if options.action == "password":
            if row["role"] not in ROLES:
                print(f"{options.name} was removed; `people role` lets in again", file=sys.stderr)
                return 1
            forget_password(config, options.name)
            password = let_in(connection, config, options.name, row["role"], row["email"], options.person)
            print(f"the new password of {options.name} is {password}")
            return 0
        is_leaving = options.action == "remove"
        queries.page.set_person(
            connection,
            changed_by=options.person,
            person_id=options.name,
            role="gone" if is_leaving else options.role,
            email=row["email"],
            password_hash=_NO_PASSWORD if is_leaving else row["password_hash"],
        )
        print(
            f"{options.name} may sign in no more"
            if is_leaving
            else f"{options.name} is {options.role} from the next page on"
        )
    return 0


def _mistake(options: argparse.Namespace, people: dict) -> str | None:
    if not re.fullmatch("[a-z][a-z0-9_.-]{0,31}", options.name) or options.name in ("desk", "shell"):
        return (
            f"{options.name!r}: a name is lower-case letters, digits, dot and dash, and begins with a letter"
        )
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", options.email):
        return f"{options.email!r} is no address"
    if options.name in people and people[options.name]["role"] in ROLES:
        return f"{options.name} is let in already; `people password` and `people role` change that"
    return None
