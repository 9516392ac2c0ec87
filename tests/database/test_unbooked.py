"""What a statement books and the ledger lacks is shown, and never booked by itself."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.database import rows
from tests.database.test_line_proofs import AT, END, MADE_AT, START, account, fill
from tests.database.test_statements import keep, select
from trading_ops.db.connect import connect

UNBOOKED = "select kind, amount from desk.statement_unbooked order by happened_at, kind, amount"


@pytest.fixture
def book(desk):
    """A book in pounds that began on 2 June with a deposit."""
    rows.set_clock(desk, MADE_AT)
    rows.add_portfolio(desk)
    move(desk, "deposit", "5000.00", START + timedelta(days=1), "opening")
    return desk


def move(desk, kind: str, amount: str, at, key: str) -> None:
    """Book money that moved, as the cash form does."""
    request = {
        "portfolio_id": desk.portfolio_id, "kind": kind, "amount_gbp": amount, "occurred_at": at.isoformat(),
        "person": "operator", "notes": "", "idempotency_key": key,
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_cash_movement(%s)", (json.dumps(request),))


def test_a_dividend_is_unbooked_until_somebody_books_it(book):
    """Two alike on one day are two: the first booking is that of the first."""
    made = account("GBP")
    number = made.buy(AT - timedelta(days=5), "ALDR/USD", "400.00", "5", "Alder Instruments")
    for _ in range(2):
        made.dividend(AT, number, "1.20", "0.51")
    keep(book, made.export(START, END, MADE_AT))
    bought = ("opened", Decimal("-400.00"))
    dividend = ("dividend", Decimal("1.20"))
    assert select(book, UNBOOKED) == [bought, dividend, dividend]
    move(book, "dividend", "1.21", AT, "another amount")
    move(book, "dividend", "1.20", AT - timedelta(days=1), "another day")
    assert select(book, UNBOOKED) == [bought, dividend, dividend]
    move(book, "dividend", "1.20", AT, "one")
    assert select(book, UNBOOKED) == [bought, dividend]
    move(book, "dividend", "1.20", AT + timedelta(minutes=1), "two")
    assert select(book, UNBOOKED) == [bought]


def test_fees_withdrawals_and_splits_are_told(book):
    """Whatever moved money or units and is no trade of a ticket; what moved nothing is not."""
    made = account("GBP")
    number = made.buy(AT - timedelta(days=9), "ALDR/USD", "400.00", "5", "Alder Instruments")
    made.split(AT, "ALDR/USD", 2, 1)
    made.move(AT, "Withdraw Request", "-25.00")
    made.move(AT, "Withdraw Fee", "-5.00")
    made.move(AT, "Edit Stop Loss", "-0.01", "-", number, equity=0)
    made.move(AT, "Rollover Fee", "0.00", "Over night fee", number, "CFD")
    keep(book, made.export(START, END, MADE_AT))
    told = [(kind, str(amount)) for kind, amount in select(book, UNBOOKED)]
    assert told == [
        ("opened", "-400.00"), ("edit_stop_loss", "-0.01"), ("split", "0"), ("withdrawal", "-25.00"),
        ("withdrawal_fee", "-5.00"),
    ]  # fmt: skip


def test_what_was_before_the_book_began_is_none_of_it(book):
    """The account may be older than the book."""
    made = account("GBP")
    made.rows[0]["at"] = START
    keep(book, made.export(START, END, MADE_AT))
    assert select(book, UNBOOKED) == []


def test_a_trade_of_a_ticket_and_its_commission_are_booked_by_the_confirmation(desk):
    """The line says what they came to; the same stock bought a week later by nobody's order is unbooked."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket = rows.add_trade_ticket(desk, ("ALDR",), frozen_at=rows.SATURDAY_AT)
    rows.set_clock(desk, MADE_AT)
    rows.confirm_line(desk, ticket, 1, "DONE", [fill(fee="1.00")])
    move(desk, "deposit", "5000.00", START + timedelta(days=1), "opening")
    made = account("GBP")
    number = made.buy(AT, "ALDR/USD", "400.00", "5", "Alder Instruments")
    made.move(AT, "Commission", "-1.00", "Opening Commission", number, "Stocks")
    made.buy(AT + timedelta(minutes=5), "BRCH/USD", "80.00", "2", "Birch Energy")
    keep(desk, made.export(START, END, MADE_AT))
    found = "select paper, units, amount, is_underlying from desk.statement_unbooked"
    assert select(desk, found) == [("BRCH/USD", Decimal("2"), Decimal("-80.00"), True)]


def test_of_an_account_in_dollars_the_day_and_the_kind_are_compared(book):
    """What it came to in pounds, the statement does not say."""
    made = account("USD")
    number = made.buy(AT - timedelta(days=5), "ALDR/USD", "400.00", "5", "Alder Instruments")
    made.dividend(AT, number, "1.20", "0.51")
    keep(book, made.export(START, END, MADE_AT))
    move(book, "dividend", "0.95", AT + timedelta(hours=1), "one")
    assert select(book, UNBOOKED) == [("opened", Decimal("-400.00"))]


def book_event(desk, kind: str, at, symbol: str, key: str, **leg) -> None:
    """Book what happened beside ticket lines, as the page does."""
    request = {
        "portfolio_id": desk.portfolio_id, "kind": kind, "happened_at": at.isoformat(), "person": "operator",
        "notes": "statement", "document": "", "idempotency_key": key, "legs": [{"symbol": symbol, **leg}],
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_event(%s)", (json.dumps(request),))


def test_a_trade_and_a_dividend_that_are_booked_as_events_are_no_longer_told(book):
    """By stock, day and units, by kind, day and net; of two alike one stays until it is booked as well."""
    rows.add_policy(book)
    rows.add_universe(book)
    made = account("GBP")
    at = AT - timedelta(days=5)
    number = [
        made.buy(at + timedelta(minutes=minute), "ALDR/USD", "400.00", "5", "Alder") for minute in (0, 1)
    ][0]
    made.dividend(AT, number, "1.20", "0.51")
    keep(book, made.export(START, END, MADE_AT))
    bought, dividend = ("opened", Decimal("-400.00")), ("dividend", Decimal("1.20"))
    assert select(book, UNBOOKED) == [bought, bought, dividend]
    book_event(book, "trade", at + timedelta(minutes=30), "ALDR", "one", units="5", cash_gbp="-401.00")
    assert select(book, UNBOOKED) == [bought, dividend]
    book_event(book, "trade", at + timedelta(minutes=31), "ALDR", "two", units="5", cash_gbp="-400.00")
    book_event(book, "dividend", AT, "ALDR", "three", cash_gbp="1.20", withheld_gbp="0.51")
    assert select(book, UNBOOKED) == []
