"""Where books and eToro differ, on the operator's page: an explanation leads to the form that books it."""

import json
import re
from decimal import Decimal
from html import unescape

import pytest

from tests.confirm_app.desk_rows import deposit, select
from tests.database.planning import policy_of
from trading_ops.db.connect import connect, queries
from trading_ops.runs.frozen import adopt_policy


@pytest.fixture
def holder(executor, operator, desk, ticket):
    """The operator of a book of £8,500 and 6.25 ALDR, under the policy in use."""
    with connect("desk_planner", desk) as connection:
        adopt_policy(connection, policy_of())
    deposit(desk, "9000.00")
    assert executor.confirm(ticket, 1).status_code == 303
    return operator


def show(desk, cash: str, units: str) -> None:
    """Record what eToro shows."""
    [now] = select(desk, "select desk.now()::text as at")
    request = {
        "portfolio_id": "demo", "source": "form", "cash_gbp": cash, "taken_at": now["at"], "person": "executor",
        "idempotency_key": f"{cash} {units}", "positions": [{"broker_symbol": "ALDR", "units": units}],
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        queries.ledger.record_snapshot(connection, request=json.dumps(request))


def followed(visitor, words: str):
    """Open the form an explanation leads to."""
    page = visitor.client.get("/cases").text
    [path] = re.findall(rf"{words}</strong>.*?href=\"([^\"]+)\"", page, re.S)[:1]
    return unescape(path)


def test_a_drift_is_explained_and_booked_from_its_form(holder, desk):
    """£4.10 and a split that nobody told; each is booked as it was proposed, by the operator."""
    show(desk, "8505.60", "25")
    page = holder.client.get("/cases").text
    assert "eToro shows <strong>25</strong>" in page and "the books have <strong>6.25</strong>" in page
    path = followed(holder, "Split")
    form = holder.form_of(path, "/splits")
    assert (form["symbol"], form["new_shares"], form["old_shares"]) == ("ALDR", "4", "1")
    sent = form | {"belief": "believed", "notes": "the company says so", "ex_date": form["ex_date"]}
    assert holder.client.post("/splits", data=sent | {"notes": ""}).status_code == 422
    assert holder.client.post("/splits", data=sent | {"new_shares": "1"}).status_code == 422
    assert holder.client.post("/splits", data=sent).status_code == 303
    [found] = select(desk, "select belief, person, new_shares from desk.split_findings")
    assert (found["belief"], found["person"], found["new_shares"]) == ("believed", "operator", 4)
    assert "ALDR" in holder.client.get("/splits").text


def test_an_event_s_form_is_filled_in_by_its_explanation(holder, desk):
    """Two more shares and less cash: a trade outside a ticket, with both figures."""
    show(desk, "8340.00", "8.25")
    path = followed(holder, "Off ticket trade")
    form = holder.form_of(path, "/events/new")
    assert (form["symbol"], form["units_in"], form["cash"]) == ("ALDR", "2", "160.00")
    answer = holder.client.post("/events/new", data=form | {"notes": "by hand"})
    assert answer.status_code == 303
    [held] = select(desk, "select units from desk.positions_now where internal_symbol = 'ALDR'")
    assert held["units"] == Decimal("8.25")


def test_the_executor_has_no_cases(executor):
    """They are the operator's, as what they lead to."""
    assert executor.client.get("/cases").status_code == 403
    assert executor.client.get("/splits").status_code == 403
