"""The simulated executor goes through the real pages, served by gunicorn as in production."""

from decimal import Decimal

import pytest

from tests.confirm_app.desk_rows import IN_WINDOW_AT, PASSWORDS, select
from trading_ops.db.connect import connect, queries
from trading_ops.simulation.broker import SimulatedBroker
from trading_ops.simulation.executor import ExecutorError, SimulatedExecutor, trade_lines
from trading_ops.simulation.typed import Outcome, TypedFill
from trading_ops.tickets.build import TicketLine


def lines_of(desk, ticket_id: str) -> list[TicketLine]:
    with connect("desk_app", desk) as connection:
        return [TicketLine(**row) for row in queries.page.lines(connection, ticket_id=ticket_id)]


def test_a_week_of_mixed_outcomes_goes_through_the_pages(page, desk, ticket, tmp_path):
    """
    Done, partial, skipped and failed lines and a snapshot: the ledger and the broker agree, sent twice or
    not.
    """
    lines = lines_of(desk, ticket)
    prices = {line.internal_symbol: Decimal("101.37") for line in lines} | {"CEDR": Decimal("103.01")}
    del prices["DOGW"]
    broker = SimulatedBroker(tmp_path / "broker.json", Decimal("10000.00"))
    outcomes = trade_lines(broker, ticket, lines, prices, IN_WINDOW_AT, mix={2: "PARTIAL"})
    assert [outcome.status for _, outcome in sorted(outcomes.items())] == [
        "DONE",
        "PARTIAL",
        "SKIPPED",
        "FAILED",
        "DONE",
        "DONE",
    ]
    assert trade_lines(broker, ticket, lines, prices, IN_WINDOW_AT, mix={2: "PARTIAL"}) == outcomes

    executor = SimulatedExecutor(page, "executor", PASSWORDS["executor"])
    forgotten = {6: outcomes.pop(6)}
    executor.confirm(ticket, outcomes)
    statuses = select(desk, "select line_number, status from desk.confirmations order by line_number")
    assert [tuple(row.values()) for row in statuses] == [
        (1, "DONE"),
        (2, "PARTIAL"),
        (3, "SKIPPED"),
        (4, "FAILED"),
        (5, "DONE"),
    ]
    executor.confirm(ticket, forgotten)
    held = {row["internal_symbol"]: row["units"] for row in select(desk, "select * from desk.positions_now")}
    assert held == broker.units

    executor.submit_snapshot(broker.cash_gbp, broker.units)
    [snapshot] = select(desk, "select cash_gbp, positions_count, taken_at, source from desk.broker_snapshots")
    assert (snapshot["cash_gbp"], snapshot["positions_count"], snapshot["source"]) == (
        broker.cash_gbp,
        4,
        "form",
    )
    assert snapshot["taken_at"] == IN_WINDOW_AT


def test_the_page_s_refusal_reaches_the_caller(page, desk, ticket):
    """A wrong figure, an unknown ticket and a wrong password raise with the page's own words."""
    with pytest.raises(ExecutorError, match="Name or password is wrong"):
        SimulatedExecutor(page, "executor", "guessed")
    executor = SimulatedExecutor(page, "executor", PASSWORDS["executor"])
    tenfold = TypedFill(Decimal("62.5"), Decimal(100), Decimal("5000.00"), IN_WINDOW_AT)
    with pytest.raises(ExecutorError, match="The order was £500.00"):
        executor.confirm(ticket, {1: Outcome("DONE", (tenfold,))})
    with pytest.raises(ExecutorError, match="There is no such ticket"):
        executor.confirm("demo-2026-W01-1", {1: Outcome("SKIPPED")})
    executor.confirm(ticket, {1: Outcome("DONE", (tenfold,), are_figures_checked=True)})
    executor.confirm(ticket, {2: Outcome("SKIPPED", notes="<b>&amp;\nsecond line")})
    [skipped] = select(desk, "select notes from desk.confirmations where line_number = 2")
    assert skipped["notes"] == "<b>&amp;\nsecond line"
    right = TypedFill(Decimal("6.25"), Decimal(100), Decimal("500.00"), IN_WINDOW_AT)
    executor.confirm(ticket, {1: Outcome("DONE", (right,), amendment_reason="A digit too many.")})
    assert str(select(desk, "select units from desk.positions_now")[0]["units"]) == "6.25"


def test_a_sale_of_everything_uses_the_units_held(tmp_path):
    """After a jump the whole position brings more than planned, and the executor says it checked."""
    line = TicketLine(
        line_number=1,
        side="SELL",
        internal_symbol="ALDR",
        etoro_search_name="Alder",
        value_gbp=Decimal("500.00"),
        units_estimate=Decimal("6.25"),
        is_full_exit=True,
        reference_price_usd=Decimal(100),
        price_limit_usd=Decimal(97),
        gbpusd_rate=Decimal("1.25"),
    )
    broker = SimulatedBroker(tmp_path / "broker.json", Decimal("1000.00"))
    broker.execute(
        "buy",
        symbol="ALDR",
        side="BUY",
        value_gbp=Decimal("500.00"),
        price_usd=Decimal(100),
        gbpusd_rate=Decimal("1.25"),
    )
    sold = trade_lines(broker, "t", [line], {"ALDR": Decimal(110)}, IN_WINDOW_AT)[1]
    assert (sold.status, sold.fills[0].units, sold.fills[0].value_gbp) == (
        "DONE",
        Decimal("6.25"),
        Decimal("550.00"),
    )
    assert sold.are_figures_checked and broker.units == {}
    below = trade_lines(broker, "t2", [line], {"ALDR": Decimal("96.99")}, IN_WINDOW_AT)[1]
    assert below.status == "SKIPPED"
