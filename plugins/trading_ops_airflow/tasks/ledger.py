"""
Looking back: what was intended against what was executed, and the ledger against the broker.

Both only read what dbt derived; a drift is written down as a case and never repaired by itself.
"""

from airflow.sdk import task


@task
def compare_executions(desk_run_id: str) -> dict[str, int]:
    """Log intended against executed per line; return how many lines ended how."""
    from trading_ops.db.connect import queries
    from trading_ops.wording.figures import gbp, ratio
    from trading_ops_airflow.connections import desk_connection

    counts: dict[str, int] = {}
    with desk_connection("desk_reader") as connection:
        for line in queries.ledger.executions_of_run(connection, run_id=desk_run_id):
            status = line["status"] or "unconfirmed"
            counts[status] = counts.get(status, 0) + 1
            print(
                f"{line['ticket_id']} line {line['line_number']} {line['side']} {line['internal_symbol']} {status}: "
                f"intended {gbp(line['intended_value_gbp'])}, executed {gbp(line['executed_value_gbp'])}, "
                f"slippage {ratio(line['slippage_ratio'])}"
                + (" PRICE OUTSIDE THE BAR" if line["is_price_within_bar"] is False else "")
            )
    return counts


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
def post_splits(desk_run_id: str) -> None:
    """Book what splits did to the units held, once per split."""
    from trading_ops.ledger import actions
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        print(actions.post_splits(connection, desk_run_id))
