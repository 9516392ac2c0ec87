"""What each lot cost and each part of one brought: derived from the entries, the oldest lot first."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.database.ledger_model import book_fills
from tests.database.planning import policy_of, table
from tests.database.rows import set_clock
from tests.database.test_events import event, leg, record
from tests.database.test_splits import BOUGHT_AT, buy, said, split_week, take
from trading_ops.db.connect import connect
from trading_ops.runs.frozen import adopt_policy

TUESDAY_AT = datetime(2026, 6, 16, 12, tzinfo=UTC)


@pytest.fixture
def book(desk):
    """A book that bought ten AAA for £800, a thousand dollars, on Monday; it is Tuesday."""
    buy(desk)
    with connect("desk_planner", desk) as connection:
        adopt_policy(connection, policy_of())
    set_clock(desk, TUESDAY_AT)
    return desk


def book_event(desk, kind: str, hour: int, *legs: dict) -> int:
    """Book an event of an hour of Tuesday, once."""
    return record(
        desk, event(kind, *legs, happened_at=f"2026-06-16T{hour:02}:00:00+00:00", idempotency_key=f"{kind} {hour}")
    )  # fmt: skip


def lots(desk, *columns: str) -> list[tuple]:
    """Columns of the lots' rows, the closed parts first."""
    found = sorted(table(desk, "lots"), key=lambda row: row["slice_number"])
    return [tuple(plain(row[column]) for column in columns) for row in found]


def plain(value):
    """A number without the zeros it ends in."""
    return str(value.normalize() + 0) if isinstance(value, Decimal) else value


FIGURES = ("internal_symbol", "units", "cost_gbp", "cost_usd", "fee_gbp", "proceeds_gbp", "proceeds_usd")


def test_the_oldest_lot_goes_first_and_its_rest_stays(book):
    """Twelve of 10 + 5 are sold: all of the first lot, two of the second; a penny cut off stays behind."""
    book_event(book, "trade", 1, leg(units="5", cash_gbp="-501", fee_gbp="1", amount_usd="-626.25"))
    book_event(book, "trade", 2, leg(units="-12", cash_gbp="1199", fee_gbp="1", amount_usd="1498.75"))
    assert lots(book, *FIGURES) == [
        ("AAA", "10", "800", "1000", "0.83", "1000", "1250"),
        ("AAA", "2", "200", "250", "0.57", "200", "250"),
        ("AAA", "3", "300", "375", "0.6", None, None),
    ]
    assert lots(book, "lot_number", "opened_by", "closed_by") == [
        (1, "fill/1", "event/2"), (2, "event/1", "event/2"), (2, "event/1", None),
    ]  # fmt: skip


EVENTS = [
    ("spin_off", [leg(cost_gbp="-90"), leg("BBB", units="5", cost_gbp="90")],
     [("AAA", "10", "710", "887.5", "0", None, None), ("BBB", "5", "90", "112.5", "0", None, None)]),
    ("exchange", [leg(units="-10"), leg("BBB", units="3")],
     [("AAA", "10", "0", "0", "0", "0", None), ("BBB", "3", "800", "1000", "0", None, None)]),
    ("merger", [leg(units="-10", cash_gbp="100"), leg("BBB", units="7")],
     [("AAA", "10", "100", "125", "0", "100", None), ("BBB", "7", "700", "875", "0", None, None)]),
    ("merger", [leg(units="-10"), leg(None, cash_gbp="801"), leg("BBB", units="7")],
     [("AAA", "10", "800", "1000", "0", "801", None), ("BBB", "7", "0", "0", "0", None, None)]),
    ("merger", [leg(units="-10", cash_gbp="900", amount_usd="1170")],
     [("AAA", "10", "800", "1000", "0", "900", "1170")]),
    ("delisting", [leg(units="-10")], [("AAA", "10", "800", "1000", "0", "0", None)]),
    ("transfer", [leg(units="-4")],
     [("AAA", "4", "320", "400", "0", "320", "400"), ("AAA", "6", "480", "600", "0", None, None)]),
    ("air_drop", [leg("BBB", units="1", cost_gbp="12.10")],
     [("AAA", "10", "800", "1000", "0", None, None), ("BBB", "1", "12.1", None, "0", None, None)]),
    ("cash_in_lieu", [leg(units="-0.4", cash_gbp="31")],
     [("AAA", "0.4", "32", "40", "0", "31", None), ("AAA", "9.6", "768", "960", "0", None, None)]),
    ("dividend", [leg(cash_gbp="7", withheld_gbp="3")], [("AAA", "10", "800", "1000", "0", None, None)]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "legs", "expected"), EVENTS)
