"""What a book begins with: one set of cash and stocks, that splits move and nobody adds to later."""

import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.ledger_model import issue_trades
from tests.database.planning import UNIVERSE, freeze_plan, on_saturday
from tests.database.test_splits import add_split, positions, said, take
from trading_ops.cli.main import main
from trading_ops.db.connect import connect, queries
from trading_ops.universe.instruments import universe_text
from trading_ops.universe.stored import store_universe

OPENED_AT = datetime(2026, 6, 11, 9, 0, tzinfo=UTC)
TWO = [
    {"symbol": "AAA", "units": "10.5", "cost_gbp": "812.40", "held_since": "2024-05-31"},
    {"symbol": "BBB", "units": "3", "cost_gbp": "0", "held_since": None},
]
LEDGER = "select kind, internal_symbol, units_delta, cash_delta_gbp from desk.entries order by kind, internal_symbol"


@pytest.fixture
def book(desk):
    """A book without an entry, on a Saturday, whose universe is stored."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    with connect("desk_planner", desk) as connection:
        store_universe(connection, UNIVERSE)
    return desk


def request(desk, **changed) -> dict:
    """Return what `init` asks to be recorded, with some of it changed."""
    whole = {
        "portfolio_id": desk.portfolio_id, "person": "operator", "idempotency_key": "opening", "cash_gbp": "500.00",
        "opened_at": OPENED_AT.isoformat(), "positions": TWO,
    }  # fmt: skip
    return whole | changed


def record(desk, role: str = "desk_planner", **changed) -> int:
    """Record an opening as a role of the database."""
    with connect(role, desk) as connection:
        return queries.ledger.record_opening(connection, request=json.dumps(request(desk, **changed)))


def take_back(desk, **changed) -> int:
    """Take it back, as `trading-ops opening take-back` does."""
    whole = {
        "portfolio_id": desk.portfolio_id,
        "person": "operator",
        "notes": "misread",
        "idempotency_key": "back",
    }
    with connect("desk_planner", desk) as connection:
        return queries.ledger.reverse_opening(connection, request=json.dumps(whole | changed))


def select(desk, query: str) -> list[tuple]:
    """Return the rows of a query as tuples."""
    with connect("desk_planner", desk) as connection:
        return [tuple(row.values()) for row in connection.execute(query).fetchall()]


def test_cash_and_stocks_are_one_set_of_a_person(book):
    """Recorded once however often it is sent; the log has who and what."""
    number = record(book)
    assert record(book) == number
    assert select(book, LEDGER) == [
        ("deposit", None, 0, Decimal("500.00")),
        ("opening", "AAA", Decimal("10.5"), 0),
        ("opening", "BBB", 3, 0),
    ]
    with connect("desk_reader", book) as connection:
        [told] = connection.execute("select * from desk.audit_log where action = 'record_opening'").fetchall()
    assert told["person"] == "operator" and told["detail"]["positions"][0]["cost_gbp"] == "812.40"
    with pytest.raises(psycopg.errors.UniqueViolation, match="already sent with other figures"):
        record(book, cash_gbp="501.00")
    with pytest.raises(
        psycopg.errors.CheckViolation, match=f"opening already .opening/{number}.: take it back first"
    ):
        record(book, idempotency_key="another")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        record(book, "desk_app")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"person": "executor"}, "executor is no operator"),
        ({"person": "mallory"}, "mallory is no operator"),
        ({"portfolio_id": "nobody's"}, "there is no book nobody's"),
        ({"opened_at": "2026-06-13T09:00:00+00:00"}, "the opening holds at 2026-06-13 09:00"),
        ({"opened_at": "-infinity"}, "the opening holds at -infinity"),
        ({"opened_at": None}, "the opening holds at no instant"),
        ({"cash_gbp": "NaN"}, "cannot begin with NaN GBP"),
        ({"cash_gbp": "-1.00"}, "cannot begin with -1.00 GBP"),
        ({"cash_gbp": "0", "positions": []}, "holds cash or a stock"),
        *(
            ({"positions": [TWO[1] | wrong]}, says)
            for wrong, says in (
                ({"symbol": "ZZZ"}, "the universe in use has no ZZZ"),
                ({"units": "0"}, "0 units of BBB"),
                ({"units": "-3"}, "-3 units of BBB"),
                ({"units": "NaN"}, "NaN units of BBB"),
                ({"units": "Infinity"}, "Infinity units of BBB"),
                ({"units": None}, "no units of BBB"),
                ({"cost_gbp": "NaN"}, "BBB cannot have cost NaN"),
                ({"cost_gbp": None}, "BBB cannot have cost unknown"),
                ({"held_since": "2026-06-12"}, "after the opening"),
            )
        ),
    ],
)
def test_what_no_account_holds_is_refused_in_a_sentence(book, changed, says):
    """By Postgres itself, whoever calls; nothing of the set is kept."""
    with pytest.raises(psycopg.Error, match=says):
        record(book, **changed)
    assert select(book, LEDGER) == [] and select(book, "select * from desk.openings") == []


def test_a_wrong_opening_is_taken_back_whole_and_recorded_anew(book):
    """By entries of its own at the same instant, once, by an operator, for a reason."""
    record(book)
    for changed, says in (({"person": "executor"}, "is no operator"), ({"notes": " "}, "for a reason")):
        with pytest.raises(psycopg.errors.CheckViolation, match=says):
            take_back(book, **changed)
    number = take_back(book)
    assert take_back(book) == number and positions(book) == {}
    assert select(book, "select sum(cash_delta_gbp) from desk.entries") == [(0,)]
    with pytest.raises(psycopg.errors.CheckViolation, match="no opening to take back"):
        take_back(book, idempotency_key="twice")
    record(book, idempotency_key="right", positions=TWO[:1])
    assert positions(book) == {"AAA": Decimal("10.5")}
    assert select(book, "select * from inv.c1_units_never_negative") == []


def test_the_page_may_have_taken_the_cash_back_before(book):
    """The rest of the set goes alone then."""
    record(book)
    [(movement_id,)] = select(book, "select cash_movement_id from desk.openings")
    with connect("desk_app", book) as connection:
        reversal = {"portfolio_id": book.portfolio_id, "movement_id": movement_id, "person": "operator"}
        queries.ledger.reverse_cash_movement(
            connection, request=json.dumps(reversal | {"notes": "n", "idempotency_key": "cash"})
        )
    take_back(book)
    assert select(book, "select sum(cash_delta_gbp) from desk.entries") == [(0,)]


def test_what_a_book_began_with_stays_once_orders_are_out(desk):
    """A plan without orders changes nothing; the first TRADE does."""
    run = freeze_plan(on_saturday(desk))
    with connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, rows.ticket_row(desk, run.run_id, "NO-TRADE"))
    record(desk)
    take_back(desk)
    ticket_id = issue_trades(desk, freeze_plan(desk, key="weekly_plan:2"), [("AAA", "BUY")])
    with pytest.raises(
        psycopg.errors.CheckViolation, match=f"first orders of this book are out .ticket {ticket_id}."
    ):
        record(desk, idempotency_key="late")


def test_a_split_moves_the_units_a_book_began_with(book):
    """One after the opening, once; one of the day it holds at is in its units already."""
    record(book)
    add_split(book, "AAA.V", date(2026, 6, 12), "4")
    add_split(book, "BBB.V", date(2026, 6, 11), "2", key="in it already")
    run = freeze_plan(on_saturday(book), kind="daily")
    take(book, run, said(date(2026, 6, 12)), said(date(2026, 6, 11), "2:1", symbol="BBB"))
    assert positions(book) == {"AAA": 42, "BBB": 3}
    take_back(book)
    assert positions(book) == {}


def test_an_operator_says_it_at_a_shell(book, monkeypatch, tmp_path, capsys):
    """From a file, named as eToro names it; each mistake a sentence; looked at, taken back."""
    universe = tmp_path / "universe.csv"
    universe.write_text(universe_text(UNIVERSE))
    at_a_shell(monkeypatch, dataclasses.replace(book, universe=universe))
    answers = tmp_path / "opening.yml"
    answers.write_text("positions:\n- {symbol: zzz, units: 1}\n- {symbol: AAA, units: ten}\n")
    assert main(["opening", "record", str(answers), "--person", "operator"]) == 1
    said = capsys.readouterr().err
    assert "'zzz' is no instrument of the universe" in said and "units of AAA: 'ten' is not a number" in said
    answers.write_text(
        "opening_cash_gbp: 12.50\npositions:\n- {symbol: aaa inc, units: '1.5', cost_gbp: '90'}\n"
    )
    assert main(["opening", "record", str(answers), "--person", "operator"]) == 0
    assert main(["opening", "take-back", "misread", "--person", "operator"]) == 0
    capsys.readouterr()
    assert main(["opening"]) == 0
    said = capsys.readouterr().out
    assert (
        "£12.50" in said
        and "AAA        1.5 units, cost £90.00" in said
        and "taken back by operator: misread" in said
    )


def test_what_happened_before_the_opening_is_in_it_already(book):
    """A dividend of the day before is cash that the account showed; it would count twice."""
    record(book)
    early = {"happened_at": (OPENED_AT - timedelta(seconds=1)).isoformat(), "idempotency_key": "early"}
    dividend = {
        "portfolio_id": "demo", "kind": "dividend", "person": "operator", "notes": "n",
        "legs": [{"symbol": "AAA", "cash_gbp": "7"}], "happened_at": OPENED_AT.isoformat(), "idempotency_key": "k",
    }  # fmt: skip
    with connect("desk_app", book) as connection:
        with pytest.raises(psycopg.errors.CheckViolation, match="the book began at") as refused:
            queries.ledger.record_event(connection, request=json.dumps(dividend | early))
        connection.rollback()
        assert refused.value.diag.constraint_name == "book_has_begun"
        queries.ledger.record_event(connection, request=json.dumps(dividend))


def test_an_opening_whose_stocks_are_gone_is_not_taken_back(book):
    """What left the book without it would have left it from nothing: the event is taken back first."""
    record(book)
    sold = {
        "portfolio_id": "demo", "kind": "transfer", "person": "operator", "notes": "n",
        "legs": [{"symbol": "AAA", "units": "-1"}], "happened_at": OPENED_AT.isoformat(), "idempotency_key": "k",
    }  # fmt: skip
    with connect("desk_app", book) as connection:
        queries.ledger.record_event(connection, request=json.dumps(sold))
    with pytest.raises(psycopg.errors.CheckViolation, match="would hold -1.* units of AAA"):
        take_back(book)
