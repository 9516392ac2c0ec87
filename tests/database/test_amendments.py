"""Who may correct whose confirmation, and until when, is refused by Postgres too."""

import json
from datetime import timedelta

import psycopg
import pytest

from tests.database import rows
from trading_ops.db.connect import connect


def amend(desk, ticket_id: str, person: str) -> None:
    """Correct line 1, as the page does."""
    request = {
        "ticket_id": ticket_id, "line_number": 1, "status": "FAILED", "person": person,
        "amendment_reason": "looked again", "idempotency_key": f"amend:{person}",
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_confirmation(%s)", (json.dumps(request),))


@pytest.fixture
def confirmed(desk) -> str:
    """A ticket whose first line the executor has recorded on Monday, beside a second executor."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk)
    rows.set_clock(desk, rows.WINDOW_OPEN_AT)
    rows.confirm_line(desk, ticket_id, 1)
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.set_person('operator', 'other', 'executor', 'o@desk.example', 'h')")
    return ticket_id


@pytest.mark.parametrize("person", ["executor", "operator"])
def test_who_recorded_a_line_or_an_operator_corrects_it_until_the_last_day(desk, confirmed, person):
    """30 days in the committed policy, counted from the first word on the line; not a second longer."""
    rows.set_clock(desk, rows.WINDOW_OPEN_AT + timedelta(days=30))
    amend(desk, confirmed, person)
    rows.set_clock(desk, rows.WINDOW_OPEN_AT + timedelta(days=30, seconds=1))
    with pytest.raises(psycopg.errors.CheckViolation, match="may be corrected for 30 days") as refused:
        amend(desk, confirmed, "operator" if person == "executor" else "executor")
    assert refused.value.diag.constraint_name == "amended_in_time"


def test_another_executor_may_not_correct_it(desk, confirmed):
    """Who was not there does not know better."""
    with pytest.raises(psycopg.errors.CheckViolation, match="was recorded by executor") as refused:
        amend(desk, confirmed, "other")
    assert refused.value.diag.constraint_name == "own_or_operator_amends"
    with connect("desk_reader", desk) as connection:
        assert connection.execute("select count(*) as n from desk.confirmations").fetchone() == {"n": 1}
