"""
Watched from outside Airflow: a plan nobody works on, a week without a ticket, a morning without a report.
"""

import dataclasses
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.planning import UNIVERSE, call, freeze_plan, on_saturday, policy_of, table
from trading_ops.comms.letters import compose
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.plan import steps
from trading_ops.tickets.issue import issue_ticket
from trading_ops.watch.__main__ import main as watch
from trading_ops.watch.ending import end_run
from trading_ops.watch.missing import missing_report, missing_ticket

WEEK = date(2026, 6, 12)
NOON_AT = sessions.ticket_due_at(WEEK)


@pytest.fixture
def live(desk, monkeypatch):
    """A desk with a schedule: it opened on Monday of the week, and its clock can be set for the test."""
    rows.set_clock(desk, datetime(2026, 6, 8, 9, tzinfo=UTC))
    rows.add_portfolio(desk)
    config = dataclasses.replace(desk, environment="production")
    at_a_shell(monkeypatch, config)
    return config


def look_at(desk, now_at: datetime) -> None:
    """Let the watcher look once at an instant."""
    rows.set_clock(desk, now_at)
    assert watch(["--once"]) == 0


def told(desk) -> list[str]:
    """Return every incident's key."""
    return [row["dedupe_key"] for row in table(desk, "incidents")]


def mails(desk) -> list[tuple[str, str]]:
    """Return (kind, recipient) of every mail."""
    return [(row["kind"], row["recipient"].partition("@")[0]) for row in table(desk, "outbox")]


def write_report(desk, session: date) -> None:
    """Put a session's daily report into the outbox."""
    with connect("desk_planner", desk) as connection:
        enqueue(
            connection,
            dedupe_key=f"daily_report:{desk.portfolio_id}:{session}",
            kind="daily_report",
            recipient=desk.operator_email,
            letter=compose("Daily report", ["The desk is running."]),
        )


def test_a_week_without_a_plan_is_told_once_at_saturday_noon_and_the_mail_goes_out(live):
    """The scheduler was off: nothing froze a plan, and nothing else would have said so."""
    write_report(live, WEEK)
    look_at(live, NOON_AT - timedelta(seconds=1))
    assert told(live) == []
    for hours in (0, 1, 3):
        look_at(live, NOON_AT + timedelta(hours=hours))
    assert told(live) == ["NO_TICKET:demo:2026-W25"]
    assert mails(live) == [("daily_report", "operator"), ("alert", "operator")]
    [letter] = (live.data / "mail").glob("*alert*.eml")
    assert "Incident NO_TICKET" in letter.read_text()
    assert "2026-W25" in letter.read_text() and "12:00 London" in letter.read_text()


def test_a_week_with_its_ticket_is_left_alone(live):
    """NO-TRADE is a ticket."""
    rows.set_clock(live, rows.SATURDAY_AT)
    run = freeze_plan(live)
    call(issue_ticket, live, run, ["build_book"])
    write_report(live, WEEK)
    before = told(live)
    look_at(live, NOON_AT + timedelta(hours=20))
    assert told(live) == before


def test_a_morning_without_a_report_is_told_once_per_session_by_half_past_eight(live):
    """08:30 in London; a report of another session does not count."""
    write_report(live, date(2026, 6, 8))
    due_at = sessions.report_due_at(date(2026, 6, 9))
    look_at(live, due_at - timedelta(seconds=1))
    assert told(live) == []
    for minutes in (0, 5):
        look_at(live, due_at + timedelta(minutes=minutes))
    look_at(live, due_at + timedelta(days=1))
    assert told(live) == ["REPORT_MISSING:demo:2026-06-09", "REPORT_MISSING:demo:2026-06-10"]
    # The first, of yesterday, is in nobody's hand.
    assert mails(live)[1:] == [("alert", "operator"), ("alert", "operator"), ("alert", "executor")]


def test_nothing_was_due_before_the_desk_was_there(desk):
    """A desk opened on Saturday morning, after the plan's hour, owes no ticket for that week."""
    rows.set_clock(desk, sessions.plan_run_at(WEEK) + timedelta(minutes=1))
    config = dataclasses.replace(desk, environment="production")
    with connect("desk_planner", desk) as connection:
        assert missing_ticket(connection, config, NOON_AT) is None
        assert missing_report(connection, config, NOON_AT) is None
    rows.add_portfolio(desk)
    with connect("desk_planner", desk) as connection:
        assert missing_ticket(connection, config, NOON_AT) is None
        assert missing_report(connection, config, NOON_AT) is None
        assert missing_ticket(connection, config, NOON_AT + timedelta(days=7)).duty.plan_week == "2026-W26"


def test_a_simulated_desk_has_no_schedule_and_owes_nothing(desk, monkeypatch):
    """The demo jumps from Saturday to Monday to Saturday; no morning in between is missing."""
    rows.set_clock(desk, datetime(2026, 6, 8, 9, tzinfo=UTC))
    rows.add_portfolio(desk)
    at_a_shell(monkeypatch, desk)
    look_at(desk, NOON_AT + timedelta(days=40))
    assert (told(desk), mails(desk)) == ([], [])


