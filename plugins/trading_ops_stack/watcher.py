"""
The watcher of a desk that has an Airflow: `trading_ops.watch`, and what only Airflow knows or does.

    python -m trading_ops_stack.watcher [--once]

It signs in as Airflow's user `watcher`, who may read and start runs and no more. While Airflow does not
answer it asks again a minute later: that a part is down is told by whoever keeps the desk running.
"""

import sys
import urllib.error

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
        return _away(error)
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
    """Hand the plans an operator asked for on a page to Airflow, once each, and return a line for each."""
    with connect("desk_planner", config) as connection:
        asked = list(queries.watch.requested_plans(connection, portfolio_id=config.portfolio_id))
    said = []
    for plan in asked:
        # Under this name Airflow starts it once, however often it is handed over.
        dag_run_id = f"again_after_{plan['ticket_id']}"
        try:
            _airflow(config).trigger(
                WEEKLY_PLAN.dag_id, plan["as_of_date"].isoformat(), dag_run_id=dag_run_id
            )
        except ApiError as error:
            return said + _away(error)
        with connect("desk_planner", config) as connection:
            if queries.watch.start_plan(connection, ticket_id=plan["ticket_id"], dag_run_id=dag_run_id):
                said.append(f"the plan after {plan['ticket_id']} is started")
    return said


def _airflow(config: Settings) -> Airflow:
    airflow = Airflow.of(config, "watcher")
    airflow.timeout_s = _ANSWER_S
    return airflow


def _away(error: ApiError) -> list[str]:
    """Return nothing where Airflow does not answer at all; what it refuses is raised."""
    if isinstance(error.__cause__, urllib.error.HTTPError) and error.__cause__.code < 500:
        raise error
    return []


def main(arguments: list[str] | None = None) -> int:
    """Watch, for good or once."""
    return watch(arguments, asked=(look_at_dags, start_requested, tell_late_runs))


if __name__ == "__main__":
    sys.exit(main())
