"""Issuing: one ticket per run, whole or not at all, and a NO-TRADE that says why."""

import dataclasses
import hashlib
import json
import threading
from datetime import timedelta

import psycopg
import pytest

from tests.database import rows
from trading_ops.db.connect import connect, conninfo
from trading_ops.plan.steps import decide
from trading_ops.tickets import issue as issue_module
from trading_ops.tickets.issue import issue_ticket


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def issue(desk, run_id, failed_steps=()) -> dict:
    """Issue as the planner and return the stored ticket with its reasons parsed."""
    with connect("desk_planner", desk) as connection:
        ticket_id = issue_ticket(connection, run_id, failed_steps, desk)
        return connection.execute("select * from desk.tickets where ticket_id = %s", (ticket_id,)).fetchone()


def count(desk, table: str) -> int:
    """Count the rows of a table of schema desk."""
    with connect("desk_planner", desk) as connection:
        return connection.execute(f"select count(*) as n from desk.{table}").fetchone()["n"]


def said(ticket: dict) -> set[tuple[str, str]]:
    """Return the (source, check_name) of each cause and of what follows from it."""
    told = [reason for cause in ticket["reasons"] for reason in (cause, *cause.get("follows", ()))]
    return {(reason["source"], reason["check_name"]) for reason in told}


def test_an_approved_run_gets_a_trade_ticket_with_its_lines_mails_and_files(saturday):
    """Everything the executor and the operator need exists after one call."""
    ticket = issue(saturday, rows.add_approved_run(saturday))
    assert (ticket["ticket_id"], ticket["kind"]) == ("demo-2026-W25-1", "TRADE")
    assert count(saturday, "ticket_lines") == 2
    assert count(saturday, "outbox") == 2
    body = (saturday.data / "tickets/demo-2026-W25-1.json").read_bytes()
    assert hashlib.sha256(body).hexdigest() == ticket["content_sha256"]
    assert json.loads(body)["lines"][0]["etoro_search_name"] == "Alder Instruments"
    assert "SIMULATED" in (saturday.data / "tickets/demo-2026-W25-1.md").read_text()


def test_a_second_call_finds_the_first_ticket(saturday):
    """A rerun task adds nothing and mails nobody twice, even if it now knows of a failed step."""
    run_id = rows.add_approved_run(saturday)
    first = issue(saturday, run_id)
    again = issue(saturday, run_id, ["size_orders"])
    assert (again["ticket_id"], again["kind"]) == (first["ticket_id"], "TRADE")
    assert count(saturday, "tickets") == 1
    assert count(saturday, "outbox") == 2


def test_a_missing_or_broken_file_is_written_again(saturday):
    """A crash after the commit and before the files is mended by calling again."""
    run_id = rows.add_approved_run(saturday)
    issue(saturday, run_id)
    folder = saturday.data / "tickets"
    whole = (folder / "demo-2026-W25-1.json").read_bytes()
    (folder / "demo-2026-W25-1.md").unlink()
    (folder / "demo-2026-W25-1.json").write_bytes(whole[:100])
    issue(saturday, run_id)
    assert (folder / "demo-2026-W25-1.json").read_bytes() == whole
    assert sorted(path.name for path in folder.iterdir()) == ["demo-2026-W25-1.json", "demo-2026-W25-1.md"]


def test_a_failed_gate_gives_a_no_trade_with_its_reason_and_fix(saturday):
    """The ticket repeats what the gate found, and an incident is on record."""
    run_id = rows.add_plan_run(saturday)
    rows.add_intended(saturday, run_id, 1, "ALDR")
    for gate in rows.GATES[1:]:
        rows.pass_gate(saturday, run_id, gate)
    found = ("97 % of 100 symbols", "Load the bars of CEDR.")
    rows.fail_gate(saturday, run_id, "data_quality", "coverage", *found)
    with connect("desk_planner", saturday) as connection:
        decide(connection, run_id)
    ticket = issue(saturday, run_id)
    assert ticket["kind"] == "NO-TRADE"
    assert ticket["reasons"] == [
        {
            "source": "data_quality",
            "check_name": "coverage",
            "reason": "97 % of 100 symbols",
            "fix": "Load the bars of CEDR.",
        }
    ]
    assert "Smallest fix: Load the bars of CEDR." in ticket["body_markdown"]
    assert count(saturday, "ticket_lines") == 0
    with connect("desk_planner", saturday) as connection:
        (incident,) = connection.execute("select code from desk.incidents")
    assert incident["code"] == "DATA_STALE"


