"""
What every DAG of the desk has in common, so that a DAG file says only what is its own.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import Asset, Param

from trading_ops_airflow.endings import on_failed_run
from trading_ops_airflow.reminder_timetable import reminder_schedule
from trading_ops_airflow.retries import RetryMachineryOnly
from trading_ops_airflow.schedule import DAILY_MARKET_DATA, DeskDag
from trading_ops_airflow.timetable import session_schedule

# Named like the tables they stand for.
BARS = Asset("raw.eod_bars")
PRICES = Asset("marts.market_prices_eod")
TICKETS = Asset("desk.tickets")

# What Airflow's form asks whoever starts a run.
_SESSION = {
    "session": Param(
        None,
        type=["null", "string"],
        format="date",
        title="Session",
        description="The day of trading in New York to work on. Leave it empty when you give a partition key.",
    ),
}
_INBOX = {
    "inbox": Param(
        None,
        type=["null", "string"],
        title="Inbox",
        description="A folder, file or zip with end-of-day bars to load instead of the inbox, below the data "
        "folder or one of TRADING_OPS_INBOXES.",
    ),
}


def desk_dag(doc: str, dag: DeskDag) -> dict:
    """
    Return the arguments of a DAG: id, schedule, retries, timeouts, pool, tags.

    doc is the module docstring of the DAG file: it answers "it failed, now what?" in Airflow.
    """
    return {
        "dag_id": dag.dag_id,
        "schedule": session_schedule(dag) if dag.run_at else reminder_schedule(),
        "start_date": datetime(2026, 1, 1, tzinfo=UTC),
        "catchup": False,
        "max_active_runs": 1,
        "dagrun_timeout": dag.duration_max,
        "on_failure_callback": on_failed_run,
        "doc_md": doc,
        "tags": dag.tags,
        "params": {**(_SESSION if dag.run_at else {}), **(_INBOX if dag is DAILY_MARKET_DATA else {})},
        "default_args": {
            "owner": "desk",
            "retries": 2,
            "retry_delay": timedelta(seconds=10),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=2),
            "retry_policy": RetryMachineryOnly(),
            "execution_timeout": timedelta(minutes=5),
            "pool": "desk_db",
        },
    }
