"""
Tasks every DAG starts with: load vendor files, freeze what a run knows.

Each calls one function of the library on one connection, under a key that makes a second call
find what the first one did.
"""

from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from trading_ops_airflow.dag_settings import BARS

# Who waits for whom when two runs are due at once.
DAG_ORDER = (
    "daily_market_data",
    "weekly_reconciliation",
    "execution_followup",
    "weekly_plan",
    "model_training",
)


@task(outlets=[BARS], execution_timeout=timedelta(minutes=20))
def load_bars() -> dict[str, int]:
    """
    Load the inbox (or conf `inbox`), then fetch what is missing from the sources that are enabled.

    Refused files are named in the log and in an incident, a source that refuses the desk as well.
    Red only when nothing at all could be read: a missing symbol is for the data gate to judge.
    """
    from pathlib import Path

    from trading_ops.bars.load import load_folder
    from trading_ops.bars.report import report_text
    from trading_ops.settings import settings
    from trading_ops_airflow.connections import desk_connection
    from trading_ops_airflow.partition import current_partition

    partition, config = current_partition(), settings()
    path = Path(partition.inbox) if partition.inbox else config.inbox
    with desk_connection("desk_loader") as connection:
        report = load_folder(connection, path, f"{partition.idempotency_key}:bars", progress=print)
    if config.environment == "production":
        _load_ecb_rates(partition)
        # A run over files the operator named is about these files.
        if partition.inbox is None:
            _fetch_missing(partition, config)
    refused = [f"{item.file}:{item.line}: {item.field}: {item.reason}" for item in report.refused]
    print(f"{path}:\n{report_text(report)}")
    if refused and not report.rows_new + report.rows_changed + report.rows_unchanged:
        raise AirflowFailException("every file was refused:\n" + "\n".join(refused))
    if refused:
        _raise_incident("DATA_STALE", partition, "files were refused: " + "; ".join(refused[:20]))
    return {"load_id": report.load_id, "rows_new": report.rows_new, "refused": len(refused)}


@task.sensor(mode="reschedule", poke_interval=15, timeout=timedelta(minutes=30))
def wait_for_turn() -> bool:
    """
    Say whether the DAGs that come first on this desk are idle; asked again until they are.

    Every dbt build replaces the tables of the one before, so two runs side by side would each find
    the other's rows. Only an earlier one of DAG_ORDER is waited for, so no two wait for each other.
    """
    from airflow.sdk import get_current_context

    context = get_current_context()
    earlier = DAG_ORDER[: DAG_ORDER.index(context["dag_run"].dag_id)]
    busy = [
        dag_id
        for dag_id in earlier
        if context["ti"].get_dr_count(dag_id, states=["queued", "running"])
    ]
    print(f"waiting for {', '.join(busy)}" if busy else "nothing else is building")
    return not busy


@task
def freeze_inputs(kind: str) -> str:
    """Pin policy, universe, snapshot, calendar and code for this DAG run and return the desk's run_id."""
    from trading_ops.config_files import read_policy, read_universe
    from trading_ops.runs import ensure_portfolio, freeze
    from trading_ops.settings import settings
    from trading_ops_airflow.connections import desk_connection
    from trading_ops_airflow.partition import current_partition

    partition, config = current_partition(), settings()
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
    print(f"run {run.run_id}: session {partition.session}, inputs frozen")
    return run.run_id


@task
def post_splits(desk_run_id: str) -> None:
    """Book what splits did to the units held, once per split."""
    from trading_ops.ledger import actions
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        print(actions.post_splits(connection, desk_run_id))


def _room(config, kind: str, policy) -> dict[str, str]:
    """
    Return the digest of the model's image, for a run that uses it.

    A plan the stub ranks must not fail for a container engine, so it is frozen without one.
    """
    if config.qlib_runtime != "docker" or kind not in ("plan", "training"):
        return {}
    from trading_ops_airflow.locked_docker import image_digest

    try:
        return {"image_digest": image_digest(config.qlib_image)}
    except (AirflowFailException, ConnectionError) as error:
        if kind == "training" or policy.signal.method == "qlib":
            raise
        print(f"frozen without the model's image: {error}")
        return {}


def _load_ecb_rates(partition) -> None:
    from trading_ops.bars.load import load_ecb_rates
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_loader") as connection:
        print(load_ecb_rates(connection, f"{partition.idempotency_key}:ecb"))


def _fetch_missing(partition, config) -> None:
    """
    Ask the enabled sources for what has no bar of the session yet; each try asks for what is left.

    Trouble on the way to the sources is tried again by Airflow; on the last try the gate judges what
    is there.
    """
    from airflow.sdk import get_current_context

    from trading_ops.bars.refresh import SourcesUnreachable, refresh, tell_of_blocked
    from trading_ops.bars.source_config import read_keys, read_sources, ready_sources
    from trading_ops.config_files import read_universe
    from trading_ops_airflow.connections import desk_connection

    sources, skipped = ready_sources(read_sources(config.sources), read_keys(config.source_keys))
    print("\n".join(f"skipped {line}" for line in skipped))
    if not sources:
        return
    ti = get_current_context()["ti"]
    key = f"{partition.idempotency_key}:fetch:{ti.try_number}"
    with desk_connection("desk_loader") as connection:
        report = refresh(connection, read_universe(config), sources, partition.session, key, print)
    print(report.text())
    with desk_connection("desk_planner") as connection:
        tell_of_blocked(connection, report.fetched, partition.idempotency_key)
    if report.fetched.is_unreachable and ti.try_number <= ti.max_tries:
        raise SourcesUnreachable("no source could be reached; the failures are in the load")


def _raise_incident(code: str, partition, detail: str) -> None:
    from trading_ops.ops.incidents import raise_incident
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        raise_incident(connection, code, f"{code}:{partition.idempotency_key}", detail)
