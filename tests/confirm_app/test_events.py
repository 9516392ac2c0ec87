"""What happened to the account, on the page: booked by an operator, asked about, approved, taken back."""

import json
import re
from decimal import Decimal

import pytest

from confirm_app.people.accounts import set_person
from tests.confirm_app.conftest import Visitor, doubts_of
from tests.confirm_app.desk_rows import PASSWORDS, count_rows, deposit, select
from tests.database.planning import policy_of
from trading_ops.db.connect import connect, queries
from trading_ops.runs.frozen import adopt_policy

EVENTS = "/events/new"


@pytest.fixture
def holder(executor, operator, desk, ticket):
    """The operator of a book of £8,500 that holds 6.25 ALDR."""
    deposit(desk, "9000.00")
    assert executor.confirm(ticket, 1).status_code == 303
    return operator


def fill_in(visitor, **fields) -> dict[str, str]:
    """A fresh form, filled in."""
    form = visitor.form_of(f"{EVENTS}?kind={fields['kind']}", EVENTS)
    return form | {"notes": "the broker's notice"} | fields


def held(desk) -> dict[str, Decimal]:
    """Units by symbol."""
    return {
        row["internal_symbol"]: row["units"]
        for row in select(desk, "select internal_symbol, units from desk.positions_now where units <> 0")
    }


def test_a_merger_is_booked_once_and_taken_back(holder, desk):
    """In small letters; sent twice it counts once; the page offers the way back."""
    form = fill_in(holder, kind="merger", symbol="aldr", units_out="6.25", cash="500.00", document="notice 7")
    for _ in range(2):
        assert holder.client.post(EVENTS, data=form).status_code == 303
    assert held(desk) == {}
    page = holder.client.get(EVENTS).text
    assert "notice 7" in page and "Take it back" in page
    [action] = {part.split('"')[0] for part in page.split('action="')[1:] if "/reverse" in part.split('"')[0]}
    back = holder.form_of(EVENTS, action)
    assert holder.client.post(action, data=back | {"notes": ""}).status_code == 422
    assert holder.client.post(action, data=back | {"notes": "a slip"}).status_code == 303
    assert held(desk) == {"ALDR": Decimal("6.25")}
    assert "Taken back." in holder.client.get(EVENTS).text
    again = holder.client.post(action, data=back | {"notes": "a slip", "key": "b" * 32})
    assert again.status_code == 409 and "is taken back already" in again.text


def test_a_slip_is_asked_about_and_a_mistake_is_told(holder, desk):
    """A part of what is delisted, a tenth of the book, units that are not there, an unknown stock."""
    before = count_rows(desk)
    form = fill_in(holder, kind="delisting", symbol="ALDR", units_out="6")
    answer = holder.client.post(EVENTS, data=form)
    assert answer.status_code == 422 and set(doubts_of(answer)) == {"doubt-units_out-part-of-holding"}
    answer = holder.client.post(
        EVENTS, data=fill_in(holder, kind="trade", symbol="ALDR", units_out="6", cash="5000.00")
    )
    assert answer.status_code == 422 and set(doubts_of(answer)) == {"doubt-cash-share-of-equity"}
    answer = holder.client.post(EVENTS, data=fill_in(holder, kind="transfer", symbol="ALDR", units_out="7"))
    assert (
        answer.status_code == 422 and "Not recorded: the book would hold -0.75 units of ALDR" in answer.text
    )
    answer = holder.client.post(EVENTS, data=fill_in(holder, kind="air_drop", symbol="Nobody", units_in="1"))
    assert answer.status_code == 422 and "NOBODY is no stock the desk knows" in answer.text
    assert count_rows(desk) == before


