"""What an incident tells of comes to an end: the one place that knows when, with a case for each code."""

import json
import re
from datetime import date, timedelta

import pytest

from tests.database import judged, rows
from tests.database.raised import record, select, serve, still_open
from tests.database.test_line_proofs import AT, END, MADE_AT, START, account, fill
from tests.database.test_statements import keep
from tests.database.test_watch import write_report
from trading_ops.comms.incident_codes import CODES
from trading_ops.comms.incidents import close_over
from trading_ops.comms.letters import compose
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import connect, queries
from trading_ops.statements.disputes import tell_disputes
from trading_ops.universe.switches import write_switch

MINUTE = timedelta(minutes=1)
LATER_AT = rows.SATURDAY_AT + timedelta(hours=1)


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def beat(desk) -> None:
    """Let a run of the DAG end well."""
    with connect("desk_planner", desk) as connection:
        queries.incidents.beat(connection, component="weekly_reconciliation", detail="scheduled__2")


def pass_later(gate: str):
    """Let a run of a later day pass a gate."""
    return lambda desk: rows.pass_gate(desk, rows.add_run(desk, kind="daily", attempt=2), gate)


def ticket_later(desk) -> None:
    """Let a later plan come to a ticket whose causes are others."""
    run_id = rows.add_plan_run(desk, attempt=2)
    with connect("desk_planner", desk) as connection:
        row = rows.ticket_row(desk, run_id, "NO-TRADE", reasons='[{"source": "data_quality"}]')
        rows.insert_ticket(connection, row)


def confirm(desk) -> None:
    """Record both lines of the week's ticket, and what eToro shows after them."""
    rows.set_clock(desk, rows.WINDOW_OPEN_AT + MINUTE)
    for number in (1, 2):
        rows.confirm_line(desk, "demo-2026-W25-1", number)
    rows.add_snapshot(desk, rows.WINDOW_OPEN_AT + MINUTE)


def switch(key: str, is_enabled: bool = True):
    """Switch a symbol on again, or off under a key."""

    def act(desk) -> None:
        with connect("desk_planner", desk) as connection:
            code = "PERSON" if is_enabled else key.partition(":")[0].replace("NOT_OFFERED", "UNTRADABLE")
            write_switch(connection, "ALDR", is_enabled, code, "because", key, None)

    return act


def mail(key: str, is_sent: bool = True):
    """Put a mail to the executor into the outbox; the mailer says that it was sent."""

    def act(desk) -> None:
        with connect("desk_planner", desk) as connection:
            letter = compose("words", [])
            enqueue(connection, dedupe_key=key, kind="alert", recipient=desk.executor_email, letter=letter)
        if is_sent:
            with connect("desk_mailer", desk) as connection:
                connection.execute(
                    "insert into desk.outbox_deliveries select max(mail_id), 1, 'sent', 'ok' from desk.outbox"
                )

    return act


def hand_over(desk) -> None:
    """Let the mailer say that every mail was sent."""
    with connect("desk_mailer", desk) as connection:
        connection.execute(
            "insert into desk.outbox_deliveries select mail_id, 1, 'sent', 'ok' from desk.outbox"
        )


def pause(is_paused: bool):
    """Let the watcher see that a DAG was paused or switched on; another one stays paused."""

    def act(desk) -> None:
        with connect("desk_planner", desk) as connection:
            for dag_id, state in (("weekly_plan", is_paused), ("daily_reminders", True)):
                queries.watch.switch_dag(connection, dag_id=dag_id, is_paused=state)

    return act


def quiet_day(desk) -> None:
    """Let a day go by without another of the kind."""
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(days=1, minutes=1))


def doubt_split(desk) -> None:
    """Let a run doubt a split of a holding; an operator has settled another one."""
    with rows.superuser(desk) as connection:
        connection.execute(
            "insert into desk.split_findings (portfolio_id, internal_symbol, ex_date, belief, reason, person)"
            " values ('demo', 'ALDR', '2026-06-12', 'doubted', 'r', 'p'), ('demo', 'ALDR', '2026-06-11', 'withdrawn', 'r', 'p')"
        )


