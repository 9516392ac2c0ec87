"""A plan of an older session supersedes nothing: the newest ticket is the latest session's, however late."""

from datetime import date, timedelta

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.planning import freeze_plan
from trading_ops.cli.main import main as run_cli
from trading_ops.config.files import read_policy
from trading_ops.db.connect import connect, queries
from trading_ops.reports.daily import read_daily_report
from trading_ops.tickets.issue import issue_ticket
from trading_ops.tickets.reminders import remind

NEXT_WEEK = {"weeks": 1}
NEXT_SATURDAY_AT = rows.SATURDAY_AT + timedelta(weeks=1)


@pytest.fixture
def overtaken(desk):
    """This week's TRADE is out, then the week before is planned for the first time: (desk, newer, older)."""
    rows.set_clock(desk, NEXT_SATURDAY_AT)
    newer = rows.add_trade_ticket(desk, **NEXT_WEEK)
    rows.set_clock(desk, NEXT_SATURDAY_AT + timedelta(hours=1))
    run = freeze_plan(desk, key="last week's, again")
    with connect("desk_planner", desk) as connection:
        older = issue_ticket(connection, run.run_id, ["build_prices"], desk)
    return desk, newer, older


def one(desk, statement: str, *values) -> dict:
    """The only row of a query, read as the planner."""
    with connect("desk_planner", desk) as connection:
        return connection.execute(statement, values).fetchone()


def test_a_plan_of_a_past_window_is_frozen_and_ends_in_one_no_trade(overtaken):
    """Its window is over, so nothing can be traded; the incident says so and the invariants hold."""
    desk, newer, older = overtaken
    assert (newer, older) == ("demo-2026-W26-1", "demo-2026-W25-1")
    ticket = one(desk, "select kind, reasons from desk.tickets where ticket_id = %s", older)
    assert ticket["kind"] == "NO-TRADE"
    assert "window_open" in {reason["check_name"] for reason in ticket["reasons"]}
    assert one(desk, "select 1 as n from desk.incidents where code = 'WINDOW_MISSED'")
    assert one(desk, "select count(*) as n from desk.tickets")["n"] == 2
    assert one(desk, "select count(*) as n from inv.i2_one_ticket_per_plan_run")["n"] == 0


def refuse_trade(desk, run_id: str, constraint: str) -> None:
    """Insert a TRADE by hand and expect the refusal of that name."""
    with connect("desk_planner", desk) as connection, pytest.raises(psycopg.errors.IntegrityError) as refused:
        rows.insert_ticket(connection, rows.ticket_row(desk, run_id), (1, 2))
    assert refused.value.diag.constraint_name == constraint, refused.value


def test_an_approved_plan_of_a_past_window_cannot_trade(desk):
    """Every gate passed and the decision is yes; Python makes it a NO-TRADE, Postgres refuses it twice."""
    rows.set_clock(desk, NEXT_SATURDAY_AT)
    rows.add_trade_ticket(desk, **NEXT_WEEK)
    run_id = rows.add_approved_run(desk, frozen_at=NEXT_SATURDAY_AT)
    refuse_trade(desk, run_id, "newest_plan_trades")
    with rows.superuser(desk) as connection:
        connection.execute("alter table desk.tickets disable trigger refuse_overtaken_trade")
    # That of 0004: issued before its window closes.
    refuse_trade(desk, run_id, "tickets_check4")
    with connect("desk_planner", desk) as connection:
        ticket_id = issue_ticket(connection, run_id, (), desk)
    assert one(desk, "select kind from desk.tickets where ticket_id = %s", ticket_id)["kind"] == "NO-TRADE"


def test_an_earlier_attempt_cannot_trade_once_a_later_one_has_its_ticket(desk):
    """The window is still open, and whoever follows the newest ticket would never see the orders."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    first = rows.add_approved_run(desk)
    second = rows.add_plan_run(desk, attempt=2)
    with connect("desk_planner", desk) as connection:
        issue_ticket(connection, second, ["load_bars"], desk)
        ticket_id = issue_ticket(connection, first, (), desk)
    ticket = one(desk, "select kind, reasons from desk.tickets where ticket_id = %s", ticket_id)
    assert ticket["kind"] == "NO-TRADE"
    assert ticket["reasons"][0]["check_name"] == "newest_plan_trades"
    assert "demo-2026-W25-2" in ticket["reasons"][0]["reason"]


def test_a_later_session_of_a_week_comes_after_an_attempt_for_an_earlier_one(desk):
    """Sessions first, then attempts, which count per week: Monday's second is older than Thursday's first."""
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(days=5))
    shift = timedelta(days=3)
    thursday = rows.add_plan_run(
        desk,
        as_of_date=date(2026, 6, 17),
        window_open_at=rows.WINDOW_OPEN_AT + shift,
        window_close_at=rows.WINDOW_CLOSE_AT + shift,
        deadline_at=rows.DEADLINE_AT + shift,
    )
    monday = rows.add_plan_run(desk, attempt=2)
    with connect("desk_planner", desk) as connection:
        for run_id in (thursday, monday):
            issue_ticket(connection, run_id, ["load_bars"], desk)
        newest = queries.operator.newest_ticket(connection, portfolio_id="demo")
    assert newest["ticket_id"] == "demo-2026-W25-1"


def test_the_tenth_attempt_comes_after_the_ninth(desk):
    """By number: their names sort the other way round."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    with connect("desk_planner", desk) as connection:
        for attempt in (9, 10):
            issue_ticket(connection, rows.add_plan_run(desk, attempt=attempt), ["load_bars"], desk)
        assert queries.operator.newest_ticket(connection, portfolio_id="demo")["ticket_id"].endswith("-10")


def test_the_report_names_the_newest_plan_and_ticket(overtaken):
    """Not those that were frozen and issued last."""
    desk, newer, _ = overtaken
    daily = freeze_plan(desk, kind="daily", key="daily")
    with connect("desk_planner", desk) as connection:
        report = read_daily_report(connection, daily.run_id)
    assert report.ticket["ticket_id"] == newer
    assert report.plan["plan_week"] == "2026-W26"


def test_the_reminder_is_about_the_newest_trade(overtaken):
    """The lines of this week's ticket are asked for."""
    desk, newer, _ = overtaken
    with connect("desk_planner", desk) as connection:
        rules = read_policy(desk).reminders
        report = remind(connection, desk, rules, rows.WINDOW_CLOSE_AT + timedelta(weeks=1, minutes=20))
    assert report.ticket_id == newer and report.rung != "none"


def test_the_command_line_prints_the_newest_plans_ticket(overtaken, monkeypatch, capsys):
    """`trading-ops ticket` and `status`, whatever was issued last."""
    desk, newer, _ = overtaken
    at_a_shell(monkeypatch, desk)
    assert run_cli(["status"]) == 0
    assert f"ticket  {newer} TRADE" in capsys.readouterr().out


def test_the_mail_of_an_older_plan_sends_nobody_home(overtaken):
    """'Nothing to do on eToro this week' would be read by whoever has this week's orders to place."""
    desk, newer, older = overtaken
    mail = one(desk, "select body_text from desk.outbox where ticket_id = %s limit 1", older)["body_text"]
    assert "nothing to do on eToro" not in mail
    assert f"the ticket to follow is still {newer}" in mail


def test_an_invariant_sees_a_trade_before_an_unconfirmed_one_was_settled(overtaken):
    """The order of plans is its order, too: the older NO-TRADE changes nothing."""
    desk, _, _ = overtaken
    assert one(desk, "select count(*) as n from inv.i7_previous_trade_was_confirmed")["n"] == 0
