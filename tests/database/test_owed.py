"""What people owe the desk is what the gates would object to in a plan frozen now: desk.owed."""

import json
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from tests.database import judged, rows
from tests.database.test_drawdown_review import fallen, review  # noqa: F401  (a fixture)
from trading_ops.db.connect import connect
from trading_ops.exchange.sessions import next_plan_at
from trading_ops.plan.reasons import Reason
from trading_ops.tickets.owed import clearing, left
from trading_ops.tickets.owed_now import read_owed

IN_WINDOW_AT = rows.WINDOW_OPEN_AT + timedelta(minutes=20)
LATER_AT = rows.WINDOW_CLOSE_AT + timedelta(minutes=10)
LINES = ("no ticket", "unconfirmed", "one of two", "skipped", "filled")
SNAPSHOTS = ("never", "before the lines", "after the lines", "other cash", "other units", "eight days old")
FILL = {
    "units": "6.25",
    "price_usd": "100",
    "value_gbp": "500.00",
    "fee_gbp": "0",
    "executed_at": IN_WINDOW_AT.isoformat(),
}
# What some of the states owe, so that the comparison sees something, and nothing.
KNOWN = {
    ("no ticket", "never"): ["snapshot"],
    ("no ticket", "after the lines"): [],
    ("unconfirmed", "after the lines"): ["confirm"],
    ("skipped", "before the lines"): [],
    ("filled", "before the lines"): ["snapshot"],
    ("filled", "after the lines"): [],
    ("filled", "other cash"): ["reconcile"],
    ("skipped", "other units"): ["reconcile"],
    ("filled", "eight days old"): ["snapshot"],
}
GATES_OF_PEOPLE = {
    "previous_ticket_confirmed": "confirm",
    "snapshot_recent": "snapshot",
    "snapshot_after_last_entry": "snapshot",
    "cash_matches": "reconcile",
    "positions_match": "reconcile",
}


def snapshot(desk, taken_at: datetime, cash_gbp: str = "10000.00", units: str = "") -> None:
    """Record what eToro shows: cash, and units of ALDR if there are any."""
    request = {
        "portfolio_id": rows.PORTFOLIO,
        "source": "form",
        "cash_gbp": cash_gbp,
        "taken_at": taken_at.isoformat(),
        "person": "executor",
        "idempotency_key": f"snapshot:{taken_at}:{cash_gbp}",
        "positions": [{"broker_symbol": "ALDR", "units": units, "value_gbp": None}] if units else [],
    }
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_snapshot(%s)", (json.dumps(request),))


def live(desk, lines: str, shown: str) -> None:
    """Live through a week up to the evening after its window, or to a week later."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    judged.add_cash(desk, "10000.00", rows.SATURDAY_AT - timedelta(hours=3))
    rows.add_policy(desk)
    rows.add_universe(desk)
    if shown != "never":
        snapshot(desk, rows.SATURDAY_AT)
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(minutes=1))
    ticket_id = None if lines == "no ticket" else rows.add_trade_ticket(desk)
    rows.set_clock(desk, IN_WINDOW_AT + timedelta(minutes=1))
    if lines in ("one of two", "skipped"):
        rows.confirm_line(desk, ticket_id, 1)
    if lines == "filled":
        rows.confirm_line(desk, ticket_id, 1, "DONE", [FILL])
    if lines in ("skipped", "filled"):
        rows.confirm_line(desk, ticket_id, 2)
    rows.set_clock(desk, LATER_AT)
    cash, units = ("9500.00", "6.25") if lines == "filled" else ("10000.00", "")
    if shown in ("after the lines", "eight days old"):
        snapshot(desk, LATER_AT, cash, units)
    if shown == "other cash":
        snapshot(desk, LATER_AT, "9000.00", units)
    if shown == "other units":
        snapshot(desk, LATER_AT, cash, "1.5")
    rows.set_clock(desk, LATER_AT + timedelta(days=8 if shown == "eight days old" else 0, minutes=1))


def steps_owed(desk) -> list[str]:
    """Return the steps desk.owed names for a plan frozen now, each once, in their order."""
    with connect("desk_app", desk) as connection:
        found = connection.execute("select step from desk.owed(%s)", (rows.PORTFOLIO,)).fetchall()
    return list(dict.fromkeys(row["step"] for row in found))


def objected(desk) -> set[str]:
    """Freeze a plan now and return the steps that would clear what its gates of people's acts object to."""
    run_id = rows.add_plan_run(desk, attempt=9)
    with rows.superuser(desk) as connection:
        found = connection.execute(
            "select check_name from desk.objections(%s) where gate in ('confirmation', 'reconciliation')",
            (run_id,),
        ).fetchall()
    return {GATES_OF_PEOPLE[row["check_name"]] for row in found}