def settle(desk) -> None:
    """Let an operator settle it."""
    with rows.superuser(desk) as connection:
        connection.execute(
            "insert into desk.split_findings (portfolio_id, internal_symbol, ex_date, belief, reason, person)"
            " values ('demo', 'ALDR', '2026-06-12', 'withdrawn', 'r', 'p')"
        )


def dispute_line(desk) -> None:
    """Half a unit more was confirmed than eToro's statement has."""
    rows.add_trade_ticket(desk, ("ALDR",), frozen_at=rows.SATURDAY_AT)
    rows.set_clock(desk, MADE_AT)
    rows.confirm_line(desk, "demo-2026-W25-1", 1, "DONE", [fill("5.5")])
    made = account()
    made.buy(AT, "ALDR/USD", "500.00", "5.000000", "Alder Instruments")
    keep(desk, made.export(START, END, MADE_AT))
    with connect("desk_planner", desk) as connection:
        [words] = tell_disputes(connection, "demo")
        assert "the units differ" in words and tell_disputes(connection, "demo") == []
        connection.rollback()


def agree(desk) -> None:
    """Let the executor amend the line."""
    request = {
        "ticket_id": "demo-2026-W25-1", "line_number": 1, "status": "DONE", "person": "executor", "fills": [fill()],
        "amendment_reason": "misread", "idempotency_key": "amended",
    }  # fmt: skip
    with connect("desk_app", desk) as connection:
        queries.page.record_confirmation(connection, request=json.dumps(request))


def owe_dividend(desk) -> None:
    """Ten shares held since March, and a dividend of April that nobody booked."""
    rows.add_policy(desk)
    rows.add_universe(desk)
    load_id = rows.add_load(desk, "dividends")
    with rows.superuser(desk) as connection:
        connection.execute(
            "insert into desk.openings (portfolio_id, opened_at, person, idempotency_key, request_sha256)"
            " values ('demo', '2026-03-02', 'p', 'o', repeat('0', 64))"
        )
        connection.execute(
            "insert into desk.opening_positions select opening_id, 'ALDR', 10, 1 from desk.openings"
        )
        connection.execute(
            "insert into raw.corporate_actions values (%s, 'simulated', 'ALDR', '2026-04-01', 'dividend', 1)",
            (load_id,),
        )


def book_dividend(desk) -> None:
    """Let an operator book it, ten days after its ex-date."""
    with rows.superuser(desk) as connection:
        connection.execute(
            "insert into desk.ledger_events (portfolio_id, kind, happened_at, notes, person, persons_min,"
            " idempotency_key, request_sha256) values ('demo', 'dividend', '2026-04-11', 'n', 'p', 1, 'd',"
            " repeat('0', 64))"
        )
        connection.execute(
            "insert into desk.ledger_event_legs (event_id, leg_number, internal_symbol, cash_gbp)"
            " select event_id, 1, 'ALDR', 5.60 from desk.ledger_events"
        )


def nothing(desk) -> None:
    """Nothing has to be there before."""


