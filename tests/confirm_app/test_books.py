"""The account as the books have it, now and as it was known on an earlier day."""

import json

from tests.confirm_app.desk_rows import deposit, select
from trading_ops.db.connect import connect, queries


def shown(visitor, query: str = "") -> str:
    """The text of the page, without the line breaks of its template."""
    return " ".join(visitor.client.get(f"/account{query}").text.split())


def test_the_page_has_cash_positions_lots_and_entries(executor, desk, ticket):
    """£9,000 came, 6.25 ALDR were bought for £500; the fill is one lot and one entry."""
    deposit(desk, "9000.00")
    assert executor.confirm(ticket, 1).status_code == 303
    page = shown(executor)
    assert "Cash <strong>£8,500.00</strong>" in page
    assert "<strong>6.25</strong> units, cost <strong>£500.00</strong>" in page
    assert "6.25 units for £500.00" in page and "fill ALDR: 6.25 units, -£500.00" in page
    assert "deposit: £9,000.00" in page and "Nothing yet." in page


def test_what_was_sold_is_shown_with_its_gain(operator, executor, desk, ticket):
    """Half of it outside a ticket: what it had cost, what it brought, what it cost to sell."""
    deposit(desk, "9000.00")
    executor.confirm(ticket, 1)
    [now] = select(desk, "select desk.now()::text as at")
    request = {
        "portfolio_id": "demo", "kind": "trade", "happened_at": now["at"], "person": "operator", "notes": "by hand",
        "idempotency_key": "sale", "legs": [{"symbol": "ALDR", "units": "-3.125", "cash_gbp": "298", "fee_gbp": "2"}],
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        queries.ledger.record_event(connection, request=json.dumps(request))
    page = shown(operator)
    assert "ALDR: 3.125 units, cost £250.00, brought £300.00, fees £2.00: <strong>£48.00</strong>" in page
    assert "Realised, after fees <strong>£48.00</strong>" in page
    assert "<strong>3.125</strong> units, cost <strong>£250.00</strong>" in page


def test_an_earlier_day_is_shown_as_it_was_known(executor, desk, ticket):
    """Before anything was booked there is nothing; a day that is none is no page."""
    deposit(desk, "9000.00")
    executor.confirm(ticket, 1)
    page = shown(executor, "?day=2020-01-01")
    assert (
        "Cash <strong>£0.00</strong>" in page and "Nothing is held." in page and "Nothing is booked." in page
    )
    assert executor.client.get("/account?day=soon").status_code == 404
    assert executor.client.get("/account?day=9999-12-31").status_code == 404