def test_a_run_that_broke_early_still_ends_in_one_ticket(saturday):
    """No gate, no decision, two failed steps: one NO-TRADE that names every step, the first as the cause."""
    ticket = issue(saturday, rows.add_plan_run(saturday), ["build_prices", "size_orders"])
    assert ticket["kind"] == "NO-TRADE"
    assert said(ticket) >= {
        ("step", "build_prices"),
        ("step", "size_orders"),
        ("decision", "decided"),
        ("risk", "judged"),
    }
    assert [each["check_name"] for each in ticket["reasons"][0]["follows"]][:2] == ["size_orders", "judged"]


def test_one_failed_step_blocks_an_otherwise_approved_run(saturday):
    """The database would take this TRADE; the ticket is a NO-TRADE all the same."""
    ticket = issue(saturday, rows.add_approved_run(saturday), ["rank_universe"])
    assert (ticket["kind"], said(ticket)) == ("NO-TRADE", {("step", "rank_universe")})


def test_a_run_without_a_decision_gives_a_no_trade(saturday):
    """All gates passed, but nobody decided."""
    run_id = rows.add_plan_run(saturday)
    rows.add_intended(saturday, run_id, 1, "ALDR")
    rows.pass_all_gates(saturday, run_id)
    assert said(issue(saturday, run_id)) == {("decision", "decided")}


def test_an_approved_run_with_nothing_to_trade_gives_a_no_trade(saturday):
    """A TRADE without lines would be an order to do nothing."""
    assert said(issue(saturday, rows.add_approved_run(saturday, symbols=()))) == {("orders", "trades_needed")}


def test_a_symbol_without_a_search_name_blocks_the_ticket(saturday):
    """A line nobody can find on eToro is found out here, not by the executor."""
    ticket = issue(saturday, rows.add_approved_run(saturday, symbols=("ALDR", "ZZZZ")))
    assert said(ticket) == {("orders", "search_name_known")}


def test_after_the_window_has_closed_the_ticket_is_a_no_trade(saturday):
    """A plan cleared and rerun days later must not send anybody trading."""
    run_id = rows.add_approved_run(saturday)
    rows.set_clock(saturday, rows.WINDOW_CLOSE_AT)
    assert said(issue(saturday, run_id)) == {("window", "window_open")}


def test_a_halted_desk_gives_a_no_trade_that_says_so(saturday):
    """The gates passed before the halt; Postgres refuses the TRADE and the ticket tells of it."""
    run_id = rows.add_approved_run(saturday)
    with connect("desk_app", saturday) as connection:
        connection.execute("select desk.engage_halt('drill', 'operator')")
    ticket = issue(saturday, run_id)
    assert ticket["kind"] == "NO-TRADE"
    assert "the desk is halted" in ticket["reasons"][0]["reason"]
    assert count(saturday, "ticket_lines") == 0


def test_a_second_trade_in_a_week_becomes_a_no_trade(saturday):
    """Planning again after a TRADE cannot double the week's orders."""
    issue(saturday, rows.add_approved_run(saturday))
    second = issue(saturday, rows.add_approved_run(saturday, attempt=2))
    assert second["ticket_id"] == "demo-2026-W25-2"
    assert said(second) == {("database", "one_trade_ticket_per_week")}


