"""The daily report as a task."""

from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException


@task(trigger_rule=TriggerRule.ALL_DONE)
def write_daily_report(desk_run_id: str | None) -> str | None:
    """Write the daily report and put its mail into the outbox."""
    from trading_ops.reports import daily
    from trading_ops.settings import settings
    from trading_ops_airflow.connections import desk_connection

    if desk_run_id is None:
        raise AirflowFailException("no run was frozen, so there is nothing to report on")
    with desk_connection("desk_planner") as connection:
        return str(daily.write_daily_report(connection, desk_run_id, settings()))
