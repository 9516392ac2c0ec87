"""The money-weighted return against pyxirr, whatever was paid in and out."""

from datetime import date, timedelta
from decimal import Decimal

import pyxirr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dbt.small_desk import PORTFOLIO, RUN_ID
from trading_ops.db.connect import connect

AS_OF_DATE = date(2026, 6, 12)
pounds = st.integers(1, 900_000).map(lambda pence: Decimal(pence) / 100)
# What is paid out comes after what is paid in: with both by turns more than one rate may be right.
paid_in = st.lists(st.tuples(st.integers(1000, 3650), pounds), min_size=1, max_size=8)
paid_out = st.lists(st.tuples(st.integers(1, 999), pounds.map(lambda value: -value / 10)), max_size=4)


def test_the_money_weighted_return_is_that_of_pyxirr(built):
    """To the eighth decimal, gains and losses alike."""
    folder = built.target / "compiled/trading_ops/models"
    select = (folder / "intermediate/ledger/int_ledger__money_weighted.sql").read_text()
    found = []
    with connect("desk_dbt", built.desk) as connection, connection.transaction(force_rollback=True):
        connection.execute("update staging.stg_desk__runs set as_of_date = %s", (AS_OF_DATE,))

        @settings(
            max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
        )
        @given(paid_in, paid_out, pounds)
        def lives(deposits, withdrawals, equity_gbp):
            connection.execute("truncate intermediate.int_ledger__entries, marts.equity_daily")
            flows = [(AS_OF_DATE - timedelta(days=days), value) for days, value in deposits + withdrawals]
            for day, value in flows:
                connection.execute(
                    "insert into intermediate.int_ledger__entries (run_id, session_date, external_flow_gbp)"
                    " values (%s, %s, %s)",
                    (RUN_ID, day, value),
                )
            connection.execute(
                "insert into marts.equity_daily (run_id, portfolio_id, session_date, cash_gbp, equity_gbp)"
                " values (%s, %s, %s, 0, %s)",
                (RUN_ID, PORTFOLIO, AS_OF_DATE, equity_gbp),
            )
            row = connection.execute(select).fetchone()
            expected = pyxirr.xirr(
                [day for day, _ in flows] + [AS_OF_DATE], [-float(v) for _, v in flows] + [float(equity_gbp)]
            )
            if expected is None:
                # Where next to nothing is left it does not always find the rate.
                assert row["annual_ratio"] < Decimal("-0.9")
                return
            assert abs(float(row["annual_ratio"]) - expected) <= 1e-8 * (1 + abs(expected))
            found.append(expected)

        lives()
    assert len(found) > 30 and min(found) < 0 < max(found)
