"""A cash movement that was booked by mistake is taken back, once, by an operator and for a reason."""

import json
from decimal import Decimal

import psycopg
import pytest

from tests.confirm_app.conftest import doubts_of
from tests.confirm_app.desk_rows import count_rows, select
from tests.database import rows
from trading_ops.db.connect import connect, queries

LEDGER = "select movement_id, kind, amount_gbp, occurred_at, reverses_movement_id from desk.ledger_cash_movements order by 1"


def booked(operator, **fields) -> int:
    """Book a deposit of £125.00 where an eighth was meant, and return its number."""
    form = operator.form_of("/cash/new", "/cash/new") | {"kind": "deposit", "amount": "125"} | fields
    # More than a share of an empty book, which the form asks about.
    ticks = doubts_of(operator.client.post("/cash/new", data=form))
    assert operator.client.post("/cash/new", data=form | ticks).status_code == 303
    page = operator.client.get("/cash/new").text
    return max(int(part.partition("/")[0]) for part in page.split('action="/cash/')[1:] if part[0].isdigit())


def reversing(operator, movement_id: int, **fields) -> dict[str, str]:
    """Return the fields of a movement's reversal."""
    path = f"/cash/{movement_id}/reverse"
    return operator.form_of("/cash/new", path) | {"notes": "0.125 was meant"} | fields


def test_a_wrong_movement_is_taken_back_by_a_row_of_its_own(operator, desk):
    """Same kind and instant, opposite amount, named by number; the page says so and offers no second one."""
    movement_id = booked(operator)
    form = reversing(operator, movement_id)
    for _ in range(2):
        assert operator.client.post(f"/cash/{movement_id}/reverse", data=form).status_code == 303
    wrong, reversal = select(desk, LEDGER)
    assert (reversal["kind"], reversal["amount_gbp"]) == ("deposit", Decimal("-125.00"))
    assert reversal["reverses_movement_id"] == wrong["movement_id"] == movement_id
    assert reversal["occurred_at"] == wrong["occurred_at"]
    [told] = select(
        desk, "select person, subject, detail from desk.audit_log where action = 'reverse_cash_movement'"
    )
    assert (told["person"], told["subject"]) == ("operator", f"cash/{reversal['movement_id']}")
    assert told["detail"]["reverses"] == f"cash/{movement_id}"
    page = operator.client.get("/cash/new").text
    assert "Taken back." in page and "/reverse" not in page


def test_a_movement_is_taken_back_once_and_a_reversal_stays(operator, desk):
    """From a page that was open before, under another key, and the reversal itself."""
    movement_id = booked(operator)
    first, second = reversing(operator, movement_id), reversing(operator, movement_id)
    assert operator.client.post(f"/cash/{movement_id}/reverse", data=first).status_code == 303
    before = count_rows(desk)
    for path, fields, says in (
        (f"/cash/{movement_id}/reverse", second, "is taken back already"),
        (f"/cash/{movement_id}/reverse", first | {"notes": "another"}, "already sent with another reason"),
        (f"/cash/{movement_id + 1}/reverse", second, "takes another one back itself"),
        ("/cash/999/reverse", second, "has no cash movement 999"),
        (f"/cash/{10**30}/reverse", second, "Not taken back"),
    ):
        answer = operator.client.post(path, data=fields)
        assert answer.status_code == 409 and says in answer.text, path
    assert count_rows(desk) == before


def test_a_reversal_needs_a_reason_and_an_operator(operator, executor, desk, ticket):
    """The reason is asked for beside the movement; an executor is refused by the page and by Postgres."""
    movement_id = booked(operator)
    form = reversing(operator, movement_id)
    answer = operator.client.post(f"/cash/{movement_id}/reverse", data=form | {"notes": " "})
    assert answer.status_code == 422 and "The reason is missing" in answer.text
    token = executor.line_form(ticket, 1)["csrf_token"]
    refused = executor.client.post(f"/cash/{movement_id}/reverse", data=form | {"csrf_token": token})
    assert refused.status_code == 403
    request = {"portfolio_id": desk.portfolio_id, "movement_id": movement_id, "idempotency_key": "k"}
    for person, notes, why in (
        ("executor", "why", "executor is no operator"),
        ("mallory", "why", "mallory is no operator"),
        ("operator", " ", "taken back for a reason"),
    ):
        with (
            connect("desk_app", desk) as connection,
            pytest.raises(psycopg.errors.CheckViolation, match=why),
        ):
            sent = json.dumps(request | {"person": person, "notes": notes})
            queries.ledger.reverse_cash_movement(connection, request=sent)
    assert len(select(desk, LEDGER)) == 1


def test_postgres_takes_no_reversal_that_is_not_the_whole_of_its_movement(operator, desk):
    """Another amount, instant, kind or portfolio, a second reversal: not even the owner can insert one."""
    movement_id = booked(operator)
    copied = (
        "insert into desk.ledger_cash_movements (portfolio_id, kind, amount_gbp, occurred_at, person,"
        " idempotency_key, request_sha256, reverses_movement_id) select {portfolio}, {kind}, {amount}, {at}, person,"
        " %s, request_sha256, movement_id from desk.ledger_cash_movements where movement_id = %s"
    )
    whole = {"portfolio": "portfolio_id", "kind": "kind", "amount": "-amount_gbp", "at": "occurred_at"}
    with rows.superuser(desk) as connection:
        for key, changed in enumerate(
            (
                {"amount": "-amount_gbp + 0.01"},
                {"amount": "amount_gbp"},
                {"at": "occurred_at - interval '1 day'"},
                {"kind": "'interest'"},
            )
        ):
            with pytest.raises(psycopg.errors.ForeignKeyViolation, match="reverses_the_whole_of_it"):
                connection.execute(copied.format(**whole | changed), (f"k{key}", movement_id))
        connection.execute(copied.format(**whole), ("whole", movement_id))
        with pytest.raises(psycopg.errors.UniqueViolation, match="reverses_movement_id_key"):
            connection.execute(copied.format(**whole), ("again", movement_id))


@pytest.mark.parametrize(
    ("amount", "says"), [("0,125", "comma where none belongs"), ("1.234", "read as 1234 and as 1.234")]
)
def test_an_eighth_with_a_comma_is_not_booked_as_125_pounds(operator, desk, amount, says):
    """Nothing is booked, and the message says how it is written."""
    form = operator.form_of("/cash/new", "/cash/new") | {"kind": "deposit", "amount": amount}
    answer = operator.client.post("/cash/new", data=form)
    assert answer.status_code == 422 and says in answer.text
    assert select(desk, LEDGER) == []


def test_a_recorded_line_of_three_decimals_can_be_corrected_as_it_is_filled_in(executor, desk, ticket):
    """3.125 units come back as 3.1250, which is not asked back."""
    fields = {"fill-1-units": "6.1250", "fill-1-price": "102.0400", "fill-1-value": "500.00"}
    form = executor.line_form(ticket, 1) | {"fill-1-time": "14:52", "fill-1-zone": "London"}
    assert executor.confirm(ticket, 1, "DONE", form, **fields).status_code == 303
    again = executor.line_form(ticket, 1)
    assert again["fill-1-units"] == "6.1250"
    corrected = executor.confirm(ticket, 1, "DONE", again, amendment_reason="the note was missing", notes="n")
    assert corrected.status_code == 303
