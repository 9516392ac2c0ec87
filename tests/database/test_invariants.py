"""
Every inv view sees the violation it is there for.

The violations are written by a superuser with foreign keys switched off, because no role of the
desk can write them; a view that stayed empty here would be a promise nobody checks.
"""

from datetime import timedelta

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from trading_ops.cli.main import main as run_cli
from trading_ops.db.connect import connect
from trading_ops.exchange.sessions import PLAN_DURATION_MAX


def violations(desk, view: str) -> list[dict]:
    """Return the rows of one inv view, read as the role that reports them."""
    with connect("desk_reader", desk) as connection:
        return connection.execute(f"select * from inv.{view}").fetchall()


def force(desk, *statements: str) -> None:
    """Run statements as a superuser with foreign keys switched off, in one transaction."""
    with rows.superuser(desk) as connection, connection.transaction():
        connection.execute("set local session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)


FILL = {
    "units": "5",
    "price_usd": "100",
    "value_gbp": "400.00",
    "executed_at": rows.WINDOW_OPEN_AT.isoformat(),
}
ALL_VIEWS = {
    "i1_trade_has_every_gate", "i2_one_ticket_per_plan_run", "i3_lines_match_kind",
    "i6_trade_issued_before_its_window_closes", "i7_previous_trade_was_confirmed", "i8_qlib_trade_had_live_model",
    "i9_one_live_model", "s1_no_partial_load",
    "s4_one_effect_per_key", "s9_bars_are_reported", "c1_units_never_negative", "c3_no_float_columns", "c3_reversals_cancel",
}  # fmt: skip


def test_the_views_are_these_and_hold_on_a_desk_that_traded(desk):
    """A confirmed TRADE ticket leaves every invariant empty."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk)
    rows.set_clock(desk, rows.WINDOW_OPEN_AT)
    rows.confirm_line(desk, ticket_id, 1, "DONE", [FILL])
    rows.confirm_line(desk, ticket_id, 2)
    with connect("desk_reader", desk) as connection:
        found = {
            r["viewname"]
            for r in connection.execute("select viewname from pg_views where schemaname = 'inv'")
        }
    assert found == ALL_VIEWS
    assert {view: violations(desk, view) for view in found} == dict.fromkeys(found, [])


def test_i1_sees_a_trade_without_its_gates(desk):
    """One row per gate that is not PASS."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk)
    force(
        desk,
        "alter table desk.gate_results disable trigger refuse_row_change",
        "delete from desk.gate_results where gate = 'risk'",
    )
    assert violations(desk, "i1_trade_has_every_gate") == [
        {"ticket_id": ticket_id, "gate": "risk", "status": None}
    ]


def test_i2_sees_a_plan_run_that_has_no_ticket_hours_after_it_was_frozen(desk):
    """While it may still work, and the watcher find it, there is time; after that silence is a violation."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_plan_run(desk)
    assert violations(desk, "i2_one_ticket_per_plan_run") == []
    rows.set_clock(desk, rows.SATURDAY_AT + PLAN_DURATION_MAX + timedelta(hours=1))
    assert violations(desk, "i2_one_ticket_per_plan_run") == []
    rows.set_clock(desk, rows.SATURDAY_AT + PLAN_DURATION_MAX + timedelta(hours=1, seconds=1))
    assert [row["run_id"] for row in violations(desk, "i2_one_ticket_per_plan_run")] == [run_id]


def test_i3_sees_lines_that_do_not_match_the_kind(desk):
    """A NO-TRADE ticket with an order line is the worst of both."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_approved_run(desk)
    row = rows.ticket_row(desk, run_id, kind="NO-TRADE")
    with rows.superuser(desk) as connection, connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute("alter table desk.tickets disable trigger require_all_lines")
        rows.insert_ticket(connection, row, (1,))
    assert [r["line_count"] for r in violations(desk, "i3_lines_match_kind")] == [1]


def test_i6_sees_a_ticket_whose_window_is_not_the_planned_one(desk):
    """The window of a ticket is the window of its run; a foreign key refuses it and the view would see it."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_approved_run(desk)
    row = rows.ticket_row(desk, run_id, window_open_at=rows.WINDOW_OPEN_AT - timedelta(days=1))
    with (
        connect("desk_planner", desk) as connection,
        pytest.raises(psycopg.errors.ForeignKeyViolation, match="tickets_run_id_portfolio_id_plan_week"),
    ):
        rows.insert_ticket(connection, row, (1, 2))
    with rows.superuser(desk) as connection, connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute("alter table desk.tickets disable trigger require_all_lines")
        rows.insert_ticket(connection, row, (1, 2))
    assert [r["ticket_id"] for r in violations(desk, "i6_trade_issued_before_its_window_closes")] == [
        row["ticket_id"]
    ]


def test_i7_sees_a_trade_after_an_unconfirmed_trade(desk):
    """Gates written by hand let a second TRADE through; the invariant still names the unconfirmed lines."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    first = rows.add_trade_ticket(desk)
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(weeks=1))
    second = rows.add_trade_ticket(desk, weeks=1)
    found = violations(desk, "i7_previous_trade_was_confirmed")
    assert [(r["ticket_id"], r["previous_ticket_id"], r["line_number"]) for r in found] == [
        (second, first, 1),
        (second, first, 2),
    ]


