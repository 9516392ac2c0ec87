"""Who may correct whose confirmation, and until when, is refused by Postgres too."""

import json
from datetime import timedelta

import psycopg
import pytest

from tests.database import rows
from trading_ops.db.connect import connect


def amend(desk, ticket_id: str, person: str, key: str = "amend") -> None:
    """Correct line 1, as the page does."""
    request = {
        "ticket_id": ticket_id, "line_number": 1, "status": "FAILED", "person": person,
        "amendment_reason": "looked again", "idempotency_key": f"{key}:{person}",
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


def test_who_recorded_a_line_corrects_it_until_the_last_day_and_an_operator_after_it(desk, confirmed):
    """30 days in the committed policy, counted from the first word on the line; not a second longer."""
    rows.set_clock(desk, rows.WINDOW_OPEN_AT + timedelta(days=30))
    amend(desk, confirmed, "executor")
    rows.set_clock(desk, rows.WINDOW_OPEN_AT + timedelta(days=30, seconds=1))
    with pytest.raises(psycopg.errors.CheckViolation, match="may be corrected for 30 days") as refused:
        amend(desk, confirmed, "executor", "again")
    assert refused.value.diag.constraint_name == "amended_in_time"
    amend(desk, confirmed, "operator")


def test_an_executor_does_not_take_back_what_an_operator_corrected(desk, confirmed):
    """Whose word stands is who may change it."""
    amend(desk, confirmed, "operator")
    with pytest.raises(psycopg.errors.CheckViolation, match="was recorded by operator") as refused:
        amend(desk, confirmed, "executor")
    assert refused.value.diag.constraint_name == "own_or_operator_amends"


def test_a_policy_without_days_gives_an_executor_none(desk, confirmed):
    """One adopted before there were any."""
    with rows.superuser(desk) as connection:
        connection.execute("alter table desk.policy_limits disable trigger user")
        connection.execute("delete from desk.policy_limits where limit_name like 'confirmation.%'")
    with pytest.raises(psycopg.errors.CheckViolation, match="may be corrected for 0 days"):
        amend(desk, confirmed, "executor")


def test_another_executor_may_not_correct_it(desk, confirmed):
    """Who was not there does not know better."""
    with pytest.raises(psycopg.errors.CheckViolation, match="was recorded by executor") as refused:
        amend(desk, confirmed, "other")
    assert refused.value.diag.constraint_name == "own_or_operator_amends"
    with connect("desk_reader", desk) as connection:
        assert connection.execute("select count(*) as n from desk.confirmations").fetchone() == {"n": 1}
