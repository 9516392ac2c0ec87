"""What may explain a drift, and the dividends that are due: proposed in order, booked by an operator."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.database import rows
from tests.database.ledger_model import book_fills, issue_trades
from tests.database.planning import freeze_plan, on_saturday, policy_of
from tests.database.test_splits import BOUGHT_AT, buy
from trading_ops.db.connect import connect, queries
from trading_ops.runs.frozen import adopt_policy

SHOWN_AT = datetime(2026, 6, 16, 12, tzinfo=UTC)


@pytest.fixture
def book(desk):
    """£1,000, ten AAA bought for £800 on Monday; the second line of the ticket, BBB, is not recorded."""
    ticket_id = issue_trades(desk, freeze_plan(on_saturday(desk)), [("AAA", "BUY"), ("BBB", "BUY")])
    with connect("desk_planner", desk) as connection:
        adopt_policy(connection, policy_of())
    move(desk, "withdrawal", "-9000.00", rows.SATURDAY_AT)
    rows.set_clock(desk, BOUGHT_AT)
    book_fills(desk, ticket_id, 1, [("10", BOUGHT_AT)])
    rows.set_clock(desk, SHOWN_AT)
    return desk


def move(desk, kind: str, amount: str, at: datetime) -> None:
    """Book money that moved."""
    request = {
        "portfolio_id": "demo", "kind": kind, "amount_gbp": amount, "occurred_at": at.isoformat(), "person": "operator",
        "idempotency_key": f"{kind} {amount} {at}", "notes": "",
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        queries.ledger.record_cash_movement(connection, request=json.dumps(request))


def show(desk, cash: str, **units: str) -> None:
    """Record what eToro shows now."""
    positions = [{"broker_symbol": symbol, "units": count} for symbol, count in units.items()]
    request = {
        "portfolio_id": "demo", "source": "form", "cash_gbp": cash, "taken_at": SHOWN_AT.isoformat(), "person": "operator",
        "idempotency_key": f"{cash} {units}", "positions": positions,
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        queries.ledger.record_snapshot(connection, request=json.dumps(request))


def explained(desk) -> dict[str, list[dict]]:
    """The hypotheses of each subject, the likeliest first, as the page reads them."""
    found: dict[str, list[dict]] = {}
    with connect("desk_app", desk) as connection:
        for row in queries.page.drift_hypotheses(connection, portfolio_id="demo"):
            found.setdefault(row["subject"], []).append(row)
    return found


def test_books_that_agree_need_no_explanation(book):
    """Within the tolerance of reconciliation."""
    show(book, "201.00", AAA="10.01")
    assert explained(book) == {}


@pytest.mark.parametrize(
    ("cash", "units", "subject", "hypothesis", "form", "fields"),
    [
        (
            "200.00",
            {"AAA": "40"},
            "AAA",
            "split",
            "split",
            {"symbol": "AAA", "new_shares": "4", "old_shares": "1"},
        ),
        ("200.00", {"AAA": "2.5"}, "AAA", "split", "split", {"new_shares": "1", "old_shares": "4"}),
        ("200.00", {"AAA": "1000"}, "AAA", "decimal_shift", "snapshot", {}),
        ("1000.00", {}, "AAA", "duplicate_confirmation", "line", {"line_number": 1}),
        ("200.00", {"AAA": "100"}, "AAA", "units_and_price_swapped", "line", {"line_number": 1}),
        (
            "60.00",
            {"AAA": "12"},
            "AAA",
            "off_ticket_trade",
            "event",
            {"kind": "trade", "units_in": "2", "cash": "140.00"},
        ),
        (
            "200.00",
            {"ZZZ": "10"},
            "AAA",
            "corporate_event",
            "event",
            {"kind": "exchange", "new_symbol": "ZZZ"},
        ),
        ("500.00", {"AAA": "10"}, "CASH", "deposit", "cash", {"kind": "deposit", "amount": "300.00"}),
        (
            "190.03",
            {"AAA": "10"},
            "CASH",
            "fx_conversion",
            "event",
            {"kind": "fx_conversion", "cash": "-9.97"},
        ),
        ("250.00", {"AAA": "10"}, "CASH", "pounds_and_dollars_mixed_up", "snapshot", {}),
        ("2000.00", {"AAA": "10"}, "CASH", "decimal_shift", "snapshot", {}),
        ("207.31", {"AAA": "10"}, "CASH", "interest", "cash", {"kind": "interest", "amount": "7.31"}),
    ],
)
def test_a_cause_is_proposed_with_its_form(book, cash, units, subject, hypothesis, form, fields):
    """Among the first three, with the figures filled in."""
    with connect("desk_loader", book) as connection:
        load_id = rows.insert_load(connection, "rate", 1)
        connection.execute(
            "insert into raw.fx_rates values (%s, 'ecb', '2026-06-15', 'GBP', 'USD', 1.25)", (load_id,)
        )
    show(book, cash, **units)
    found = explained(book)[subject]
    assert hypothesis in [row["hypothesis"] for row in found[:3]], found
    [row] = [row for row in found[:3] if row["hypothesis"] == hypothesis]
    assert row["form"] == form
    assert {name: row["fields"][name] for name in fields} == fields


def test_a_line_that_was_executed_and_not_recorded_is_the_first_guess(book):
    """By its units and by its money."""
    with connect("desk_planner", book) as connection:
        [line] = connection.execute(
            "select units_estimate, value_gbp from desk.ledger_trades_intended where line_number = 2"
        ).fetchall()
    show(book, str(200 - line["value_gbp"]), AAA="10", BBB=f"{line['units_estimate']:.6f}")
    found = explained(book)
    for subject in ("BBB", "CASH"):
        assert found[subject][0]["hypothesis"] == "missing_confirmation"
        assert found[subject][0]["fields"]["line_number"] == 2


def test_two_digits_that_changed_places_are_seen(desk):
    """In units; another permutation is none."""
    buy(desk, "12.34")
    with connect("desk_planner", desk) as connection:
        adopt_policy(connection, policy_of())
    rows.set_clock(desk, SHOWN_AT)
    show(desk, "9012.80", AAA="13.24")
    assert explained(desk)["AAA"][0]["hypothesis"] == "digit_transposition"


def test_a_dividend_is_expected_until_it_is_booked(book):
    """Ten shares at 2.50 dollars; less thirty percent it explains the cash; booked it is expected no more."""
    with connect("desk_loader", book) as connection:
        load_id = rows.insert_load(connection, "dividends", 1)
        for symbol, value in (("AAA.V", "2.50"), ("BBB.V", "1")):
            connection.execute(
                "insert into raw.corporate_actions values (%s, 'simulated', %s, '2026-06-16', 'dividend', %s)",
                (load_id, symbol, value),
            )
        connection.execute(
            "insert into raw.fx_rates values (%s, 'ecb', '2026-06-15', 'GBP', 'USD', 1.25)", (load_id,)
        )
    show(book, "214.00", AAA="10")
    [first, *_] = explained(book)["CASH"]
    assert first["hypothesis"] == "dividend"
    assert first["fields"] == {"kind": "dividend", "symbol": "AAA", "cash": "14.00", "withheld": "6.00"}
    with connect("desk_app", book) as connection:
        [due] = queries.page.expected_dividends(connection, portfolio_id="demo")
        assert (due["symbol"], due["ex_date"], due["gross_usd"]) == (
            "AAA",
            date(2026, 6, 16),
            Decimal("25.00"),
        )
        assert (due["gross_gbp"], due["is_overdue"]) == (20, False)
    request = {
        "portfolio_id": "demo", "kind": "dividend", "happened_at": SHOWN_AT.isoformat(), "person": "operator", "notes": "n",
        "idempotency_key": "d", "legs": [{"symbol": "AAA", "cash_gbp": "14.00", "withheld_gbp": "6.00"}],
    }  # fmt: skip
    rows.set_clock(book, datetime(2026, 6, 17, 12, tzinfo=UTC))
    with connect("desk_app", book) as connection:
        queries.ledger.record_event(connection, request=json.dumps(request))
        assert list(queries.page.expected_dividends(connection, portfolio_id="demo")) == []
    assert explained(book) == {}
