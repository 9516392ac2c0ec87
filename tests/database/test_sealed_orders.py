"""The lock binds orders: nothing is added to what was judged, nor to a ticket that is out."""

import hashlib
import json
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from psycopg import errors

from tests.database import rows
from trading_ops.db.connect import connect


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def refused(constraint: str):
    """Expect a refusal by the constraint of that name."""
    return pytest.raises(psycopg.errors.IntegrityError, check=lambda e: e.diag.constraint_name == constraint)


def target_row(run_id: str, symbol: str) -> dict:
    """A target of a run."""
    return {
        "run_id": run_id, "internal_symbol": symbol, "target_weight_ratio": Decimal("0.05"),
        "target_value_gbp": Decimal("500"), "held_units": 0, "held_value_gbp": 0, "binding_constraint": "selected",
    }  # fmt: skip


def test_a_trade_added_after_the_gates_passed_is_refused(saturday):
    """Not after the first verdict: no order, no target, no check."""
    run_id = rows.add_plan_run(saturday)
    rows.add_intended(saturday, run_id, 1, "ALDR")
    rows.pass_gate(saturday, run_id, "risk")
    with refused("orders_before_judgement"):
        rows.add_intended(saturday, run_id, 3, "CEDR", value_gbp=Decimal("9999.00"))
    with connect("desk_planner", saturday) as connection, refused("orders_before_judgement"):
        rows._insert(connection, "desk.portfolio_targets", target_row(run_id, "CEDR"))
    with rows.superuser(saturday) as connection, refused("orders_before_judgement"):
        connection.execute(
            "insert into desk.risk_checks (run_id, check_name, is_clear, reason, fix) values (%s, 'x', true, '', '')",
            (run_id,),
        )


def test_a_line_added_to_a_ticket_that_is_out_is_refused(saturday):
    """The page showed a third line "3x LEVERAGED": a line is written with its ticket or never."""
    ticket_id = rows.add_trade_ticket(saturday)
    with connect("desk_planner", saturday) as connection:
        row = connection.execute("select * from desk.tickets where ticket_id = %s", (ticket_id,)).fetchone()
        with refused("lines_with_their_ticket"):
            rows.insert_line(connection, row, 3)


def test_a_line_searches_for_what_the_universe_calls_its_symbol(saturday):
    """Any other name, also another symbol's, is refused by a foreign key."""
    row = rows.ticket_row(saturday, rows.add_approved_run(saturday))
    for name in ("3x LEVERAGED", "Birch Energy", "alder instruments"):
        said = json.loads(row["body_json"])
        said["lines"][0]["etoro_search_name"] = name
        odd = row | with_body(said)
        with connect("desk_planner", saturday) as connection, refused("ticket_lines_search_name_fkey"):
            rows.insert_ticket(connection, odd, [1, 2])


def with_body(body: dict) -> dict:
    """The columns of a ticket that says this."""
    text = json.dumps(body)
    return {"body_json": text, "content_sha256": hashlib.sha256(text.encode()).hexdigest()}


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["lines"][0].update(value_gbp="5000.00"),
        lambda body: body["lines"][0].update(side="SELL"),
        lambda body: body["lines"][1].update(price_limit_usd="200"),
        lambda body: body["lines"].pop(),
        lambda body: body["lines"].append(dict(body["lines"][0], line_number=3)),
        lambda body: body.update(kind="NO-TRADE"),
        lambda body: body.update(ticket_id="demo-2026-W24-1"),
        lambda body: body["run"].update(run_id="20260605-080001Z-git0123456"),
        lambda body: body["window"]["close"].update(at="2026-06-15T20:00:00Z"),
        lambda body: body.pop("lines"),
    ],
    ids=["value", "side", "limit", "line less", "line more", "kind", "name", "run", "window", "no lines"],
)
def test_a_ticket_that_says_something_else_than_its_lines_is_refused(saturday, change):
    """What is mailed is what was judged."""
    row = rows.ticket_row(saturday, rows.add_approved_run(saturday))
    body = json.loads(row["body_json"])
    change(body)
    with connect("desk_planner", saturday) as connection, refused("body_says_its_lines"):
        rows.insert_ticket(connection, row | with_body(body) | {"body_markdown": "x"}, ())
        for number in (1, 2):
            rows.insert_line(connection, row, number)
        connection.commit()


