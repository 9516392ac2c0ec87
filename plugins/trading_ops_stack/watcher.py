"""
The watcher of a desk that has an Airflow: `trading_ops.watch`, and what only Airflow knows or does.

    python -m trading_ops_stack.watcher [--once]

It signs in as Airflow's user `watcher`, who may change runs and DAGs, and no connection, variable, pool or
user. While Airflow does not answer it asks again a minute later: that a part is down is told by whoever keeps
the desk running.
"""

import sys
from datetime import date

from trading_ops.comms.incidents import raise_incident
from trading_ops.db.connect import connect, queries
from trading_ops.settings import Settings
from trading_ops.watch.__main__ import main as watch
from trading_ops_airflow.schedule import DAGS, WEEKLY_PLAN
from trading_ops_stack.airflow_api import Airflow, ApiError
from trading_ops_stack.environment import airflow_url
from trading_ops_stack.late_runs import tell_late_runs

_ANSWER_S = 10


def look_at_dags(config: Settings) -> list[str]:
    """Record which DAGs of the desk were paused or switched on again, tell of the first, a line for each."""
    try:
        paused = _airflow(config).paused()
    except ApiError as error:
        if _is_away(error):
            return []
        raise
    said = []
    with connect("desk_planner", config) as connection:
        before = {row["dag_id"] for row in queries.watch.paused_dags(connection)}
        for dag_id in sorted(before ^ (paused & {dag.dag_id for dag in DAGS})):
            is_paused = dag_id in paused
            number = queries.watch.switch_dag(connection, dag_id=dag_id, is_paused=is_paused)
            detail = (
                f"{dag_id} is paused in Airflow, so none of its runs starts; switch it on at "
                f"{airflow_url(config)}/dags/{dag_id} on the desk's machine"
            )
            if is_paused:
                key = f"DAG_PAUSED:{dag_id}:{number}"
                raise_incident(connection, "DAG_PAUSED", key, detail, config=config)
            said.append(detail if is_paused else f"{dag_id} is not paused any more")
    return said


def start_requested(config: Settings) -> list[str]:
    """
    Hand the plans an operator asked for on a page to Airflow, once each, and return a line for each.

    None while the DAG is paused: it would stay queued there, and begin when its week is over.
    """
    with connect("desk_planner", config) as connection:
        asked = list(queries.watch.requested_plans(connection, portfolio_id=config.portfolio_id))
        paused = {row["dag_id"] for row in queries.watch.paused_dags(connection)}
    if WEEKLY_PLAN.dag_id in paused:
        return []
    return [line for plan in asked for line in _start(plan["ticket_id"], plan["as_of_date"], config)]


def _start(ticket_id: str, session: date, config: Settings) -> list[str]:
    # Under this name Airflow starts it once, however often it is handed over.
    dag_run_id = f"again_after_{ticket_id}"
    try:
        _airflow(config).trigger(WEEKLY_PLAN.dag_id, session.isoformat(), dag_run_id=dag_run_id)
    except ApiError as error:
        if _is_away(error):
            return []
        detail = f"Airflow does not start the plan that was asked for after {ticket_id}: {error}"
        with connect("desk_planner", config) as connection:
            key = f"RUN_LATE:{WEEKLY_PLAN.dag_id}:{dag_run_id}"
            is_new = raise_incident(connection, "RUN_LATE", key, detail, config=config)
        return [detail] if is_new else []
    with connect("desk_planner", config) as connection:
        is_first = queries.watch.start_plan(connection, ticket_id=ticket_id, dag_run_id=dag_run_id)
    return [f"the plan after {ticket_id} is started"] if is_first else []


def _airflow(config: Settings) -> Airflow:
    airflow = Airflow.of(config, "watcher")
    airflow.timeout_s, airflow.patience_s = _ANSWER_S, 0
    return airflow


def _is_away(error: ApiError) -> bool:
    """Say whether Airflow does not answer at all; then it did not refuse."""
    return error.status is None or error.status >= 500


def main(arguments: list[str] | None = None) -> int:
    """Watch, for good or once."""
    return watch(arguments, asked=(look_at_dags, start_requested, tell_late_runs))


if __name__ == "__main__":
    sys.exit(main())
