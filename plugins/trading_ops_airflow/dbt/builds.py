"""The dbt builds of a run, as tasks: prices, book and gates, always in that order."""

from datetime import timedelta

from airflow.sdk import TriggerRule

from trading_ops_airflow.dag_settings import BARS, PRICES
from trading_ops_airflow.dbt.build_operator import DbtOperator

_SHARED = {"pool": "dbt", "execution_timeout": timedelta(minutes=10)}


def build_prices(desk_run_id: str) -> DbtOperator:
    """Return the task that audits and publishes the prices of a run."""
    return DbtOperator(
        task_id="build_prices",
        selector="prices",
        desk_run_id=desk_run_id,
        inlets=[BARS],
        outlets=[PRICES],
        **_SHARED,
    )


def build_book(desk_run_id: str) -> DbtOperator:
    """Return the task that values the book and computes signals, drift and executions of a run."""
    return DbtOperator(task_id="build_book", selector="book", desk_run_id=desk_run_id, **_SHARED)


def build_gates(desk_run_id: str, trigger_rule: TriggerRule) -> DbtOperator:
    """Return the task that computes the verdicts; a verdict that blocks leaves it green."""
    return DbtOperator(
        task_id="build_gates",
        selector="gates",
        desk_run_id=desk_run_id,
        tests_may_fail=True,
        trigger_rule=trigger_rule,
        **_SHARED,
    )