def test_an_event_moves_cost_as_it_moves_shares(book, kind, legs, expected):
    """Into another stock, less the cash that came with it; what is transferred leaves at its cost."""
    book_event(book, kind, 1, *legs)
    assert lots(book, *FIGURES) == expected


def test_a_split_changes_the_units_of_each_lot_and_no_cost(book):
    """One for three of ten and some five more: the lots add up to what is held, to the last digit."""
    book_event(book, "trade", 1, leg(units="5.0000005", cash_gbp="-500"))
    run = split_week(book, "0.333333")
    take(book, run, said(date(2026, 6, 17), "1:3"))
    assert lots(book, "units", "cost_gbp") == [("3.33333332", "800"), ("1.66666684", "500")]


def test_a_sale_of_everything_closes_every_lot(book):
    """Ten units and a bit were sold of ten, to within the tolerance: the bit had cost nothing."""
    book_event(book, "trade", 1, leg(units="-10.0009", cash_gbp="820"))
    found = lots(book, "opened_by", "closed_by", "units", "cost_gbp")
    assert found == [("fill/1", "event/1", "10", "800"), ("rounding", "event/1", "0.0009", "0")]
    assert sum(row["proceeds_gbp"] for row in table(book, "lots")) == 820


def test_what_a_sale_leaves_behind_goes_with_it(book):
    """The last thousandth is closed for nothing, and takes its penny of cost with it."""
    book_event(book, "trade", 1, leg(units="-9.9991", cash_gbp="820"))
    found = lots(book, "closed_by", "units", "cost_gbp", "proceeds_gbp")
    assert found == [("event/1", "9.9991", "799.92", "820"), ("rounding", "0.0009", "0.08", "0")]


def test_what_is_sold_before_it_came_is_made_up_for_by_what_comes(book):
    """A split believed no more leaves forty sold of ten: thirty of the fifty bought later are gone."""
    run = split_week(book)
    take(book, run, said(date(2026, 6, 17)))
    record(book, event("trade", leg(units="-40", cash_gbp="900"), happened_at="2026-06-18T15:00:00+00:00"))
    later = {"happened_at": "2026-06-19T10:00:00+00:00", "idempotency_key": "later"}
    record(book, event("trade", leg(units="50", cash_gbp="-1000"), **later))
    take(book, run, said(date(2026, 6, 17), belief="withdrawn"))
    assert lots(book, "opened_by", "units", "cost_gbp", "proceeds_gbp") == [
        ("fill/1", "10", "800", "225"), (None, "30", "0", "675"), ("event/2", "30", "600", "0"), ("event/2", "20", "400", None),
    ]  # fmt: skip


def test_an_amended_fill_is_one_lot_and_what_was_known_before_stays_known(book):
    """Eight for ten since Tuesday; as of Monday night it was ten."""
    [ticket] = table(book, "tickets")
    book_fills(book, ticket["ticket_id"], 1, [("8", BOUGHT_AT)], reason="misread", key="again")
    assert lots(book, "lot_number", "units", "cost_gbp") == [(1, "8", "640")]
    with connect("desk_reader", book) as connection:
        found = connection.execute(
            "select units, cost_gbp from desk.lots_known('demo', %s, %s)", (BOUGHT_AT.replace(hour=20),) * 2
        ).fetchall()
    assert [tuple(row.values()) for row in found] == [(10, 800)]