def test_a_refusal_that_waits_for_the_commit_becomes_a_no_trade_too(saturday, monkeypatch):
    """An order that was written after the ticket was read is found missing by Postgres alone."""
    run_id = rows.add_approved_run(saturday)
    whole = issue_module._read_record

    def read_all_but_the_last(*arguments):
        record = whole(*arguments)
        evidence = dataclasses.replace(record.evidence, orders=record.evidence.orders[:-1])
        return dataclasses.replace(record, evidence=evidence)

    monkeypatch.setattr(issue_module, "_read_record", read_all_but_the_last)
    ticket = issue(saturday, run_id)
    assert (ticket["kind"], said(ticket)) == ("NO-TRADE", {("database", "ticket_lock")})
    assert "must carry a line for every intended trade" in ticket["reasons"][0]["reason"]


def test_planning_again_after_a_no_trade_may_trade(saturday):
    """The week is not lost when the cause of a NO-TRADE was mended in time."""
    issue(saturday, rows.add_plan_run(saturday), ["load_bars"])
    assert issue(saturday, rows.add_approved_run(saturday, attempt=2))["kind"] == "TRADE"


def test_a_daily_run_has_no_ticket(saturday):
    """Only plan runs do, and the error says so."""
    run_id = rows.add_run(saturday, kind="daily")
    with pytest.raises(ValueError, match="not a plan run"):
        issue(saturday, run_id)


def test_the_same_run_gives_the_same_bytes_in_another_database(saturday):
    """The content holds no clock reading and no row number of its own."""
    run_id = rows.add_approved_run(saturday)
    rows.set_clock(saturday, rows.SATURDAY_AT + timedelta(hours=5))
    late = issue(saturday, run_id)
    assert late["content_sha256"] == hashlib.sha256(late["body_json"].encode()).hexdigest()
    assert "13:00" not in late["body_json"]


def test_eight_callers_at_once_make_one_ticket(saturday):
    """Two schedulers, a retry and a person: all get the same ticket_id and two mails go out."""
    run_id = rows.add_approved_run(saturday)
    barrier, results = threading.Barrier(8), []

    def call():
        with connect("desk_planner", saturday) as connection:
            barrier.wait()
            results.append(issue_ticket(connection, run_id, (), saturday))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == ["demo-2026-W25-1"] * 8
    assert (count(saturday, "tickets"), count(saturday, "ticket_lines"), count(saturday, "outbox")) == (
        1,
        2,
        2,
    )


class Killed(Exception):
    """The connection died under the planner."""


class KilledAt(psycopg.Cursor):
    """A cursor whose backend is terminated just before the chosen statement."""

    fatal_statement = 0

    def execute(self, query, *arguments, **options):
        connection = self.connection
        connection.statement_count = getattr(connection, "statement_count", 0) + 1
        if connection.statement_count == self.fatal_statement:
            with connection.killer as killer:
                killer.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
        return super().execute(query, *arguments, **options)


def test_killed_at_any_statement_a_run_has_no_ticket_or_the_whole_one(saturday):
    """The backend dies before statement 1, 2, 3 ... of issuing; all or nothing is there then."""
    run_id = rows.add_approved_run(saturday)
    for step in range(1, 60):
        cursor = type("Cursor", (KilledAt,), {"fatal_statement": step})
        connection = psycopg.connect(
            conninfo("desk_planner", saturday), row_factory=psycopg.rows.dict_row, cursor_factory=cursor
        )
        connection.killer = rows.superuser(saturday)
        try:
            issue_ticket(connection, run_id, (), saturday)
            break
        except psycopg.OperationalError:
            assert (
                count(saturday, "tickets")
                == count(saturday, "ticket_lines")
                == count(saturday, "outbox")
                == 0
            )
        finally:
            connection.close()
    assert step > 10
    assert (count(saturday, "tickets"), count(saturday, "ticket_lines"), count(saturday, "outbox")) == (
        1,
        2,
        2,
    )
