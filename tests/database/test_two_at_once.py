"""What is decided by looking at other rows stays true when two look at the same moment."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from tests.database import judged, rows
from tests.database.planning import freeze_plan, on_saturday
from trading_ops.db.connect import connect, queries
from trading_ops.tickets.issue import issue_ticket


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def behind(first: psycopg.Connection, work: Callable[[], None]) -> list[BaseException]:
    """Start work while the first's transaction is open, then commit it; return what work raised."""
    raised = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            raised.append(error)

    second = threading.Thread(target=run)
    second.start()
    second.join(0.5)
    first.commit()
    second.join(30)
    assert not second.is_alive()
    return raised


def test_two_operators_who_remove_each_other_leave_one(saturday):
    """Each saw the other and both were gone: then anybody at a shell could name the next."""
    with connect("desk_planner", saturday) as connection:
        connection.execute("select desk.set_person('operator', 'bob', 'operator', 'b@x.example', 'h')")
    remove = "select desk.set_person(%s, %s, 'gone', 'x@x.example', '!')"

    def second() -> None:
        with connect("desk_planner", saturday) as connection:
            connection.execute(remove, ("bob", "operator"))

    with connect("desk_planner", saturday) as first:
        first.execute(remove, ("operator", "bob"))
        (refusal,) = behind(first, second)
    assert refusal.diag.constraint_name == "operator_lets_in"
    with connect("desk_planner", saturday) as connection:
        left = [row["person_id"] for row in queries.operator.people(connection) if row["role"] == "operator"]
    assert left == ["operator"]


def test_two_policies_adopted_at_once_leave_the_later_one_active(saturday):
    """One after the other, without a word of a broken index."""
    with connect("desk_planner", saturday) as first:
        queries.runs.adopt_policy(first, text='{"a": 1}')

        def second() -> None:
            with connect("desk_planner", saturday) as connection:
                queries.runs.adopt_policy(connection, text='{"a": 2}')

        assert behind(first, second) == []
    with connect("desk_planner", saturday) as connection:
        active = connection.execute("select body from desk.config_policy where is_active").fetchall()
    assert [row["body"] for row in active] == [{"a": 2}]


def insert(desk, run_id: str, kind: str = "TRADE") -> psycopg.Connection:
    """Insert a ticket with its lines and leave the transaction open."""
    connection = connect("desk_planner", desk)
    rows.insert_ticket(connection, rows.ticket_row(desk, run_id, kind), (1, 2) if kind == "TRADE" else ())
    return connection


@pytest.mark.parametrize("kind", ["TRADE", "NO-TRADE"])
def test_a_trade_beside_the_ticket_of_a_later_plan_that_is_not_committed_yet_is_refused(saturday, kind):
    """It waited for nobody and both went out, the older one after the newer one."""
    older = rows.add_approved_run(saturday)
    newer = rows.add_approved_run(saturday, weeks=1, as_of_date=rows.AS_OF_DATE, frozen_at=rows.SATURDAY_AT)
    with insert(saturday, newer, kind) as first:
        (refusal,) = behind(first, lambda: insert(saturday, older).commit())
    assert refusal.diag.constraint_name == "newest_plan_trades"


def test_a_trade_frozen_before_the_ticket_before_it_was_out_is_refused(saturday):
    """Plans of two weeks frozen on one morning: neither knew of the other, both spent the same cash."""
    this_week = rows.add_approved_run(saturday)
    next_week = rows.add_plan_run(saturday, weeks=1, as_of_date=rows.AS_OF_DATE, frozen_at=rows.SATURDAY_AT)
    rows.add_intended(saturday, next_week, 1, "ALDR")
    rows.add_intended(saturday, next_week, 2, "BRCH")
    judged.add_verdicts(saturday, next_week, "confirmation")
    assert judged.judge(saturday, next_week, "confirmation")["status"] == "PASS"
    for gate in ("data_quality", "reconciliation", "risk"):
        rows.pass_gate(saturday, next_week, gate)
    rows.decide(saturday, next_week)
    rows.set_clock(saturday, rows.SATURDAY_AT + timedelta(minutes=5))
    insert(saturday, this_week).commit()
    with pytest.raises(
        psycopg.errors.IntegrityError, match="was frozen before the ticket demo-2026-W25-1"
    ) as refused:
        insert(saturday, next_week)
    assert refused.value.diag.constraint_name == "plan_knows_the_ticket_before"
    with connect("desk_planner", saturday) as connection:
        issue_ticket(connection, next_week, (), saturday)
        [reasons] = connection.execute(
            "select reasons from desk.tickets where run_id = %s and kind = 'NO-TRADE'", (next_week,)
        ).fetchall()
    assert "Plan again" in json.dumps(reasons["reasons"])