def test_a_second_trade_for_the_same_session_under_another_week_is_refused(saturday):
    """A run of another week cannot have this week's window, and a ticket has its run's."""
    rows.add_trade_ticket(saturday)
    with refused("window_within_session"):
        rows.add_plan_run(saturday, attempt=2, plan_week="2026-W99")
    with refused("window_within_session"):
        rows.add_plan_run(saturday, attempt=2, plan_week="2026-W26")
    with rows.superuser(saturday) as connection:
        connection.execute("drop index desk.one_trade_ticket_per_week")
    again = rows.ticket_row(saturday, rows.add_approved_run(saturday, attempt=2))
    with connect("desk_planner", saturday) as connection, refused("one_trade_ticket_per_session"):
        rows.insert_ticket(connection, again, [1, 2])


@pytest.mark.parametrize(
    "window",
    [
        {
            "window_close_at": rows.WINDOW_CLOSE_AT.replace(year=2099),
            "deadline_at": rows.DEADLINE_AT.replace(year=2099),
        },
        {"window_open_at": rows.WINDOW_OPEN_AT - timedelta(hours=1)},
        {
            "window_open_at": rows.WINDOW_OPEN_AT - timedelta(days=3),
            "window_close_at": rows.WINDOW_CLOSE_AT - timedelta(days=3),
        },
        {
            "window_close_at": rows.WINDOW_CLOSE_AT + timedelta(hours=8),
            "deadline_at": rows.DEADLINE_AT + timedelta(hours=8),
        },
        {"deadline_at": rows.DEADLINE_AT + timedelta(days=3)},
    ],
    ids=[
        "until 2099",
        "before the open",
        "on the session it is based on",
        "after the close",
        "a deadline days later",
    ],
)
def test_a_window_outside_its_session_is_refused(saturday, window):
    """Orders are executed within one session of the plan's week, after the one they are based on."""
    with refused("window_within_session"):
        rows.add_plan_run(saturday, **window)


def test_a_ticket_of_orders_that_changed_since_is_refused(saturday):
    """Even a superuser who adds an order behind the trigger's back meets the foreign key of the hash."""
    run_id = rows.add_approved_run(saturday)
    with rows.superuser(saturday) as connection:
        connection.execute("alter table desk.ledger_trades_intended disable trigger refuse_late_order")
    rows.add_intended(saturday, run_id, 3, "CEDR", value_gbp=Decimal("9999.00"))
    with (
        connect("desk_planner", saturday) as connection,
        pytest.raises(errors.ForeignKeyViolation, match="need"),
    ):
        rows.insert_ticket(connection, rows.ticket_row(saturday, run_id), [1, 2, 3])


def test_the_hash_is_of_everything_an_order_hangs_on(saturday):
    """Another target, order, limit, name or window is another hash; the same plan again is the same."""

    def sealed(**columns) -> str:
        run_id = rows.add_plan_run(saturday, attempt=len(found) + 1, **columns.pop("run", {}))
        rows.add_intended(saturday, run_id, 1, columns.pop("symbol", "ALDR"), **columns)
        with rows.superuser(saturday) as connection:
            return connection.execute("select desk.orders_sha256(%s) as found", (run_id,)).fetchone()["found"]

    found: list[str] = []
    for change in (
        {}, {"value_gbp": Decimal("500.01")}, {"price_limit_usd": Decimal("103.01")}, {"symbol": "BRCH"},
        {"units_estimate": Decimal("6.26")}, {"gbpusd_rate": Decimal("1.26")},
        {"run": {"window_close_at": rows.WINDOW_CLOSE_AT - timedelta(minutes=1)}}, {"run": {"config_hash": "0" * 64}},
    ):  # fmt: skip
        found.append(sealed(**change))
    assert len(set(found)) == len(found)
    assert sealed() == found[0]


def test_the_issue_of_a_ticket_is_written_with_it(saturday):
    """By raw SQL too: the row of the log is made by the table."""
    ticket_id = rows.add_trade_ticket(saturday)
    with connect("desk_reader", saturday) as connection:
        logged = connection.execute(
            "select person, subject, detail from desk.audit_log where action = 'ticket_issued'"
        ).fetchall()
    assert [(row["person"], row["subject"], row["detail"]["kind"]) for row in logged] == [
        ("desk", ticket_id, "TRADE")
    ]