@pytest.mark.parametrize(("lines", "shown"), [*product(LINES, SNAPSHOTS)])
def test_nothing_is_owed_exactly_when_no_gate_of_peoples_acts_objects(desk, lines, shown):
    """
    For every state of the lines and of what was typed in; where several things are wrong, what is to be done
    first is named, and a halt adds its release and nothing else.
    """
    live(desk, lines, shown)
    owed, objections = steps_owed(desk), objected(desk)
    assert owed == [step for step in ("confirm", "snapshot", "reconcile") if step in objections][:1]
    assert owed == KNOWN.get((lines, shown), owed)
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.engage_halt('look', 'operator')")
    assert steps_owed(desk) == [*owed, "release"]


def test_what_the_next_plan_will_need_is_owed_today(desk):
    """What was read last Monday will do today and not on Saturday: it is asked for while there is time."""
    live(desk, "skipped", "after the lines")
    rows.set_clock(desk, LATER_AT + timedelta(days=6))
    assert steps_owed(desk) == []
    with connect("desk_app", desk) as connection:
        [owed] = read_owed(connection, rows.PORTFOLIO)
    assert (owed.actor, owed.step, owed.path) == ("executor", "snapshot", "/snapshots/new")
    assert owed.words == "type in what eToro shows: what was read on 15 Jun is too old for the next plan"
    assert owed.deadline_at == datetime(2026, 6, 27, 8, 0, tzinfo=UTC)


def test_lines_are_owed_from_the_opening_of_their_window_until_their_deadline(desk):
    """Before it the executor reads ahead; a plan frozen then is blocked all the same."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk)
    with connect("desk_planner", desk) as connection:
        [owed] = read_owed(connection, rows.PORTFOLIO)
    assert (owed.words, owed.path) == (f"record lines 1, 2 of {ticket_id}", f"/confirm/{ticket_id}")
    assert (owed.from_at, owed.deadline_at) == (rows.WINDOW_OPEN_AT, rows.DEADLINE_AT)
    assert (left([owed]), left([owed, owed]), left([])) == (
        "1 thing left",
        "2 things left",
        "nothing is left to do",
    )


def test_a_reason_is_not_called_done_while_something_before_it_is_open(desk):
    """With lines open nobody knows whether the snapshot will do; bars are no person's act on the page."""
    live(desk, "unconfirmed", "never")
    with connect("desk_app", desk) as connection:
        owed = read_owed(connection, rows.PORTFOLIO)
    after = clearing(Reason("reconciliation", "snapshot_recent", "", ""), owed)
    assert after.first.step == "confirm"
    assert clearing(Reason("risk", "halt_released", "", ""), owed).first is None
    assert clearing(Reason("data_quality", "coverage", "", ""), owed) is None


@pytest.mark.parametrize(
    ("now", "planned"),
    [("2026-06-15T20:00", "2026-06-20T08:00"), ("2026-06-20T07:59", "2026-06-20T08:00"),
     ("2026-06-20T08:00", "2026-06-27T08:00"), ("2026-06-21T12:00", "2026-06-27T08:00"),
     ("2026-10-24T12:00", "2026-10-31T09:00")],
)  # fmt: skip
def test_the_next_plan_is_made_on_the_first_saturday_to_come(now, planned):
    """At 09:00 in London, before and after its clocks change."""
    at = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, planned)]
    assert next_plan_at(at[0]) == at[1]


def test_a_review_is_owed_by_the_operator_until_it_is_done(fallen):  # noqa: F811
    """On the page of the halt; nobody is chased to make that decision."""
    with connect("desk_app", fallen) as connection:
        [owed] = read_owed(connection, "demo")
    assert (owed.actor, owed.step, owed.path) == ("operator", "review", "/halt")
    assert review(fallen) is True
    with connect("desk_app", fallen) as connection:
        assert read_owed(connection, "demo") == ()