def test_a_policy_stored_under_the_name_of_next_weeks_is_not_taken_for_it(saturday):
    """The hash is of the text that is stored: no role says which it is, nor which limits it holds."""
    with connect("desk_planner", saturday) as connection, pytest.raises(psycopg.errors.UndefinedFunction):
        connection.execute(
            "select desk.adopt_policy(%s, %s)", ("a" * 64, '{"risk": {"weight_ratio_max": 1}}')
        )


@pytest.mark.parametrize("is_split", [False, True])
def test_what_is_booked_while_a_plan_is_at_work_refuses_its_trade(saturday, is_split):
    """It was judged on another book: an opening taken back, cash moved, a split no longer believed."""
    judged.add_cash(saturday, "100.00", rows.SATURDAY_AT)
    run_id = rows.add_approved_run(saturday)
    rows.set_clock(saturday, rows.SATURDAY_AT + timedelta(minutes=5))
    if is_split:
        with rows.superuser(saturday) as connection:
            connection.execute(
                "insert into desk.split_findings (portfolio_id, internal_symbol, ex_date, belief, reason, person)"
                " values ('demo', 'ALDR', '2026-06-12', 'withdrawn', 'r', 'operator')"
            )
    else:
        judged.add_cash(saturday, "5.00", rows.SATURDAY_AT, "dividend")
    with pytest.raises(psycopg.errors.IntegrityError) as refused:
        insert(saturday, run_id)
    assert refused.value.diag.constraint_name == "plan_knows_the_book"


def test_a_plan_of_a_time_still_to_come_refuses_its_trade(saturday):
    """The clock was set back after it was frozen: what is booked since looks as if the plan had known it."""
    judged.add_cash(saturday, "100.00", rows.SATURDAY_AT)
    rows.set_clock(saturday, rows.SATURDAY_AT + timedelta(minutes=5))
    run_id = rows.add_approved_run(saturday)
    with rows.superuser(saturday) as connection:
        connection.execute("update desk.simulated_clock set now_at = now_at - interval '1 minute'")
    judged.add_cash(saturday, "5.00", rows.SATURDAY_AT, "dividend")
    with pytest.raises(psycopg.errors.IntegrityError, match="the clock was set back") as refused:
        insert(saturday, run_id)
    assert refused.value.diag.constraint_name == "plan_knows_the_book"


def test_a_plan_is_frozen_after_whoever_books_meanwhile(desk):
    """What is not there yet as the plan reads the book is not told later to have been known to it."""
    on_saturday(desk)
    request = {
        "portfolio_id": "demo", "kind": "deposit", "amount_gbp": "5", "occurred_at": rows.SATURDAY_AT.isoformat(),
        "person": "executor", "idempotency_key": "k",
    }  # fmt: skip
    cash = "select sum(cash_delta_gbp) as gbp from desk.run_entries where run_id = %s"
    read = []

    def second() -> None:
        run = freeze_plan(desk, key="second")
        with connect("desk_planner", desk) as connection:
            read.append(connection.execute(cash, (run.run_id,)).fetchone()["gbp"])

    freeze_plan(desk, key="first")
    with connect("desk_app", desk) as first:
        queries.ledger.record_cash_movement(first, request=json.dumps(request))
        assert behind(first, second) == []
    assert read == [10005]
