"""
A run that ended before its last task: a plan still gets its one ticket, and the operator hears.

Called by Airflow when a run of it failed, and from outside Airflow for a plan nobody works on any more.
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg

from trading_ops.comms.incidents import raise_incident
from trading_ops.db.connect import queries
from trading_ops.exchange.sessions import PLAN_DURATION_MAX
from trading_ops.settings import Settings
from trading_ops.tickets.issue import issue_ticket


def end_run(
    connection: psycopg.Connection, key: str, steps: Sequence[str], why: str, config: Settings
) -> str:
    """
    Do what the last task of a run did not do, and return a line that says what; as desk_planner, commits.

    key is the run's idempotency key, `steps` what is known not to have finished. A frozen plan gets the
    NO-TRADE that names them, whose mail and incident tell of it, unless it has its ticket already. Any other
    run is an incident.
    """
    run = queries.runs.run_by_key(connection, idempotency_key=key)
    if run is not None and run["kind"] == "plan":
        return _end_plan(connection, run["run_id"], steps, config)
    detail = f"{key}: {', '.join(steps) or 'no step is known to have failed'} ({why})"
    raise_incident(connection, "STEP_FAILED", f"STEP_FAILED:{key}", detail, run and run["run_id"], config)
    connection.commit()
    return detail


def end_given_up(connection: psycopg.Connection, config: Settings, now_at: datetime) -> list[str]:
    """End every plan of the portfolio that Airflow must have given up; return a line for each."""
    plans = queries.watch.given_up(
        connection, portfolio_id=config.portfolio_id, frozen_before=now_at - PLAN_DURATION_MAX
    )
    return [_end_plan(connection, plan["run_id"], (), config) for plan in list(plans)]


def _end_plan(connection: psycopg.Connection, run_id: str, steps: Sequence[str], config: Settings) -> str:
    steps = steps or [queries.watch.unfinished_step(connection, run_id=run_id)]
    ticket_id = issue_ticket(connection, run_id, steps, config)
    return f"plan {run_id} is ended with the ticket {ticket_id}; not finished: {', '.join(steps)}"
