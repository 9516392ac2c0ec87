"""
Tasks every DAG starts with: wait for its turn, freeze what a run knows.

Freezing happens under a key that makes a second call find what the first one did.
"""

from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from trading_ops_airflow.schedule import dags_before, find_dag


@task.sensor(mode="reschedule", poke_interval=15, timeout=timedelta(minutes=30))
def wait_for_turn() -> bool:
    """
    Say whether the DAGs that come first on this desk are idle; asked again until they are.

    Every dbt build replaces the tables of the one before, so two runs side by side would each find
    the other's rows. Only an earlier one of the schedule is waited for, so no two wait for each other.
    """
    from airflow.sdk import get_current_context

    context = get_current_context()
    earlier = [dag.dag_id for dag in dags_before(find_dag(context["dag_run"].dag_id))]
    busy = [dag_id for dag_id in earlier if context["ti"].get_dr_count(dag_id, states=["queued", "running"])]
    print(f"waiting for {', '.join(busy)}" if busy else "nothing else is building")
    return not busy


@task
def freeze_inputs() -> str:
    """Pin policy, universe, snapshot, calendar and code for this DAG run and return the desk's run_id."""
    from trading_ops.config.files import read_policy
    from trading_ops.ledger.portfolio import ensure_portfolio
    from trading_ops.runs.freeze import freeze
    from trading_ops.runs.machine_clock import record_clock
    from trading_ops.settings import settings
    from trading_ops.universe.files import read_universe
    from trading_ops_airflow.connections import desk_connection
    from trading_ops_airflow.partition import current_partition

    partition, config = current_partition(), settings()
    kind = find_dag(partition.dag_id).kind
    policy, universe = read_policy(config), read_universe(config)
    with desk_connection("desk_planner") as connection:
        ensure_portfolio(connection, config.portfolio_id, config.portfolio_kind, policy)
        run = freeze(
            connection,
            kind=kind,
            as_of_date=partition.session,
            idempotency_key=partition.idempotency_key,
            policy=policy,
            universe=universe,
            **_room(config, kind, policy),
        )
        record_clock(connection, run.run_id)
    print(f"run {run.run_id}: session {partition.session}, inputs frozen")
    return run.run_id


def _room(config, kind: str, policy) -> dict[str, str]:
    """
    Return the digest of the model's image, for a run that uses it.

    A plan the stub ranks and a daily run must not fail for want of a container engine: they do without one.
    """
    if config.qlib_runtime != "docker" or kind not in ("plan", "daily", "training"):
        return {}
    from trading_ops_airflow.qlib.locked_docker import image_digest

    try:
        return {"image_digest": image_digest(config.qlib_image)}
    except (AirflowFailException, ConnectionError) as error:
        if kind == "training" or (kind == "plan" and policy.signal.method == "qlib"):
            raise
        print(f"frozen without the model's image: {error}")
        return {}
