"""
Bars as a task: load the vendor files, fetch what is missing.

Each load happens under a key that makes a second call find what the first one did.
"""

from datetime import timedelta

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowFailException

from trading_ops_airflow.dag_settings import BARS


@task(outlets=[BARS], execution_timeout=timedelta(minutes=20))
def load_bars() -> dict[str, int]:
    """
    Load the inbox (or conf `inbox`, where the settings allow it), then fetch what is missing from the sources
    that are enabled.

    Refused files are named in the log and in an incident, a source that refuses the desk as well.
    Red only when nothing at all could be read: a missing symbol is for the data gate to judge.
    """
    from pathlib import Path

    from trading_ops.bars.files import accepted_inbox, find_files
    from trading_ops.bars.load import left_alone_lines, load_folder
    from trading_ops.bars.report import report_text
    from trading_ops.runs.as_of import require_closed
    from trading_ops.settings import settings
    from trading_ops_airflow.connections import desk_connection
    from trading_ops_airflow.partition import current_partition

    partition, config = current_partition(), settings()
    path = accepted_inbox(Path(partition.inbox or config.inbox), config)
    if partition.inbox and not find_files(path):
        print("\n".join(left_alone_lines(path)))
        raise AirflowFailException(f"{path}: there is no file with a name that a source gives its files")
    with desk_connection("desk_loader") as connection:
        require_closed(connection, partition.session)
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
    from trading_ops.sources.config import read_keys, read_sources, ready_sources
    from trading_ops.universe.files import read_universe
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
    from trading_ops.comms.incidents import raise_incident
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        raise_incident(connection, code, f"{code}:{partition.idempotency_key}", detail)
