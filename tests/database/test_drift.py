"""A difference between the books and the broker is told once, with both figures."""

from decimal import Decimal

from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.ledger.drift import open_cases


def test_the_operator_is_told_both_figures_once(desk):
    """Cash in pounds, a position in shares; the same snapshot again tells nothing new."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_run(desk, kind="daily")
    rows.add_snapshot(desk, rows.SATURDAY_AT)
    with connect("desk_reader", desk) as connection:
        snapshot_id = connection.execute(
            "select max(snapshot_id) as id from desk.broker_snapshots"
        ).fetchone()["id"]
    drift = [
        {
            "snapshot_id": snapshot_id,
            "subject": subject,
            "expected_value": Decimal(books),
            "observed_value": Decimal(broker),
        }
        for subject, books, broker in (("CASH", "9000.00", "8964.5"), ("ALDR", "12.500000", "0"))
    ]
    with connect("desk_planner", desk) as connection:
        told = open_cases(connection, drift, run_id)
        assert open_cases(connection, drift, run_id) == []
    assert told == [
        "ALDR: books 12.5, broker 0",
        "CASH: books £9,000.00, broker £8,964.50 (perhaps 10000.00 GBP were paid in)",
    ]
    with connect("desk_reader", desk) as connection:
        (incident,) = connection.execute("select code, detail from desk.incidents").fetchall()
    assert incident["code"] == "RECONCILIATION_DRIFT"
    assert incident["detail"] == f"snapshot {snapshot_id} and the books differ: {'; '.join(told)}"
