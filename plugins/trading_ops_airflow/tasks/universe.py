"""
Tasks that switch symbols off: bars that keep missing, and stocks the broker does not offer.

Nothing has to be green before them, because a symbol nobody can price or buy must not wait for a
green day; each cause takes effect once, so a cleared task changes nothing.
"""

from airflow.sdk import TriggerRule, task
from airflow.sdk.exceptions import AirflowSkipException


@task(trigger_rule=TriggerRule.ALL_DONE)
def disable_symbols(desk_run_id: str | None) -> list[str]:
    """Switch off what lacks too many bars or was reported as untradable since the last follow-up."""
    from trading_ops.ops.auto_disable import disable_missing, disable_untradable
    from trading_ops_airflow.connections import desk_connection

    if desk_run_id is None:
        raise AirflowSkipException("no run was frozen, so nothing is known of its bars")
    with desk_connection("desk_planner") as connection:
        reported = disable_untradable(connection)
        missing = disable_missing(connection, desk_run_id)
    if missing.outage:
        print(f"{', '.join(missing.outage)} lack bars at once: a vendor's fault, so none is disabled")
    return _told(reported + missing.disabled)


@task
def disable_untradable_symbols() -> list[str]:
    """Switch off what executors reported as not offered by the broker."""
    from trading_ops.ops.auto_disable import disable_untradable
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        return _told(disable_untradable(connection))


def _told(symbols: tuple[str, ...]) -> list[str]:
    print(f"disabled: {', '.join(symbols) or 'nothing'}")
    return list(symbols)
