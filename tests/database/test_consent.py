"""What cannot be true is refused by Postgres too, whatever was ticked, and the log names what was waived."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from confirm_app.forms.figures import is_tenfold
from tests.database import rows
from tests.database.test_audit import audited
from trading_ops.db.connect import connect

NOW_AT = rows.WINDOW_OPEN_AT + timedelta(hours=1)
FILL = {
    "units": "6.25",
    "price_usd": "100",
    "value_gbp": "500.00",
    "executed_at": rows.WINDOW_OPEN_AT.isoformat(),
}


@pytest.fixture
def traded(desk) -> str:
    """A ticket issued on Saturday, an hour into its window on Monday."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk)
    rows.set_clock(desk, NOW_AT)
    return ticket_id


@pytest.mark.parametrize(
    ("change", "constraint", "says"),
    [
        ({"executed_at": "2001-06-15T14:00:00Z"}, "executed_after_issue", "2001-06-15.*issued at 2026-06-13"),
        ({"executed_at": "-infinity"}, "executed_after_issue", "before the ticket"),
        (
            {"executed_at": (rows.SATURDAY_AT - timedelta(seconds=1)).isoformat()},
            "executed_after_issue",
            "correct the date or the clock",
        ),
        ({"executed_at": (NOW_AT + timedelta(seconds=1)).isoformat()}, "executed_by_now", "in the future"),
        ({"executed_at": "infinity"}, "executed_by_now", "in the future"),
        ({"value_gbp": "5000.00"}, "value_follows_units", "5000.00 GBP .* 500.00 GBP; correct the wrong one"),
        ({"value_gbp": "50.00"}, "value_follows_units", "50.00 GBP"),
        ({"units": "62.5"}, "value_follows_units", "500.00 GBP .* 5000.00 GBP"),
        ({"price_usd": "10"}, "value_follows_units", "50.00 GBP"),
        ({"units": "NaN"}, "units_check", "domain units"),
        ({"price_usd": "NaN"}, "price_check", "domain price"),
    ],
)
def test_what_cannot_be_true_is_refused_by_the_database(desk, traded, change, constraint, says):
    """In the second fill of two as well; nothing of the form stays."""
    with pytest.raises(psycopg.errors.CheckViolation, match=says) as refused:
        rows.confirm_line(desk, traded, 1, "DONE", [FILL, FILL | change])
    assert refused.value.diag.constraint_name == constraint
    with connect("desk_app", desk) as connection:
        assert connection.execute("select count(*) as n from desk.confirmations").fetchone()["n"] == 0


def test_what_is_possible_is_recorded(desk, traded):
    """The instant of the issue, now, and a value half or twice what the units make."""
    possible = [
        FILL | {"executed_at": rows.SATURDAY_AT.isoformat()},
        FILL | {"executed_at": NOW_AT.isoformat(), "value_gbp": "1000.00"},
        FILL | {"value_gbp": "250.00"},
        FILL | {"units": "0.000001", "value_gbp": "0.01"},
    ]
    rows.confirm_line(desk, traded, 1, "DONE", possible)


def test_python_and_postgres_call_the_same_impossible(desk, traded):
    """Each fact is refused twice, so both have to know the same limit."""
    seen = set()

    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(
        units=st.decimals("0.001", "500", places=4),
        price=st.decimals("0.5", "900", places=2),
        factor=st.sampled_from(["0.1", "0.124", "0.125", "0.126", "1", "7.99", "8", "8.01", "10"]),
    )
    def asks(units, price, factor):
        product_gbp = max(units * price / Decimal("1.25"), Decimal("0.01"))
        value_gbp = max((product_gbp * Decimal(factor)).quantize(Decimal("0.01")), Decimal("0.01"))
        fill = FILL | {"units": str(units), "price_usd": str(price), "value_gbp": str(value_gbp)}
        try:
            with connect("desk_app", desk) as connection, connection.transaction(force_rollback=True):
                connection.execute("select desk.record_confirmation(%s)", (request_of(traded, [fill]),))
            is_refused = False
        except psycopg.errors.CheckViolation:
            is_refused = True
        assert is_refused == is_tenfold(value_gbp, product_gbp), (fill, product_gbp)
        seen.add(is_refused)

    asks()
    assert seen == {True, False}


def request_of(ticket_id: str, fills: list[dict], **changes) -> str:
    """Return the JSON of a DONE first line."""
    request = {
        "ticket_id": ticket_id, "line_number": 1, "status": "DONE", "person": "executor",
        "idempotency_key": "key", "fills": fills,
    }  # fmt: skip
    return rows.json.dumps(request | changes)


def test_the_log_names_the_doubts_that_were_waived(desk, traded):
    """And the same figures with other ticks are the same form: what was asked hangs on the ledger."""
    waived = [{"doubt": "fill-1-price-past-limit", "figure": "104 103"}]
    with connect("desk_app", desk) as connection:
        first, second = (
            connection.execute(
                "select desk.record_confirmation(%s) as n", (request_of(traded, [FILL], doubts_waived=ticks),)
            ).fetchone()["n"]
            for ticks in (waived, [])
        )
    assert first == second
    [told] = audited(desk, "confirm_line")
    assert told["detail"]["doubts_waived"] == waived