def test_a_plan_nobody_works_on_any_more_ends_in_one_no_trade(desk, monkeypatch):
    """
    Three hours after it was frozen, once: one ticket that names the step, a mail to each person, an incident.
    """
    run = freeze_plan(on_saturday(desk), policy_of(), universe=UNIVERSE)
    at_a_shell(monkeypatch, desk)
    look_at(desk, rows.SATURDAY_AT + sessions.PLAN_DURATION_MAX - timedelta(seconds=1))
    assert table(desk, "tickets") == []
    for minutes in (0, 1, 60):
        look_at(desk, rows.SATURDAY_AT + sessions.PLAN_DURATION_MAX + timedelta(minutes=minutes))
    [ticket] = table(desk, "tickets")
    assert (ticket["run_id"], ticket["kind"]) == (run.run_id, "NO-TRADE")
    assert [(reason["source"], reason["check_name"]) for reason in ticket["reasons"]] == [
        ("step", "rank_universe")
    ]
    assert told(desk) == [f"STEP_FAILED:{ticket['ticket_id']}"]
    assert mails(desk) == [("ticket", "operator"), ("ticket", "executor")]
    assert len(list((desk.data / "mail").glob("*.eml"))) == 2
    with connect("desk_reader", desk) as connection:
        assert not connection.execute("select * from inv.i2_one_ticket_per_plan_run").fetchall()


def test_a_plan_given_up_is_told_by_its_ticket_and_not_as_a_missing_one_beside_it(live):
    """Frozen at nine and dead since: at noon it is ended; nobody hears twice."""
    write_report(live, WEEK)
    rows.set_clock(live, rows.SATURDAY_AT + timedelta(minutes=2))
    freeze_plan(live)
    look_at(live, NOON_AT + timedelta(minutes=1))
    look_at(live, NOON_AT + timedelta(minutes=3))
    assert told(live) == ["STEP_FAILED:demo-2026-W25-1"]


def test_a_plan_ended_after_its_window_says_so(desk):
    """The machine was off until Tuesday: the window is the second reason."""
    run = freeze_plan(on_saturday(desk))
    rows.set_clock(desk, rows.DEADLINE_AT + timedelta(hours=1))
    with connect("desk_planner", desk) as connection:
        end_run(connection, run.idempotency_key, ["build_prices"], "it ran longer than it may", desk)
    assert {row["code"] for row in table(desk, "incidents")} == {"STEP_FAILED", "WINDOW_MISSED"}
    assert [reason["check_name"] for reason in table(desk, "tickets")[0]["reasons"]] == [
        "build_prices",
        "window_open",
    ]


@pytest.mark.parametrize(
    "step", ["wait_for_turn", "build_book", "size_orders", "build_gates", "decide", "issue_ticket"]
)
def test_a_plan_ended_at_a_step_gives_that_step_and_no_gate_as_its_cause(desk, step):
    """Four gates never judged and a decision nobody made follow from it: one incident, not five."""
    run = freeze_plan(on_saturday(desk))
    with connect("desk_planner", desk) as connection:
        end_run(connection, run.idempotency_key, [step], "marked failed by hand", desk)
    reasons = table(desk, "tickets")[0]["reasons"]
    if step == "issue_ticket":
        # Everything before it had come to an end, so what is missing is news of its own.
        assert reasons[0]["check_name"] == step
        return
    assert [(reason["source"], reason["check_name"]) for reason in reasons] == [("step", step)]
    assert {reason["check_name"] for reason in reasons[0]["follows"]} == {"judged", "decided"}
    assert [row["code"] for row in table(desk, "incidents")] == ["STEP_FAILED"]


def test_ending_a_run_twice_and_a_late_issue_ticket_change_nothing(desk):
    """Whoever comes first writes the one ticket: Airflow's call, the watcher, the task that still ran."""
    run = freeze_plan(on_saturday(desk))
    for _ in range(2):
        with connect("desk_planner", desk) as connection:
            end_run(connection, run.idempotency_key, ["build_book"], "it ran longer than it may", desk)
    before = table(desk, "tickets"), mails(desk), told(desk)
    call(issue_ticket, desk, run)
    call(steps.decide, desk, run)
    assert (table(desk, "tickets"), mails(desk), told(desk)) == before
    assert (len(before[0]), len(before[1]), len(before[2])) == (1, 2, 1)


def test_a_run_that_froze_no_plan_is_an_incident_with_its_mail(desk):
    """A daily run, a training, or a plan that got less far: once, under the key its last task would use."""
    key = "daily_market_data:scheduled__2026-06-12"
    for _ in range(2):
        with connect("desk_planner", desk) as connection:
            end_run(connection, key, ["build_prices"], "it ran longer than it may", desk)
    [incident] = table(desk, "incidents")
    assert incident["dedupe_key"] == f"STEP_FAILED:{key}"
    assert incident["detail"] == f"{key}: build_prices (it ran longer than it may)"
    assert mails(desk) == [("alert", "operator")]


def test_the_watcher_needs_no_other_password_than_its_two(desk, desk_environment):
    """A process as the stack starts it, without Airflow's keys; a database that is away is said."""
    freeze_plan(on_saturday(desk))
    rows.set_clock(desk, rows.SATURDAY_AT + sessions.PLAN_DURATION_MAX)
    pgpass = desk.data.parent / "pgpass.watch"
    lines = desk.pgpass.read_text().splitlines()
    pgpass.write_text(
        "\n".join(line for line in lines if "desk_planner" in line or "desk_mailer" in line) + "\n"
    )
    pgpass.chmod(0o600)
    environ = {**desk_environment, "TRADING_OPS_PGPASS": str(pgpass), "PGPASSFILE": str(pgpass)}
    command = [sys.executable, "-m", "trading_ops.watch", "--once"]
    path = ":".join(sys.path)
    done = subprocess.run(
        command, env={**environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "is ended with the ticket demo-2026-W25-1; not finished: rank_universe" in done.stdout
    away = subprocess.run(
        command,
        env={**environ, "PYTHONPATH": path, "TRADING_OPS_DB_NAME": "nobodys"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert away.returncode == 1 and "nobodys" in away.stderr