def test_a_kind_has_its_own_fields(holder):
    """And no others; what is no kind is chosen anew."""
    form = holder.form_of(f"{EVENTS}?kind=dividend&symbol=ALDR", EVENTS)
    assert {"cash", "withheld", "dollars"} < form.keys() and not {
        "units_in",
        "cost",
        "new_symbol",
    } & form.keys()
    assert (form["kind"], form["symbol"]) == ("dividend", "ALDR")
    for address in (EVENTS, f"{EVENTS}?kind=nothing"):
        page = holder.client.get(address).text
        assert 'href="/events/new?kind=merger"' in page and "Book it" not in page
    answer = holder.client.post(EVENTS, data=form | {"kind": "nothing"})
    assert answer.status_code == 422 and "Choose what happened" in answer.text


def test_the_executor_books_no_events(executor):
    """The form is the operator's."""
    assert executor.client.get(EVENTS).status_code == 403


def test_a_second_operator_approves_an_event_and_its_reversal_on_the_page(holder, app, desk, monkeypatch):
    """Until then the event counts, and the page says so; a waiting event is taken back by one alone."""
    with connect("desk_planner", desk) as connection:
        adopt_policy(connection, policy_of({"event_persons_min: 1": "event_persons_min: 2"}))
        set_person(connection, "deputy", "operator", "deputy@trading-ops.example", "deputy's password")
    monkeypatch.setitem(PASSWORDS, "deputy", "deputy's password")
    deputy = Visitor(app.test_client())
    deputy.sign_in("deputy")
    form = fill_in(holder, kind="transfer", symbol="ALDR", units_out="6")
    assert holder.client.post(EVENTS, data=form).status_code == 303
    assert "Approve it" not in holder.client.get(EVENTS).text
    approve(deputy)
    assert held(desk) == {"ALDR": Decimal("0.25")}
    take_back(holder)
    page = holder.client.get(EVENTS).text
    assert held(desk) == {"ALDR": Decimal("0.25")} and "Taken back." not in page
    assert page.count("Waits for a second operator") == 1
    approve(deputy)
    page = holder.client.get(EVENTS).text
    assert held(desk) == {"ALDR": Decimal("6.25")} and "Taken back." in page
    form = fill_in(holder, kind="transfer", symbol="ALDR", units_out="5")
    assert holder.client.post(EVENTS, data=form).status_code == 303
    take_back(holder)
    page = deputy.client.get(EVENTS).text
    assert page.count("Taken back.") == 2 and "Waits" not in page and "Approve it" not in page


def test_what_waits_is_shown_however_old_it_is(holder, desk):
    """Twenty dividends later somebody can still approve it."""
    with connect("desk_planner", desk) as connection:
        adopt_policy(connection, policy_of({"event_persons_min: 1": "event_persons_min: 2"}))
    request = {
        "portfolio_id": "demo", "kind": "transfer", "person": "operator", "notes": "n", "idempotency_key": "first",
        "legs": [{"symbol": "ALDR", "units": "-1"}], "happened_at": "2026-06-15T14:00:00+00:00",
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        queries.ledger.record_event(connection, request=json.dumps(request))
        for number in range(21):
            paid = {
                "kind": "dividend",
                "legs": [{"symbol": "ALDR", "cash_gbp": "1"}],
                "idempotency_key": f"{number}",
            }
            queries.ledger.record_event(connection, request=json.dumps(request | paid))
    page = holder.client.get(EVENTS).text
    assert page.count("Waits for a second operator") == 1 and page.count("<strong>Dividend</strong>") == 20


def approve(visitor) -> None:
    """Approve the one event that waits."""
    [action] = re.findall(r'action="([^"]+/approve)"', visitor.client.get(EVENTS).text)
    assert visitor.client.post(action, data=visitor.form_of(EVENTS, action)).status_code == 303


def take_back(visitor) -> None:
    """Take back the newest event that can be."""
    action = re.findall(r'action="([^"]+/reverse)"', visitor.client.get(EVENTS).text)[0]
    sent = visitor.form_of(EVENTS, action) | {"notes": "a slip"}
    assert visitor.client.post(action, data=sent).status_code == 303