@pytest.mark.parametrize("counted", [0, 2])
def test_s1_sees_a_load_whose_bars_do_not_add_up(desk, counted):
    """One bar stored, none or two promised."""
    rows.add_load(desk, "k", counted)
    force(
        desk,
        "insert into raw.eod_bars select load_id, 'simulated', 'ALDR', '2026-06-12', 'raw', 1, 1, 1, 1, 1, 1 from raw.loads",
    )
    assert len(violations(desk, "s1_no_partial_load")) == 1


@pytest.mark.parametrize(
    ("result", "seen"),
    [
        ("", 1),
        ("'unchanged', 0, null", 1),
        ("'stored', 1, '2026-06-13'", 1),
        ("'stored', 1, '2026-06-12'", 0),
        ("'stored', 2, '2026-06-11'", 0),
    ],
)
def test_s9_sees_a_bar_its_load_does_not_report(desk, result, seen):
    """No result of the symbol, one that says nothing was written, or one that starts after the bar."""
    rows.add_load(desk, "k", 1)
    force(
        desk,
        "insert into raw.eod_bars select load_id, 'simulated', 'ALDR', '2026-06-12', 'raw', 1, 1, 1, 1, 1, 1 from raw.loads",
    )
    if result:
        force(
            desk,
            "insert into raw.load_results (load_id, source, vendor_symbol, outcome, rows_new_count, first_written_date)"
            f" select load_id, 'simulated', 'ALDR', {result} from raw.loads",
        )
    assert len(violations(desk, "s9_bars_are_reported")) == seen


def test_s4_sees_an_amended_fill_that_was_not_taken_back(desk):
    """Two versions of a line with both fills standing would count the trade twice."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk)
    rows.set_clock(desk, rows.WINDOW_OPEN_AT)
    rows.confirm_line(desk, ticket_id, 1, "DONE", [FILL])
    force(
        desk,
        "insert into desk.confirmations (ticket_id, line_number, version_number, status, amendment_reason, person,"
        f" idempotency_key, request_sha256) values ('{ticket_id}', 1, 2, 'SKIPPED', 'typo', 'executor', 'k2', '{'0' * 64}')",
    )
    assert [r["idempotency_key"] for r in violations(desk, "s4_one_effect_per_key")] == ["k2"]


def test_c1_sees_more_sold_than_held(desk):
    """Units may not go below zero at any moment."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_trade_ticket(desk)
    force(
        desk,
        "insert into desk.ledger_trades_fills (portfolio_id, confirmation_id, fill_number, internal_symbol, side, units,"
        " price_usd, value_gbp, executed_at) values ('demo', 1, 1, 'ALDR', 'SELL', 1, 1, 1, desk.now())",
    )
    assert [r["running_units"] for r in violations(desk, "c1_units_never_negative")] == [-1]


def test_c3_sees_a_float_column_and_a_reversal_that_does_not_cancel(desk):
    """Money is numeric, and what takes a fill back is its mirror image."""
    force(desk, "create table desk.sloppy (amount_gbp double precision)")
    assert [r["table_name"] for r in violations(desk, "c3_no_float_columns")] == ["sloppy"]
    values = "'demo', 1, {n}, 'ALDR', 'BUY', {units}, 1, 1, desk.now(), {reverses}"
    columns = (
        "insert into desk.ledger_trades_fills (portfolio_id, confirmation_id, fill_number, internal_symbol, side,"
        " units, price_usd, value_gbp, executed_at, reverses_fill_id) values "
    )
    force(
        desk,
        "insert into desk.portfolios (portfolio_id, kind, base_currency) values ('demo', 'simulated', 'GBP')",
        f"{columns} ({values.format(n=1, units=5, reverses='null')})",
        f"{columns} ({values.format(n=2, units=4, reverses=1)})",
    )
    assert len(violations(desk, "c3_reversals_cancel")) == 1


def test_the_command_line_reports_a_broken_invariant(desk, monkeypatch, capsys):
    """`trading-ops invariants` exits 1 and names the view and its rows."""
    at_a_shell(monkeypatch, desk)
    assert run_cli(["invariants"]) == 0
    force(desk, "create table desk.sloppy (amount_gbp real)")
    assert run_cli(["invariants"]) == 1
    assert "BROKEN  c3_no_float_columns" in capsys.readouterr().out


def test_a_confirmation_and_its_fills_are_one_transaction(desk):
    """A fill the database refuses leaves no confirmation behind."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk)
    with pytest.raises(Exception, match="check"):
        rows.confirm_line(desk, ticket_id, 1, "DONE", [FILL | {"units": "-5"}])
    with connect("desk_app", desk) as connection:
        assert connection.execute("select count(*) as n from desk.confirmations").fetchone()["n"] == 0


def test_the_same_form_with_other_figures_is_refused(desk):
    """One idempotency key has one effect: the same body again changes nothing, another body is an error."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk)
    rows.confirm_line(desk, ticket_id, 1, "SKIPPED")
    rows.confirm_line(desk, ticket_id, 1, "SKIPPED")
    with pytest.raises(Exception, match="already sent with other figures"):
        rows.confirm_line(desk, ticket_id, 1, "FAILED")
    with connect("desk_app", desk) as connection:
        found = connection.execute("select status from desk.confirmations").fetchall()
    assert found == [{"status": "SKIPPED"}]
