"""What happens to an account beside ticket lines: booked once, by an operator, and taken back whole."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest

from tests.database import rows
from tests.database.planning import policy_of, table
from tests.database.test_splits import BOUGHT_AT, buy, positions, said, split_week, take
from trading_ops.db.connect import connect, queries
from trading_ops.runs.frozen import adopt_policy

AFTER_AT = datetime(2026, 6, 16, 12, tzinfo=UTC)


@pytest.fixture
def book(desk):
    """A book that bought ten AAA for £800 on Monday, under the policy in use; it is Tuesday."""
    buy(desk)
    with connect("desk_planner", desk) as connection:
        adopt_policy(connection, policy_of())
    rows.set_clock(desk, AFTER_AT)
    return desk


def leg(symbol: str | None = "AAA", **fields) -> dict:
    """A leg of an event."""
    return {"symbol": symbol, **fields}


def event(kind: str, *legs: dict, **changed) -> dict:
    """A request of an event of Tuesday."""
    whole = {
        "portfolio_id": "demo", "kind": kind, "happened_at": "2026-06-16T10:00:00+00:00", "person": "operator",
        "notes": "the broker's notice", "document": "notice 7", "idempotency_key": kind, "legs": list(legs),
    }  # fmt: skip
    return whole | changed


def record(desk, request: dict, write=queries.ledger.record_event) -> int:
    """Hand a request in as the page does."""
    with connect("desk_app", desk) as connection:
        return write(connection, request=json.dumps(request))


def cash(desk) -> Decimal:
    """All the cash the entries of the book add up to."""
    return sum(row["cash_delta_gbp"] for row in table(desk, "entries"))


EVENTS = [
    ("trade", [leg(units="-4", cash_gbp="330.50", fee_gbp="1.50")], {"AAA": 6}, "330.50"),
    ("trade", [leg("BBB", units="2.5", cash_gbp="-200")], {"AAA": 10, "BBB": Decimal("2.5")}, "-200"),
    ("dividend", [leg(cash_gbp="7.05", withheld_gbp="3.02", amount_usd="9.00")], {"AAA": 10}, "7.05"),
    ("cash_in_lieu", [leg(units="-0.4", cash_gbp="31")], {"AAA": Decimal("9.6")}, "31"),
    ("spin_off", [leg(cost_gbp="-90"), leg("BBB", units="5", cost_gbp="90")], {"AAA": 10, "BBB": 5}, "0"),
    ("merger", [leg(units="-10", cash_gbp="900")], {}, "900"),
    ("merger", [leg(units="-10", cash_gbp="100"), leg("BBB", units="7")], {"BBB": 7}, "100"),
    ("exchange", [leg(units="-10"), leg("BBB", units="10")], {"BBB": 10}, "0"),
    ("delisting", [leg(units="-10")], {}, "0"),
    ("transfer", [leg(units="-10")], {}, "0"),
    ("air_drop", [leg("BBB", units="1", cost_gbp="12.10")], {"AAA": 10, "BBB": 1}, "0"),
    ("fx_conversion", [leg(None, cash_gbp="-0.45", amount_usd="-0.60")], {"AAA": 10}, "-0.45"),
    ("correction", [leg(units="0.00000001")], {"AAA": Decimal("10.00000001")}, "0"),
]


@pytest.mark.parametrize(("kind", "legs", "held", "cash_gbp"), EVENTS)
def test_an_event_moves_units_and_cash_and_is_taken_back_whole(book, kind, legs, held, cash_gbp):
    """Once per key, with its line in the log; a reversal at the same instant leaves what was there before."""
    before = cash(book)
    number = record(book, event(kind, *legs))
    assert record(book, event(kind, *legs)) == number
    assert (positions(book), cash(book) - before) == (held, Decimal(cash_gbp))
    with rows.superuser(book) as connection:
        [told] = connection.execute("select * from desk.audit_log where action = 'record_event'").fetchall()
    assert (told["person"], told["subject"], told["detail"]["kind"]) == ("operator", f"event/{number}", kind)
    back = {"portfolio_id": "demo", "event_id": number, "person": "operator", "idempotency_key": "back"}
    reversal = record(book, back | {"notes": "a slip"}, queries.ledger.reverse_event)
    assert record(book, back | {"notes": "a slip"}, queries.ledger.reverse_event) == reversal
    assert (positions(book), cash(book)) == ({"AAA": 10}, before)
    assert all(row["is_taken_back"] for row in table(book, "entries") if row["entry_id"] == f"event/{number}")
    with pytest.raises(psycopg.errors.CheckViolation, match="is taken back already"):
        record(book, back | {"notes": "again", "idempotency_key": "twice"}, queries.ledger.reverse_event)


REFUSED = [
    (event("trade", leg(units="-4", cash_gbp="-1")), "units in for cash out", "event_is_one_of_its_kind"),
    (event("trade", leg(units="-4")), "a trade is one stock", "event_is_one_of_its_kind"),
    (event("dividend", leg(cash_gbp="-7")), "a dividend is cash in", "event_is_one_of_its_kind"),
    (event("dividend", leg(None, cash_gbp="7")), "of one stock", "event_is_one_of_its_kind"),
    (event("merger", leg("BBB", units="7")), "takes units out", "event_is_one_of_its_kind"),
    (
        event("exchange", leg(units="-10"), leg(units="10")),
        "and units in of another",
        "event_is_one_of_its_kind",
    ),
    (
        event("spin_off", leg(cost_gbp="-9"), leg("BBB", units="5", cost_gbp="8")),
        "what they cost leaves",
        None,
    ),
    (event("delisting", leg(units="-10", cash_gbp="-1")), "perhaps for cash", "event_is_one_of_its_kind"),
    (event("transfer", leg(units="-10", cash_gbp="5")), "and no cash", "event_is_one_of_its_kind"),
    (event("correction"), "moves units, cash or cost", "event_is_one_of_its_kind"),
    (event("correction", leg(units="0")), "moves units, cash or cost", "event_is_one_of_its_kind"),
    (event("trade", leg("ZZZ", units="1", cash_gbp="-1")), "the universe in use has no ZZZ", None),
    (event("trade", leg(units="-11", cash_gbp="900")), "would hold -1 units of AAA", "out_at_most_held"),
    (event("delisting", leg("BBB", units="-1")), "would hold -1 units of BBB", "out_at_most_held"),
    (event("merger", leg(units="-10"), leg(units="20")), "of another stock", "event_is_one_of_its_kind"),
    (
        event("spin_off", leg(cost_gbp="90"), leg("BBB", units="5", cost_gbp="-90")),
        "no cost below nothing",
        "event_is_one_of_its_kind",
    ),
    (
        event("spin_off", leg(cost_gbp="-9"), leg("BBB", units="5", cost_gbp="9"), leg(None, cash_gbp="1e6")),
        "a spin-off brings units",
        "event_is_one_of_its_kind",
    ),
    (event("air_drop", leg(units="1", cost_gbp="-9")), "no cost below nothing", "event_is_one_of_its_kind"),
    (
        event("dividend", leg("ZZZ", cash_gbp="7")),
        "the universe in use has no ZZZ",
        "event_is_one_of_its_kind",
    ),
    (event("correction", leg("", cash_gbp="7")), "the universe in use has no", "event_is_one_of_its_kind"),
    (event("correction", leg(units="1"), person="executor"), "executor is no operator", "operator_books"),
    (event("correction", leg(units="1"), person="stranger"), "stranger is no operator", "operator_books"),
    (event("correction", leg(units="1"), notes=" "), "", None),
    (event("split", leg(units="1")), "", None),
    (event("correction", leg(units="NaN")), "", None),
    (event("correction", leg(None, cash_gbp="Infinity")), "", None),
    (event("correction", leg(units="1"), happened_at="2026-06-17T10:00:00+00:00"), "", "happened_in_time"),
    (event("correction", leg(units="1"), happened_at="infinity"), "", "happened_in_time"),
    (
        event("trade", leg(units="-1", cash_gbp="1"), happened_at="2026-06-15T13:59:59+00:00"),
        "would hold -1",
        None,
    ),
]


@pytest.mark.parametrize(("request_", "says", "constraint"), REFUSED)
def test_what_cannot_be_an_event_is_refused_by_postgres(book, request_, says, constraint):
    """In words, whoever calls, and nothing of it stays."""
    with pytest.raises((psycopg.IntegrityError, psycopg.DataError), match=says) as refused:
        record(book, request_)
    assert constraint in (None, refused.value.diag.constraint_name)
    assert table(book, "ledger_events") == [] and positions(book) == {"AAA": 10}


def test_the_same_key_with_another_body_is_refused(book):
    """Whichever figure is another."""
    record(book, event("dividend", leg(cash_gbp="7")))
    with pytest.raises(psycopg.errors.UniqueViolation, match="already sent with other figures"):
        record(book, event("dividend", leg(cash_gbp="7.01")))


def test_an_event_waits_for_a_second_operator_where_the_policy_says_so(book):
    """It counts from the approval on, which its own person cannot give; waiting it can be taken back."""
    with connect("desk_planner", book) as connection:
        adopt_policy(connection, policy_of({"event_persons_min: 1": "event_persons_min: 2"}))
    with rows.superuser(book) as connection:
        connection.execute(
            "insert into desk.people (person_id, role, email, password_hash)"
            " values ('deputy', 'operator', 'deputy@trading-ops.example', 'x')"
        )
    number = record(book, event("merger", leg(units="-10", cash_gbp="900")))
    assert positions(book) == {"AAA": 10}
    approval = {"portfolio_id": "demo", "event_id": number, "person": "operator"}
    with pytest.raises(psycopg.errors.CheckViolation, match="another operator approves it"):
        record(book, approval, queries.ledger.approve_event)
    rows.set_clock(book, datetime(2026, 6, 16, 14, tzinfo=UTC))
    for _ in range(2):
        record(book, approval | {"person": "deputy"}, queries.ledger.approve_event)
    assert positions(book) == {}
    [counted] = [row for row in table(book, "entries") if row["kind"] == "merger"]
    assert counted["recorded_at"] == datetime(2026, 6, 16, 14, tzinfo=UTC)
    waiting = record(book, event("correction", leg("BBB", units="1"), idempotency_key="waits"))
    back = {
        "portfolio_id": "demo",
        "event_id": waiting,
        "person": "operator",
        "notes": "n",
        "idempotency_key": "b",
    }
    record(book, back, queries.ledger.reverse_event)
    assert positions(book) == {}
    with pytest.raises(psycopg.errors.CheckViolation, match="is taken back"):
        record(book, approval | {"event_id": waiting, "person": "deputy"}, queries.ledger.approve_event)


def test_a_split_moves_what_events_brought_and_took(book):
    """Six of ten are left before its day, and two came: they are split, what came after is not."""
    record(book, event("trade", leg(units="-4", cash_gbp="330")))
    record(book, event("air_drop", leg(units="2")))
    run = split_week(book)
    record(book, event("transfer", leg(units="1"), happened_at="2026-06-17T15:00:00+00:00"))
    take(book, run, said(date(2026, 6, 17)))
    assert positions(book) == {"AAA": 33}
    assert BOUGHT_AT < AFTER_AT


def test_a_sale_outside_a_ticket_leaves_zero_within_the_tolerance(book):
    """As a line of a ticket does."""
    record(book, event("trade", leg(units="-10.0099", cash_gbp="800")))
    assert positions(book) == {}
    assert [row["units_delta"] for row in table(book, "entries") if row["kind"] == "rounding"] == [
        Decimal("0.0099")
    ]


def test_a_book_that_is_short_of_one_stock_still_takes_what_happens_to_another(book):
    """A vendor withdraws the split that a sale needed; BBB does not wait, and no more of AAA goes."""
    run = split_week(book)
    take(book, run, said(date(2026, 6, 17)))
    record(book, event("trade", leg(units="-30", cash_gbp="600"), happened_at="2026-06-19T15:00:00+00:00"))
    take(book, run, said(date(2026, 6, 17), belief="withdrawn"))
    assert positions(book) == {"AAA": -20}
    number = record(book, event("air_drop", leg("BBB", units="1")))
    with pytest.raises(psycopg.errors.CheckViolation, match="would hold -21 units of AAA"):
        record(book, event("trade", leg(units="-1", cash_gbp="20"), idempotency_key="more"))
    back = {"portfolio_id": "demo", "event_id": number, "person": "operator", "notes": "n"}
    record(book, back | {"idempotency_key": "back"}, queries.ledger.reverse_event)
    assert positions(book) == {"AAA": -20}


def test_a_small_sale_hides_no_more_than_half_of_what_it_sold(book):
    """A thousandth of some share is money: what stays is held, and nothing is sold of nothing."""
    for hour, units in ((8, "-9.9"), (9, "-0.098"), (10, "-0.0011")):
        sold = leg(units=units, cash_gbp="40")
        record(
            book, event("trade", sold, idempotency_key=units, happened_at=f"2026-06-16T{hour:02}:00:00+00:00")
        )
    assert positions(book) == {"AAA": Decimal("0.0009")}
    with pytest.raises(psycopg.errors.CheckViolation, match="would hold -0.0009.* units of BBB"):
        record(book, event("trade", leg("BBB", units="-0.0009", cash_gbp="40")))
    record(book, event("trade", leg(units="-0.0008", cash_gbp="40"), happened_at="2026-06-16T11:00:00+00:00"))
    assert positions(book) == {}
