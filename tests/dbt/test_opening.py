"""A book that begins with stocks, on the real build: reconciled, planned, sold from, no gain of nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from tests.database import rows
from tests.dbt import small_desk
from tests.dbt.small_desk import LATER_RUN_ID, PORTFOLIO, SESSIONS
from tests.dbt.test_drawdown_review import add_plan, book
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions as exchange
from trading_ops.ledger.holdings import OpeningPosition
from trading_ops.ledger.opening import record_opening
from trading_ops.ledger.splits import believe_splits
from trading_ops.plan.steps import decide, judge_gate, size_orders
from trading_ops.tickets.issue import issue_ticket

EXECUTED_AT = datetime(2026, 6, 15, 14, 30, tzinfo=UTC)
OPENED_AT = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)
HELD = (
    OpeningPosition("ALDR", Decimal(10), Decimal("700.00")),
    OpeningPosition("BRCH", Decimal(4), Decimal(90)),
)


def begin(desk) -> str:
    """£1,000, 10 ALDR and 4 BRCH since Wednesday, BRCH split two for one on Friday; return a plan of it."""
    small_desk.fill(desk)
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.activate_universe(universe_hash) from desk.universe_versions")
        record_opening(connection, PORTFOLIO, "operator", Decimal(0), HELD, OPENED_AT)
    before = exchange.sessions_between(date(2026, 5, 1), SESSIONS[0] - timedelta(days=1))
    # A size asks for the range of fourteen sessions, which is that of prices that go up and down.
    bars = [
        (symbol, day, close + number % 2)
        for symbol, close in (("ALDR", 100), ("BRCH", 50), ("SIMX", 400))
        for number, day in enumerate(before)
    ]
    load_id = small_desk.add_bars(desk, [*bars, ("BRCH", SESSIONS[2], 25)])
    with connect("desk_loader", desk) as connection:
        connection.execute(
            "insert into raw.corporate_actions (load_id, source, vendor_symbol, ex_date, kind, value)"
            " values (%s, 'simulated', 'BRCH', %s, 'split', 2)",
            (load_id, SESSIONS[2]),
        )
    small_desk.add_run_of_everything(desk, LATER_RUN_ID, load_id)
    return add_plan(desk, 1, LATER_RUN_ID)


def build(desk, folder, selector: str, run_id: str) -> None:
    """Build a selector of a run."""
    done = small_desk.run_dbt(desk, folder, "build", "--selector", selector, run_id=run_id)
    assert done.returncode == 0, done.stdout[-3000:]


def issued(desk, tmp_path) -> str:
    """Reconcile that book with a snapshot, plan a sale of ALDR by the real steps, and return its ticket."""
    run_id = begin(desk)
    build(desk, tmp_path, "prices", run_id)
    with connect("desk_reader", desk) as reader:
        said = list(queries.ledger.splits_found(reader, run_id=run_id))
    with connect("desk_planner", desk) as connection:
        assert len(believe_splits(connection, said, run_id)) == 1
    book(
        desk, "record_snapshot", "shown", source="form", cash_gbp="1000.00", taken_at="2026-06-13 08:00:00+00",
        positions=[{"broker_symbol": "ALDR", "units": "10"}, {"broker_symbol": "BRCH", "units": "8"}],
    )  # fmt: skip
    build(desk, tmp_path, "book", run_id)
    days = small_desk.rows(desk, "select * from marts.equity_daily order by session_date")
    assert [(day["equity_gbp"], day["return_ratio"], day["drawdown_ratio"]) for day in days] == [
        (1960, 0, 0),
        (1968, Decimal(str(round(8 / 1960, 16))), 0),
        (1976, Decimal(str(round(8 / 1968, 16))), 0),
    ]
    lots = small_desk.rows(
        desk, "select internal_symbol, units, cost_gbp, value_gbp, gain_gbp from marts.lots order by 1"
    )
    assert [tuple(lot.values()) for lot in lots] == [("ALDR", 10, 700, 816, 116), ("BRCH", 8, 90, 160, 70)]
    [gains] = small_desk.rows(desk, "select paid_in_gbp, unrealised_gbp, gain_gbp, fx_gbp from marts.gains")
    assert tuple(gains.values()) == (1790, 186, 186, 0)
    [whole] = small_desk.rows(
        desk, "select from_date, time_weighted_ratio, benchmark_ratio from marts.returns where span = 'all'"
    )
    assert whole["from_date"] == days[0]["session_date"] and whole["benchmark_ratio"] is not None
    assert abs(whole["time_weighted_ratio"] - (days[-1]["growth_index"] - 1)) < Decimal("1e-9")
    with connect("desk_planner", desk) as connection:
        connection.execute(
            "insert into desk.signals_ranked (run_id, method, internal_symbol, signal_rank, score)"
            " values (%s, 'static_list', 'ALDR', 1, 1)",
            (run_id,),
        )
    with connect("desk_planner", desk) as connection:
        [sale] = size_orders(connection, run_id).orders
    build(desk, tmp_path, "gates", run_id)
    with connect("desk_planner", desk) as connection:
        for gate in ("data_quality", "confirmation", "reconciliation", "risk"):
            result = judge_gate(connection, run_id, gate)
            assert [check for check in result.checks if not check["is_clear"]] == []
        decide(connection, run_id)
        ticket_id = issue_ticket(connection, run_id, config=desk)
    assert (sale.symbol, sale.side, sale.is_full_exit) == ("ALDR", "SELL", False)
    [ticket] = small_desk.rows(desk, "select kind, reasons from desk.tickets where ticket_id = %s", ticket_id)
    assert ticket["kind"] == "TRADE", ticket["reasons"]
    return ticket_id


def test_a_book_that_began_with_stocks_is_planned_and_sold_from(desk, tmp_path):
    """The four gates pass on a snapshot of the same holdings; a sale is sized, issued and booked."""
    ticket_id = issued(desk, tmp_path)
    rows.set_clock(desk, EXECUTED_AT)
    with pytest.raises(psycopg.errors.CheckViolation, match="more ALDR units sold than the ledger holds"):
        sell(desk, ticket_id, "10.5")
    sell(desk, ticket_id, "7.25")
    held = small_desk.rows(desk, "select internal_symbol, units from desk.positions_now order by 1")
    assert [tuple(row.values()) for row in held] == [("ALDR", Decimal("2.75")), ("BRCH", 8)]


def sell(desk, ticket_id: str, units: str) -> None:
    """Confirm the only line as the page does, at 100 dollars."""
    value_gbp = Decimal(units) * 80
    fill = {
        "units": units,
        "price_usd": "100",
        "value_gbp": f"{value_gbp:.2f}",
        "executed_at": EXECUTED_AT.isoformat(),
    }
    rows.confirm_line(desk, ticket_id, 1, "DONE", [fill])
