"""
`trading-ops init`: a desk for real money (or a dry run on paper) from a few answers.

It writes the desk's folder, `desk.env` and its own policy, universe and sources, makes the database with its
book, its people and what the book begins with, and ends with what the desk still lacks. A folder that holds a
desk is left alone.
"""

import argparse
import dataclasses
import os
import re
import shutil
import sys
from getpass import getpass
from pathlib import Path

import psycopg

from trading_ops.comms.post import send_test
from trading_ops.config.files import read_policy
from trading_ops.db import clock
from trading_ops.db.connect import connect
from trading_ops.files import write_whole
from trading_ops.ledger.holdings import opening_cash
from trading_ops.ledger.opening import record_opening
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.settings import (
    FILE_NAME,
    LIVE_DESK,
    PROJECT_ROOT,
    Settings,
    read_settings,
    variable,
)
from trading_ops.sources.config import SourcesError, read_sources
from trading_ops.tickets.trial import send_trial
from trading_ops.universe.files import ALIASES_NAME, read_universe
from trading_ops.universe.instruments import universe_text
from trading_ops.universe.stored import store_universe
from trading_ops.wording.qr import qr_text
from trading_ops_stack import postgres
from trading_ops_stack.environment import state_folder
from trading_ops_stack.instruments import positions_in, universe_file, with_benchmark
from trading_ops_stack.keys import write_keys
from trading_ops_stack.people import let_in, told_once
from trading_ops_stack.ports import free_ports
from trading_ops_stack.questions import SOURCE_KEYS, InitError, ask, complete, read_answers, sources_in
from trading_ops_stack.readiness import findings, readiness_text

