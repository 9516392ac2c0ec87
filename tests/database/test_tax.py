"""Gains of a real ledger: openings, amended fills, a purchase too soon after a sale, as a person is told."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from psycopg.types.json import Jsonb

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.ledger_model import book_fills, issue_trades
from tests.database.planning import UNIVERSE, freeze_plan, on_saturday
from trading_ops.cli.main import main
from trading_ops.db.connect import connect, queries
from trading_ops.ledger.holdings import OpeningPosition
from trading_ops.ledger.opening import record_opening, reverse_opening
from trading_ops.ledger.splits import settle_split
from trading_ops.reports.daily import write_daily_report
from trading_ops.tax.book import book_trades
from trading_ops.universe.stored import store_universe

MONDAY_AT = rows.WINDOW_OPEN_AT + timedelta(minutes=10)
WEEK = timedelta(weeks=1)


@pytest.fixture
def traded(desk):
    """12 AAA since 2024 for £1,200; 4 sold on 15 June for £319, 2.2 bought on 22 June for £176.50."""
    rows.add_portfolio(on_saturday(desk))
    with connect("desk_planner", desk) as connection:
        store_universe(connection, UNIVERSE)
        for cost in ("9", "1200"):
            held = [
                OpeningPosition("AAA", Decimal(12), Decimal(cost), date(2024, 5, 31)),
                OpeningPosition("BBB", Decimal(1), Decimal(7)),
            ]
            record_opening(connection, desk.portfolio_id, "operator", Decimal(0), held, rows.SATURDAY_AT)
            if cost == "9":
                reverse_opening(connection, desk.portfolio_id, "operator", "misread")
    sale = issue_trades(desk, freeze_plan(desk), [("AAA", "SELL")])
    rows.set_clock(desk, MONDAY_AT + timedelta(hours=1))
    confirm(
        desk, sale, {"units": "4", "price_usd": "100", "value_gbp": "320.00", "fee_gbp": "1.00"}, MONDAY_AT
    )
    rows.set_clock(desk, rows.SATURDAY_AT + WEEK)
    run = freeze_plan(desk, as_of_date=date(2026, 6, 18), key="weekly_plan:2")
    purchase = issue_trades(desk, run, [("AAA", "BUY")])
    rows.set_clock(desk, MONDAY_AT + WEEK + timedelta(hours=1))
    confirm(
        desk,
        purchase,
        {"units": "3", "price_usd": "110", "value_gbp": "264.00", "fee_gbp": "0.50"},
        MONDAY_AT + WEEK,
    )
    book_fills(desk, purchase, 1, [("2.20625", MONDAY_AT + WEEK)], reason="misread", key="amended")
    return desk


def confirm(desk, ticket_id, fill, executed_at) -> None:
    """Confirm the one line of a ticket with one fill."""
    rows.confirm_line(desk, ticket_id, 1, "DONE", [fill | {"executed_at": executed_at.isoformat()}])


def test_only_what_stands_is_a_trade(traded):
    """Neither the fill that was amended nor the opening that was taken back."""
    with connect("desk_reader", traded) as connection:
        known = book_trades(connection, traded.portfolio_id)
    assert [trade.net_gbp for trade in known.trades["BBB"]] == [7]
    assert [(str(trade.day), trade.units, trade.net_gbp) for trade in known.trades["AAA"]] == [
        ("2024-05-31", 12, Decimal(1200)),
        ("2026-06-15", -4, Decimal(319)),
        ("2026-06-22", Decimal("2.20625"), Decimal("176.50")),
    ]


def test_splits_and_trades_outside_a_ticket_are_known(traded):
    """4:1 on 24 June, then 10 sold outside a ticket for £250 less £2; a dividend is income and no trade."""
    rows.set_clock(traded, MONDAY_AT + timedelta(days=12))
    legs = [
        ("trade", {"symbol": "AAA", "units": "-10", "cash_gbp": "248.00", "fee_gbp": "2.00"}),
        ("dividend", {"symbol": "AAA", "cash_gbp": "3.00"}),
    ]
    with connect("desk_planner", traded) as connection:
        for day, shares in (("2026-06-24", (4, 1)), ("2024-05-01", None)):
            settle_split(connection, traded.portfolio_id, "operator", "AAA", day, shares, "as announced")
        for kind, leg in legs:
            request = {
                "portfolio_id": traded.portfolio_id, "person": "operator", "kind": kind, "notes": "by hand",
                "happened_at": (MONDAY_AT + timedelta(days=11)).isoformat(), "idempotency_key": kind, "legs": [leg],
            }  # fmt: skip
            queries.ledger.record_event(connection, request=Jsonb(request))
    with connect("desk_reader", traded) as connection:
        known = book_trades(connection, traded.portfolio_id)
    assert not known.left_out
    assert [(trade.shares, trade.net_gbp) for trade in known.trades["AAA"]] == [
        (48, 1200), (-16, 319), (Fraction("8.825"), Decimal("176.50")), (-10, 248),
    ]  # fmt: skip


def test_gains_are_told_at_a_shell_with_their_limits(traded, monkeypatch, capsys):
    """2.2 of the 4 are of what was bought a week later; a year without a sale says so."""
    at_a_shell(monkeypatch, traded)
    assert main(["tax", "gains", "--year", "2026-27"]) == 0
    said = capsys.readouterr().out
    assert "2026-06-15  AAA      4 units for £319.00, cost £355.88, loss £36.88" in said
    assert "2.20625 bought 2026-06-22, within 30 days after, cost £176.50" in said
    assert "1.79375 of the pool, cost £179.38" in said
    assert "1 disposals for £319.00: gains £0.00, losses £36.88, together -£36.88" in said
    assert "Information from the entries of this book, and no advice" in said
    assert "AAA, sold on 2026-06-15, was bought again on 2026-06-22: 2.20625 of 4 units" in said
    assert main(["tax", "gains", "--year", "2025-26"]) == 0
    assert "0 disposals for £0.00" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["tax", "gains", "--year", "2026-28"])
    assert "'2026-28' is no tax year such as 2026-27" in capsys.readouterr().err


def test_the_trades_are_written_for_a_calculator_and_over_nothing(traded, monkeypatch, tmp_path, capsys):
    """RAW rows whose price times quantity is what was recorded."""
    at_a_shell(monkeypatch, traded)
    file = tmp_path / "raw.csv"
    assert main(["tax", "export", str(file)]) == 0
    lines = [line.split(",") for line in file.read_text().splitlines()]
    assert lines[0] == ["date", "action", "symbol", "quantity", "price", "fees", "currency"]
    assert [(line[0], line[1], Decimal(line[3]), Decimal(line[5]), line[6]) for line in lines[1:]] == [
        ("2024-05-31", "BUY", 12, 0, "GBP"), ("2026-06-12", "BUY", 1, 0, "GBP"), ("2026-06-15", "SELL", 4, 1, "GBP"),
        ("2026-06-22", "BUY", Decimal("2.20625"), 0, "GBP"),
    ]  # fmt: skip
    assert [round(Decimal(line[3]) * Decimal(line[4]), 10) for line in lines[1:]] == [
        1200,
        7,
        320,
        Decimal("176.5"),
    ]
    assert main(["tax", "export", str(file)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["tax", "export", str(tmp_path / "none/raw.csv")]) == 1


def test_the_daily_report_says_what_was_bought_too_soon(traded):
    """And until when another purchase would be matched with that sale; after thirty days nothing."""

    def report(key: str, as_of_date: date) -> str:
        run = freeze_plan(traded, kind="daily", as_of_date=as_of_date, key=key)
        with connect("desk_planner", traded) as connection:
            path = write_daily_report(connection, run.run_id, traded)
        return path.with_suffix(".md").read_text() + path.read_text()

    rows.set_clock(traded, MONDAY_AT + timedelta(days=8))
    said = report("daily:1", date(2026, 6, 22))
    assert (
        said.count("was bought again on 2026-06-22: 2.20625 of 4 units are matched with that purchase") == 2
    )
    assert said.count("what is bought of it until 2026-07-15 is matched with that sale") == 2
    rows.set_clock(traded, MONDAY_AT + timedelta(days=38))
    said = report("daily:2", date(2026, 7, 22))
    assert "sold on 2026-06-15" not in said and "information, no advice" not in said
