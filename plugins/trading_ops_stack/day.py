"""
`trading-ops day`, `train`, `score`: the desk's own work for a session, without Airflow's scheduler.

Each runs the tasks of the DAG that does this on schedule, one after the other in a process of its own, and
records them in Airflow's database as the scheduler would. No task knows who called it.
"""

import argparse
import sys
from datetime import date

from trading_ops.db import clock
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.exchange.asked_day import session_named
from trading_ops.models.room import INTERPRETER
from trading_ops.ops.identity import identity
from trading_ops.settings import Settings, settings
from trading_ops_airflow.schedule import DAILY_MARKET_DATA, MONTHLY_TRAINING
from trading_ops_stack import run_once, stack
from trading_ops_stack.environment import airflow_url
from trading_ops_stack.lock import only_one

# What a ranking by the models in use ends with; the rest of its DAG is left alone.
_SCORES = ("store_scores", "store_shadow")
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_STATES = {"success": "ok", "failed": "FAILED", "skipped": "skipped"}


class DayError(Exception):
    """The day cannot be worked; the message says why and how to go on."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options the three verbs share."""
    parser.add_argument("--asof", metavar="YYYY-MM-DD", help="a session; the newest complete one by default")


def run(options: argparse.Namespace) -> int:
    """Work on a session and say each step with its time; exit code 1 when one failed or none could begin."""
    config = settings()
    try:
        asked = _session(options.asof) if options.asof else None
        if options.verb != "day":
            _require_engine(config)
        with only_one(config):
            # An `up` that was waited for has started the scheduler meanwhile.
            _require_alone_here(config)
            with run_once.at_work(config):
                print(identity(config), file=sys.stderr)
                session = asked or _newest_session(config)
                return 0 if _WORK[options.verb](config, session) else 1
    except (DayError, *stack.START_ERRORS) as error:
        print(f"trading-ops {options.verb}: {error}", file=sys.stderr)
        return 1


def _day(config: Settings, session: date) -> bool:
    is_done = _work(config, DAILY_MARKET_DATA.dag_id, session)["state"] == "success"
    if not MONTHLY_TRAINING.cadence.is_due(session):
        return is_done
    try:
        _require_engine(config)
    except DayError as missing:
        print(f"a training is due and left out: {missing}")
        return is_done
    return _train(config, session) and is_done


def _train(config: Settings, session: date) -> bool:
    return _work(config, MONTHLY_TRAINING.dag_id, session)["state"] == "success"


def _score(config: Settings, session: date) -> bool:
    with connect("desk_planner", config) as connection:
        states = {model["state"] for model in queries.models.models_named(connection, prefix="")}
    if not states & {"LIVE", "SHADOW"}:
        raise DayError(
            "no model is LIVE or in SHADOW, so there is nothing to score by: `trading-ops model list` shows "
            "what there is, `trading-ops model shadow VERSION` lets one score"
        )
    return _work(config, DAILY_MARKET_DATA.dag_id, session, _SCORES)["state"] == "success"


_WORK = {"day": _day, "train": _train, "score": _score}


def _work(config: Settings, dag_id: str, session: date, only_up_to: tuple[str, ...] = ()) -> dict:
    """Run a DAG and say each step as it ends, then those that never ran."""
    print(f"{dag_id} of {session}", flush=True)
    told = []

    def say(step: dict) -> None:
        told.append(step["task"])
        reason = step.get("error", "").partition("\n")[0]
        state = _STATES.get(step["state"], step["state"])
        print(f"  {state:<8} {step['task']:<24} {step['duration_s']:>6.1f} s  {reason}".rstrip(), flush=True)

    done = run_once.run(config, dag_id, session.isoformat(), only_up_to, say)
    for task_id, state in done["tasks"].items():
        if task_id not in told:
            print(f"  {'not run' if state != 'skipped' else state:<8} {task_id}")
    # Airflow calls a run whose gate said no a success: all its work was done.
    if "failed" in done["tasks"].values():
        done["state"] = "failed"
    if done["state"] != "success":
        print(f"{dag_id} of {session} failed; its log is {done['log']}", file=sys.stderr)
    return done


def _session(text: str) -> date:
    try:
        return session_named(text)
    except sessions.CalendarError as error:
        raise DayError(f"--asof {text} {error}") from error


def _newest_session(config: Settings) -> date:
    with connect("desk_planner", config) as connection:
        return sessions.newest_complete_session(clock.now(connection))


def _require_engine(config: Settings) -> None:
    # A container's image is looked for by the first task, which says how to get it.
    if config.qlib_runtime == "process" and not INTERPRETER.exists():
        raise DayError(
            "the environment models run in is not built: `make setup-qlib` builds it, or set "
            "TRADING_OPS_QLIB_RUNTIME=docker"
        )


def _require_alone_here(config: Settings) -> None:
    if config.db_host not in _THIS_MACHINE:
        raise DayError(
            f"the Postgres of this desk is at {config.db_host}, not on this machine: start the DAG in Airflow "
            "with the session as its partition key"
        )
    # It would take the tasks of this run for its own.
    if stack.components(config)["scheduler"].group() is not None:
        raise DayError(
            f"the scheduler of this desk runs, and does this by itself; for another session start the DAG at "
            f"{airflow_url(config)} with its date, or `make down` first"
        )