# Beside those of the demo, so that both can run; another desk has others.
PORTS = {"db_port": 54429, "airflow_port": 8174, "confirm_port": 8175, "docs_port": 8176}
# Each desk has its own: changing one leaves the code as committed, and the other desks as they are.
_FILES = {"policy": "policy.yml", "universe": "universe.csv", "sources": "sources.yml"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `trading-ops init` to its parser."""
    parser.add_argument(
        "--answers",
        type=Path,
        metavar="FILE",
        help="a YAML file with an answer for each question that has no default",
    )


def run(options: argparse.Namespace) -> int:
    """Set up the desk; a mistake is a sentence and leaves nothing behind."""
    folder = Path(options.desk) if options.desk else LIVE_DESK
    try:
        print(make_desk(folder.absolute(), read_answers(options.answers) if options.answers else None))
    except (InitError, SourcesError, postgres.ClusterError, psycopg.Error, OSError) as error:
        print(f"trading-ops init: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("\ntrading-ops init: stopped; nothing was set up", file=sys.stderr)
        return 1
    return 0


def make_desk(folder: Path, answers: dict[str, str] | None) -> str:
    """Set up a desk in a folder from answers, or from those a person types, and say what comes next."""
    if (folder / FILE_NAME).exists():
        raise InitError(
            f"{folder} holds a desk already: change its {FILE_NAME}, or name another folder with --desk"
        )
    draft = folder / f"{FILE_NAME}.new"
    if draft.exists():
        # Its server may still run, and would keep the port from the next one.
        postgres.stop(folder / "postgres")
        raise InitError(
            f"{folder} is half made: an earlier `trading-ops init` was ended before its desk was there. Nothing used "
            f"it: rm -r {folder}, and say it again"
        )
    if (folder / "postgres").exists():
        raise InitError(f"{folder} holds the database of another desk: name another folder with --desk")
    try:
        ports = free_ports(PORTS, folder)
    except ValueError as error:
        raise InitError(str(error)) from None
    told = _told_by_files(folder)
    answers = complete(told | answers) if answers is not None else ask(_read, told)
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _write_files(folder, answers)
        write_whole(draft, _env_text(answers, ports).encode())
        # Under its own name only once everything stands: until then nobody takes this for a desk.
        config = read_settings({variable("desk"): str(folder)}, draft.name)
        passwords = _found(config, answers)
        draft.rename(folder / FILE_NAME)
    except BaseException:
        postgres.stop(folder / "postgres")
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    said = [
        f"the desk is set up in {folder}; it is the one `make up` starts and `trading-ops` works on"
        if folder == LIVE_DESK
        else f"the desk is set up in {folder}; say `make up DESK={folder}` and `trading-ops --desk {folder}`",
        "its ports: " + ", ".join(f"{name.removesuffix('_port')} {port}" for name, port in ports.items()),
        *told_once(passwords),
        "what is still missing before it may trade:",
        readiness_text(findings(config)),
        *_tried(config, answers),
        # What answers on this machine alone is no address for a phone.
        *([qr_text(config.confirm_url), config.confirm_url] if config.confirm_url else []),
    ]
    postgres.stop(state_folder(config) / "postgres")
    return "\n".join(said)


def _read(prompt: str, is_hidden: bool) -> str:
    return getpass(prompt) if is_hidden else input(prompt)


def _told_by_files(folder: Path) -> dict[str, str]:
    """Return the answers that files give which lie in the folder already."""
    universe, sources = (folder / _FILES[name] for name in ("universe", "sources"))
    told = {"universe": str(universe)} if universe.exists() else {}
    if sources.exists():
        told["fetch_order"] = ", ".join(read_sources(sources).fetch_order) or "none"
    return told


def _write_files(folder: Path, answers: dict[str, str]) -> None:
    """Give the desk its own policy, universe and sources; what lies there already is taken as it is."""
    universe = universe_file(answers["universe"])
    came = [PROJECT_ROOT / "config" / _FILES[name] for name in ("policy", "sources")]
    for source in (*came, universe, universe.with_name(ALIASES_NAME)):
        target = folder / (_FILES["universe"] if source == universe else source.name)
        if source.exists() and not target.exists():
            shutil.copy(source, target)
    if answers["benchmark"]:
        path = folder / _FILES["universe"]
        found = read_universe(dataclasses.replace(Settings(), universe=path))
        write_whole(path, universe_text(with_benchmark(found, answers["benchmark"])).encode())
    sources = folder / _FILES["sources"]
    order = f"fetch_order: [{', '.join(sources_in(answers['fetch_order']))}]"
    write_whole(sources, re.sub(r"(?m)^fetch_order: .*$", order, sources.read_text()).encode())
    if list(read_sources(sources).fetch_order) != sources_in(answers["fetch_order"]):
        raise InitError(f"{sources}: write its fetch_order on one line, such as `{order}`")


def _tried(config: Settings, answers: dict[str, str]) -> list[str]:
    """Send what was asked for, and say what became of it or how it is done later."""
    said = []
    if answers["send_test_mail"] == "true":
        for recipient in dict.fromkeys((config.operator_email, config.executor_email)):
            status, told = send_test(recipient, config)
            said.append(f"the test mail to {recipient}: {'ok' if status == 'sent' else status}: {told}")
    if answers["send_test_ticket"] != "true":
        return [*said, "when it is up, let the executor try a ticket on the phone: trading-ops test-ticket"]
    with connect("desk_planner", config) as connection:
        name = send_trial(connection, config)
    return [
        *said,
        f"{name} waits for {config.executor_email}; when the desk is up, send it: trading-ops mail",
    ]


def _env_text(answers: dict[str, str], ports: dict[str, int]) -> str:
    told = {
        name: answers[name] for name in answers if name in Settings.__dataclass_fields__ and answers[name]
    }
    lines = {
        "environment": "production",
        **told,
        **_FILES,
        **{name: str(port) for name, port in ports.items()},
    }
    for name in ("confirm_certificate", "confirm_certificate_key"):
        if name in lines:
            lines[name] = os.path.abspath(lines[name])
    return (
        "# The settings of this desk; docs/REFERENCE.md lists all there are. The environment overrides them.\n"
        + "".join(f"{variable(name)}={text}\n" for name, text in lines.items())
    )


def _found(config: Settings, answers: dict[str, str]) -> dict[str, str]:
    """Make the database with its book, people and opening; return the people's passwords."""
    write_keys(config)
    keys = {name.removesuffix("_key"): answers[name] for name in SOURCE_KEYS if answers[name]}
    if keys:
        write_whole(config.source_keys, "".join(f"{name}={key}\n" for name, key in keys.items()).encode())
    if answers["smtp_password"]:
        write_whole(config.smtp_password_file, f"{answers['smtp_password']}\n".encode())
    postgres.initialise(state_folder(config) / "postgres", config)
    with connect("desk_planner", config) as connection:
        passwords = {
            answers[role]: let_in(
                connection, config, answers[role], role, answers[f"{role}_email"], answers["operator"]
            )
            for role in ("operator", "executor")
        }
        ensure_portfolio(connection, config.portfolio_id, config.portfolio_kind, read_policy(config))
        universe = read_universe(config)
        store_universe(connection, universe)
        cash_gbp = opening_cash(answers["opening_cash_gbp"])
        positions = positions_in(answers["positions"], universe)
        if cash_gbp or positions:
            record_opening(
                connection, config.portfolio_id, answers["operator"], cash_gbp, positions, clock.now(connection),
                f"opening:{config.portfolio_id}",
            )  # fmt: skip
    return passwords