PLAN, TRADE = rows.add_plan_run, rows.add_trade_ticket
# Code, subject of its key, what is there before it, what ends it.
ENDS = [
    ("STEP_FAILED", "weekly_reconciliation:scheduled__1", nothing, beat),
    ("STEP_FAILED", "demo-2026-W25-1", PLAN, ticket_later),
    ("RUN_LATE", "weekly_reconciliation:2026-06-12", nothing, beat),
    ("DATA_STALE", "inbox", nothing, pass_later("data_quality")),
    ("DATA_STALE", "demo:2026-06-12", PLAN, pass_later("data_quality")),
    ("VENDOR_OUTAGE", "2026-06-12", PLAN, pass_later("data_quality")),
    ("RISK_BLOCKED", "demo-2026-W25-1", PLAN, pass_later("risk")),
    ("DRAWDOWN_LIMIT", "demo-2026-W25-1", PLAN, pass_later("risk")),
    ("WINDOW_MISSED", "demo-2026-W25-1", PLAN, ticket_later),
    ("CONFIRMATION_MISSING", "demo-2026-W25-1", TRADE, confirm),
    ("SNAPSHOT_MISSING", "demo-2026-W25-1", TRADE, confirm),
    ("RECONCILIATION_DRIFT", "snapshot:1", TRADE, confirm),
    ("SPLIT_DOUBTED", "demo:ALDR:2026-06-12", doubt_split, settle),
    ("STATEMENT_DISPUTED", "demo:demo-2026-W25-1:1", dispute_line, agree),
    ("DIVIDEND_OVERDUE", "demo:ALDR:2026-04-01", owe_dividend, book_dividend),
    ("NO_TICKET", "demo:2026-W25", nothing, ticket_later),
    ("REPORT_MISSING", "demo:2026-06-12", nothing, lambda desk: write_report(desk, date(2026, 6, 12))),
    ("SOURCE_BLOCKED", "stooq:load:2026-06-12", nothing, serve),
    ("SYMBOL_DISABLED", "MISSING_BARS:ALDR:never", switch("MISSING_BARS:ALDR:never", False), switch("on")),
    ("UNTRADABLE_SYMBOL", "UNTRADABLE:7", switch("UNTRADABLE:7", False), switch("on")),
    ("UNTRADABLE_SYMBOL", "NOT_OFFERED:1", switch("NOT_OFFERED:1", False), switch("on")),
    ("UNTRADABLE_SYMBOL", "7", switch("UNTRADABLE:7", False), switch("on")),
    ("MAIL_REFUSED", "1", mail("first", False), mail("second")),
    ("MAIL_WAITING", "1", mail("first", False), hand_over),
    ("DAG_PAUSED", "weekly_plan:1", pause(True), pause(False)),
    ("COMPONENT_DOWN", "1-scheduler-hung", nothing, quiet_day),
    ("DISK_LOW", "2026-06-13", nothing, quiet_day),
    ("DATABASE_SLOW", "2026-06-13", nothing, quiet_day),
]  # fmt: skip


@pytest.mark.parametrize(("code", "subject", "before", "end"), ENDS, ids=[f"{c}-{s}" for c, s, *_ in ENDS])
def test_an_incident_is_over_when_what_it_tells_of_is(saturday, code, subject, before, end):
    """Open until then; the view knows at once, and the desk closes it once with the reason of its code."""
    judged.add_cash(saturday, "10000.00", rows.SATURDAY_AT - timedelta(days=2))
    before(saturday)
    runs = select(saturday, "select max(run_id) as run_id from desk.runs")
    record(saturday, code, subject, runs[0]["run_id"])
    [now] = select(saturday, "select desk.now() as now_at")
    rows.set_clock(saturday, max(LATER_AT, now["now_at"]))
    assert still_open(saturday) == [code]
    end(saturday)
    assert still_open(saturday) == []
    for expected in (1, 0):
        with connect("desk_planner", saturday) as connection:
            assert len(close_over(connection, saturday)) == expected
    [event] = select(saturday, "select kind, person, reason from desk.incident_events")
    assert event == {"kind": "closed", "person": "desk", "reason": CODES[code].ends}


def test_every_code_that_ends_by_itself_has_its_rule_and_its_case(desk):
    """The table in Python and the one place in SQL name the same codes."""
    [rule] = select(desk, "select pg_get_functiondef('desk.is_incident_over'::regproc) as text")
    ending = {code for code, known in CODES.items() if known.ends}
    assert set(re.findall(r"WHEN '([A-Z_]+)'::text THEN", rule["text"])) == ending
    assert {code for code, *_ in ENDS} | {"KILL_SWITCH"} == ending
    assert {known.owner for known in CODES.values()} == {"operator", "executor"}
