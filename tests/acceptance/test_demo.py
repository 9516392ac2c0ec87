"""
The main job, end to end: Airflow runs the DAGs, a person works the page, four weeks end in four tickets.

One desk lives through the demo once; the tests below look at what it left behind, in this order.
"""

import email
import email.policy
import json
import time
from datetime import datetime

import pytest

from trading_ops.db.connect import connect
from trading_ops_stack.airflow_api import Airflow

pytestmark = pytest.mark.slow

COUNTED = (
    "desk.runs", "desk.signals_ranked", "desk.portfolio_targets", "desk.ledger_trades_intended", "desk.risk_checks",
    "desk.gate_results", "desk.decisions", "desk.tickets", "desk.ticket_lines", "desk.confirmations",
    "desk.ledger_trades_fills", "desk.ledger_cash_movements", "desk.broker_snapshots", "desk.outbox", "raw.loads",
    "raw.eod_bars",
)  # fmt: skip


def row_counts(desk) -> dict[str, int]:
    """Return how many rows each table of the desk has."""
    with connect("desk_planner", desk.config) as connection:
        return {
            table: connection.execute(f"select count(*) as n from {table}").fetchone()["n"]
            for table in COUNTED
        }


@pytest.fixture(scope="module")
def lived(own_desk):
    """The desk after `make demo`, still running; its output is kept."""
    done = own_desk.run("trading_ops_stack.demo", timeout_s=2400)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    own_desk.output = done.stdout
    return own_desk


def test_four_weeks_end_in_the_four_tickets_of_the_story(lived):
    """TRADE, NO-TRADE for a missing confirmation, NO-TRADE for missing bars, TRADE."""
    tickets = list(lived.tickets().values())
    assert [ticket["kind"] for ticket in tickets] == ["TRADE", "NO-TRADE", "NO-TRADE", "TRADE"]
    assert {reason["source"] for reason in tickets[1]["reasons"]} == {"confirmation"}
    assert {reason["source"] for reason in tickets[2]["reasons"]} == {"data_quality"}
    assert {reason["check_name"] for reason in tickets[2]["reasons"]} == {"coverage"}
    assert all(ticket["is_simulated"] for ticket in tickets)


def test_the_table_at_the_end_names_week_gates_kind_and_reason(lived):
    """The operator sees the four weeks at a glance, and where everything is."""
    table = lived.output[lived.output.index("week ") :]
    assert (
        "2026-W12  2026-03-13  PASS  FAIL     PASS       PASS  NO-TRADE  ticket demo-2026-W11-1: 1 of 5 lines"
        in table
    )
    for place in ("tickets", "mails", "reports", "dbt docs", "Confirm page", "Airflow"):
        assert f"  {place}" in table


def test_the_ledger_is_what_the_executor_confirmed(lived):
    """Done, partial, skipped and failed lines came through the page, and no broken invariant is left."""
    with connect("desk_planner", lived.config) as connection:
        statuses = connection.execute(
            "select status from desk.confirmations where ticket_id = 'demo-2026-W11-1' order by line_number"
        ).fetchall()
        booked = connection.execute(
            "select internal_symbol, units from desk.positions_now where units <> 0"
        ).fetchall()
    assert [row["status"] for row in statuses] == ["DONE", "PARTIAL", "SKIPPED", "FAILED", "SKIPPED"]
    shown = json.loads((lived.config.data / "simulated_broker.json").read_text())["units"]
    assert {row["internal_symbol"]: str(row["units"]) for row in booked} == shown
    assert lived.run("trading_ops", "invariants").returncode == 0


def test_mails_are_files_without_order_lines(lived):
    """
    Each ticket is mailed to both people; the orders stay on the page, where a halt still stops them.

    The forgotten line is asked for once, of the executor and while there is still time to confirm it.
    """
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted((lived.config.data / "mail").glob("*.eml"))
    ]
    ticket_mails = [mail for mail in mails if "TRADE 2026-W11" in mail["Subject"]]
    assert len(ticket_mails) == 2 and len(mails) >= 8
    [asked] = [mail for mail in mails if "1 thing left: record line 5 of demo-2026-W11-1" in mail["Subject"]]
    deadline_at = datetime.fromisoformat(lived.tickets()["demo-2026-W11-1"]["window"]["deadline"]["at"])
    assert asked["To"] == lived.config.executor_email and asked["Date"].datetime < deadline_at
    text = ticket_mails[0].get_body(("plain",)).get_content()
    assert f"{lived.config.page_url}/confirm/demo-2026-W11-1" in text
    assert not [
        line for line in lived.tickets()["demo-2026-W11-1"]["lines"] if line["internal_symbol"] in text
    ]


def test_the_gates_are_tasks_red_or_green(lived):
    """Week two is red in exactly one gate and still ended in a ticket."""
    states = Airflow.of(lived.config).task_states("weekly_plan", "demo__2026-03-13")
    assert {task: state for task, state in states.items() if task.startswith("judge_")} == {
        "judge_data_quality": "success",
        "judge_confirmation": "failed",
        "judge_reconciliation": "success",
        "judge_risk": "success",
    }
    assert states["issue_ticket"] == states["send_ticket"] == "success"


def test_clearing_the_whole_plan_and_running_it_again_doubles_nothing(lived):
    """Every task of the first plan runs a second time and every table has the rows it had."""
    before, airflow = row_counts(lived), Airflow.of(lived.config)
    airflow.request(
        "POST",
        "/api/v2/dags/weekly_plan/dagRuns/demo__2026-03-06/clear",
        {"dry_run": False, "only_failed": False},
    )
    deadline = time.monotonic() + 60
    while airflow.request("GET", "/api/v2/dags/weekly_plan/dagRuns/demo__2026-03-06")["state"] == "success":
        assert time.monotonic() < deadline, "the run was not started again"
        time.sleep(0.1)
    result = airflow.wait("weekly_plan", "demo__2026-03-06", timeout_s=600)
    assert result.state == "success"
    assert row_counts(lived) == before


def test_the_demo_again_changes_nothing_and_is_quick(lived):
    """A finished demo only prints its table."""
    before = row_counts(lived)
    done = lived.run("trading_ops_stack.demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout[done.stdout.index("week  ") :].split("\n\n")[0] in lived.output
    assert row_counts(lived) == before
