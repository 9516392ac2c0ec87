"""
The watcher: looks every minute, from outside Airflow, whether what is due has come, and tells when not; also
what befell the parts of the desk, and when disk or database fall short.

    python -m trading_ops.watch [--once]

Works as desk_planner and desk_mailer alone. It issues no ticket but the NO-TRADE of a plan that Airflow has
given up, and it hands the mail over by itself, so that a dead scheduler is told of. Whatever goes wrong in a
round is said, and the next round comes all the same.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path

import psycopg

from trading_ops.comms.incidents import close_over, raise_incident, tell_recorded
from trading_ops.comms.post import deliver_outbox
from trading_ops.config.files import read_policy
from trading_ops.db import clock
from trading_ops.db.connect import connect
from trading_ops.runs.machine_clock import machine_now
from trading_ops.settings import Settings, SettingsError, settings
from trading_ops.tickets.trial import tell_confirmed
from trading_ops.watch.ending import end_given_up
from trading_ops.watch.escalation import escalate
from trading_ops.watch.missing import Missing, all_missing
from trading_ops.watch.own_log import say
from trading_ops.watch.resources import DatabaseWatch, short_of_disk
from trading_ops.watch.troubles import noted
from trading_ops.watch.waiting_mail import chase
from trading_ops.wording.instants import in_full

EVERY_S = 60
# Mail that was not taken counts its tries, so what waits is not tried at every look.
POST_EVERY = timedelta(hours=1)

Part = Callable[[Settings], list[str]]


def end(config: Settings) -> list[str]:
    """End the plans that Airflow has given up and return a line for each."""
    with connect("desk_planner", config) as connection:
        return end_given_up(connection, config, clock.now(connection))


def tell(config: Settings) -> list[str]:
    """Record what is missing, once each, and return a line for each piece of news."""
    with connect("desk_planner", config) as connection:
        found = list(all_missing(connection, config, clock.now(connection)))
        # A plan under way comes to its ticket, or is ended, before anybody need be told.
        return [_tell(connection, each, config) for each in found if not (each.is_told or each.is_under_way)]


def look_after(config: Settings) -> list[str]:
    """Tell of what the database recorded, close the incidents that are over, and return a line for each."""
    with connect("desk_planner", config) as connection:
        told = tell_recorded(connection, config) + tell_confirmed(connection, config)
        return told + close_over(connection, config)


def tell_others(config: Settings) -> list[str]:
    """Tell the other person of what is in nobody's hand and return a line for each."""
    with connect("desk_planner", config) as connection:
        return escalate(connection, config, read_policy(config), clock.now(connection))


def hear(config: Settings) -> list[str]:
    """
    Record what befell parts of the desk, the first of a part and day, and return a line for each.

    A part that dies every quarter of an hour would be an incident and a mail each time.
    """
    said = []
    for trouble in list(noted(config)):
        with connect("desk_planner", config) as connection:
            key = f"COMPONENT_DOWN:{trouble.part}:{trouble.noted_at:%Y-%m-%d}"
            raise_incident(connection, "COMPONENT_DOWN", key, trouble.detail, config=config)
        # Only what is on record is forgotten. A note that cannot be removed is told again, to nobody.
        with suppress(OSError):
            trouble.path.unlink(missing_ok=True)
        said.append(trouble.detail)
    return said


def measure(config: Settings, database: DatabaseWatch) -> list[str]:
    """Record a disk that is short of room and a database that was away or slow, once a day each."""
    asked_at = machine_now()
    try:
        with connect("desk_planner", config) as connection:
            clock.now(connection)
            found = [("DISK_LOW", line) for line in short_of_disk(config)]
            at = machine_now()
            if line := database.answered(at, at - asked_at):
                found.append(("DATABASE_SLOW", line))
            return [
                line
                for code, line in found
                if raise_incident(connection, code, f"{code}:{at:%Y-%m-%d}", line, config=config)
            ]
    except psycopg.OperationalError:
        database.missed(asked_at)
        raise


def post(config: Settings) -> list[str]:
    """Hand over what waits in the outbox and return a line for each mail that was not taken."""
    report = deliver_outbox(lambda role: connect(role, config), config)
    left = report.failed + report.refused + report.unheard
    return [f"mail {mail_id} was not delivered: {reason}" for mail_id, reason in left]


def _tell(connection: psycopg.Connection, missing: Missing, config: Settings) -> str:
    what = {
        "NO_TICKET": f"the plan of week {missing.duty.plan_week}",
        "REPORT_MISSING": f"the report on the session of {missing.duty.session}",
    }[missing.code]
    detail = f"{what} was due {in_full(missing.duty.due_at)}; is Airflow running? (`make status`, `make up`)"
    raise_incident(connection, missing.code, missing.dedupe_key, detail, config=config)
    return detail


def _try(part: Part, config: Settings) -> list[str] | None:
    """Return what a part of a round has to say, None when it went wrong."""
    try:
        news = part(config)
    except Exception:  # a watcher that ends tells of nothing any more
        say(traceback.format_exc(), sys.stderr)
        return None
    for line in news:
        say(line)
    return news


def _mark(path: Path) -> None:
    with suppress(OSError):  # a full disk is told by this round
        path.touch()


def main(arguments: list[str] | None = None, asked: Sequence[Part] = ()) -> int:
    """
    Look for good, or once and return 1 when something went wrong.

    `asked` are parts of a round that another room adds: what only Airflow can tell.
    """
    parser = argparse.ArgumentParser(prog="python -m trading_ops.watch", description="Watch the desk.")
    parser.add_argument("--once", action="store_true", help="look once and end")
    is_once = parser.parse_args(arguments).once
    try:
        config = settings()
    except SettingsError as refusal:
        say(f"watcher: {refusal}", sys.stderr)
        return 2
    looked_file = config.data.parent / "run/watched"
    looked_file.parent.mkdir(parents=True, exist_ok=True)
    posted_at, database = float("-inf"), DatabaseWatch()
    while True:
        # Whoever keeps this process running sees by the file that it goes round, however a round ends.
        _mark(looked_file.with_name("watcher.round"))
        parts = (partial(measure, database=database), hear, end, *asked, tell, look_after, tell_others)
        said = [_try(part, config) for part in (*parts, partial(chase, hand_over=post))]
        if any(said) or time.monotonic() - posted_at >= POST_EVERY.total_seconds():
            posted_at = time.monotonic()
            said.append(_try(post, config))
        if None not in said:
            _mark(looked_file)
        if is_once:
            return 1 if None in said else 0
        time.sleep(EVERY_S)


if __name__ == "__main__":
    sys.exit(main())
