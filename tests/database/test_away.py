"""While the executor is away the week is a planned NO-TRADE, and nobody is chased for it."""

from datetime import timedelta

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.planning import build_marts, call, freeze_plan, on_saturday, sized, table
from tests.database.test_reminders import LATE_AT, remind_at, told
from trading_ops.cli.main import main
from trading_ops.db.connect import connect
from trading_ops.plan.steps import decide, read_evidence
from trading_ops.reports.daily import read_daily_report
from trading_ops.reports.daily_words import daily_letter, words_of
from trading_ops.reports.pages import rendered
from trading_ops.tickets.issue import issue_ticket


def test_a_week_without_its_executor_is_a_planned_no_trade(desk, monkeypatch, capsys):
    """One reason, with its way back; called off, nothing speaks against the same plan any more."""
    at_a_shell(monkeypatch, desk)
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    sized(desk, run)
    rows.pass_all_gates(desk, run.run_id)
    # The orders are for Monday, 15 June: the last day of the one absence, the day before the next.
    assert main(["away", "2026-06-16", "2026-06-20"]) == 0
    with connect("desk_planner", desk) as connection:
        assert read_evidence(connection, run.run_id, ()).away is None
    assert main(["away", "2026-06-13", "2026-06-15", "--person", "executor"]) == 0
    assert main(["away", "list"]) == 0
    assert "   2  executor         2026-06-13 to 2026-06-15" in capsys.readouterr().out
    (reason,) = call(decide, desk, run).reasons
    assert reason.key == "window.executor_present"
    assert "executor is away from 2026-06-13 to 2026-06-15 (absence 2)" in reason.sentence
    call(issue_ticket, desk, run)
    assert table(desk, "incidents") == []
    assert all("planned again" not in row["body_text"] for row in table(desk, "outbox"))
    assert main(["away", "cancel", "2"]) == 0
    assert main(["away", "cancel", "9"]) == 1
    with connect("desk_planner", desk) as connection:
        assert read_evidence(connection, run.run_id, ()).away is None


def test_an_absence_told_after_the_decision_is_a_no_trade_and_no_incident(desk):
    """Postgres refuses the TRADE that was decided; who was told beforehand is chased for nothing."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    sized(desk, run)
    rows.pass_all_gates(desk, run.run_id)
    assert call(decide, desk, run).is_approved
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.record_absence('executor', '2026-06-15', '2026-06-19')")
    call(issue_ticket, desk, run)
    [ticket] = table(desk, "tickets")
    assert [reason["check_name"] for reason in ticket["reasons"]] == ["executor_is_there"]
    assert table(desk, "incidents") == []


def test_what_is_no_absence_is_one_sentence(desk, monkeypatch, capsys):
    """Before anything is written."""
    at_a_shell(monkeypatch, desk)
    rows.set_clock(desk, rows.SATURDAY_AT)
    # A wrong year, as well: 12 June is yesterday.
    for words in (
        ["2026-06-10", "2026-06-12"],
        ["2026-06-15", "2026-06-14"],
        ["monday", "friday"],
        ["cancel", "x"],
        ["tomorrow"],
    ):
        assert main(["away", *words]) == 2
    assert main(["away", "2026-06-15", "2026-06-15", "--person", "nobody"]) == 1
    assert "Traceback" not in capsys.readouterr().err
    with connect("desk_planner", desk) as connection:
        assert connection.execute("select count(*) as n from desk.absences").fetchone()["n"] == 0


def test_who_is_away_is_not_reminded(desk):
    """No letter of that week until they are back; then the mornings begin."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_plan_run(desk)
    with connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, rows.ticket_row(desk, run_id, "NO-TRADE"))
        connection.execute("select desk.record_absence('executor', '2026-06-14', '2026-06-16')")
    for day in (1, 2, 3):
        remind_at(desk, rows.SATURDAY_AT + timedelta(days=day))
    assert told(desk) == []
    remind_at(desk, LATE_AT + timedelta(days=2))
    assert told(desk) == [("1 thing left: type in what eToro shows", "executor")]


def test_ticket_and_report_tell_who_will_be_away(desk):
    """Two weeks ahead, and for which session no order will come; not what lies further off."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_plan_run(desk)
    with connect("desk_planner", desk) as connection:
        for first, last in (
            ("2026-06-20", "2026-06-23"),
            ("2026-06-28", "2026-06-28"),
            ("2026-07-06", "2026-07-10"),
        ):
            connection.execute("select desk.record_absence('executor', %s, %s)", (first, last))
        issue_ticket(connection, run_id, ["load_bars"], desk)
        (letter,) = connection.execute(
            "select body_text from desk.outbox where recipient = %s", (desk.operator_email,)
        ).fetchall()
        report = read_daily_report(connection, rows.add_run(desk, kind="daily"))
    told = (
        "executor is away from 2026-06-20 to 2026-06-23",
        "no TRADE is to be expected for 2026-06-22: nobody is there to execute it",
    )
    assert report.absences == told
    texts = [letter["body_text"], *rendered("daily", words_of(report, desk.page_url)).values()]
    texts.append(daily_letter(report, "", desk.page_url, 1).body_text)
    assert len(texts) == 4 and all(line in text for line in told for text in texts)
    assert not any("2026-07-06" in text for text in texts)


def test_a_desk_without_an_executor_trades_nothing(desk):
    """Nobody is away where nobody is an executor, and an order would wait for nobody."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    sized(desk, run)
    rows.pass_all_gates(desk, run.run_id)
    approved = rows.add_approved_run(desk, weeks=1)
    with connect("desk_planner", desk) as connection:
        connection.execute(
            "select desk.set_person('operator', 'executor', 'gone', 'e@trading-ops.example', 'none')"
        )
    (reason,) = call(decide, desk, run).reasons
    assert reason.key == "window.executor_known" and "people add NAME --role executor" in reason.fix
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(weeks=1))
    with pytest.raises(psycopg.errors.IntegrityError) as refused, connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, rows.ticket_row(desk, approved), [1, 2])
    assert refused.value.diag.constraint_name == "executor_is_known"
    with connect("desk_planner", desk) as connection:
        ticket_id = issue_ticket(connection, approved, (), desk)
        told = connection.execute(
            "select kind, reasons from desk.tickets where ticket_id = %s", (ticket_id,)
        ).fetchone()
    assert told["kind"] == "NO-TRADE" and "--role executor" in told["reasons"][0]["fix"]
    assert table(desk, "incidents") == []


def test_a_trade_decided_before_somebody_went_away_is_not_issued(desk):
    """The absence is asked about again as the ticket is written."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_approved_run(desk)
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.record_absence('executor', '2026-06-15', '2026-06-19')")
    with pytest.raises(psycopg.errors.IntegrityError) as refused, connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, rows.ticket_row(desk, run_id), [1, 2])
    assert refused.value.diag.constraint_name == "executor_is_there"
