"""
Looking back: what was intended against what was executed, and the ledger against the broker.

Both read what dbt derived; a drift is written down as a case and never repaired by itself.
"""

from airflow.sdk import task


@task
def compare_executions(desk_run_id: str) -> None:
    """Report intended against executed of each ticket whose lines are confirmed and whose bars are in."""
    from trading_ops.reports.executions import report_executions
    from trading_ops.settings import settings
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        told = report_executions(connection, desk_run_id, settings())
    print("\n".join(told) or "no ticket was confirmed within the week")


@task
def open_drift_cases(desk_run_id: str) -> int:
    """Open a case for each drift beyond tolerance, once per snapshot and subject; tell the operator once."""
    from trading_ops.db.connect import queries
    from trading_ops.ledger.drift import open_cases
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_reader") as reader:
        drift = list(queries.ledger.drift_beyond_tolerance(reader, run_id=desk_run_id))
    with desk_connection("desk_planner") as connection:
        told = open_cases(connection, drift, desk_run_id)
    print("\n".join(told) or "the books and the broker agree")
    return len(told)


@task
def ask_for_dividends(desk_run_id: str) -> None:
    """Tell the operator of each dividend that should have come and is not booked, once."""
    from trading_ops.ledger import drift
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        told = drift.ask_for_dividends(connection, desk_run_id)
    print("\n".join(told) or "no dividend is overdue that was not told before")


@task
def believe_splits(desk_run_id: str) -> None:
    """Believe the splits of holdings as prices do; what is doubted moves nothing and is told."""
    from trading_ops.db.connect import queries
    from trading_ops.ledger import splits
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_reader") as reader:
        said = list(queries.ledger.splits_found(reader, run_id=desk_run_id))
    with desk_connection("desk_planner") as connection:
        told = splits.believe_splits(connection, said, desk_run_id)
    print("\n".join(told) or "no split of a holding is new")
