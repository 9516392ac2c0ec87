"""The morning after: what a real build finds of each fill, on its way to page, report and mail."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.database import rows
from tests.dbt import small_desk
from tests.dbt.test_opening import EXECUTED_AT, build, issued
from trading_ops.db.connect import connect, queries
from trading_ops.reports.daily import write_daily_report
from trading_ops.reports.executions import report_executions

MONDAY = date(2026, 6, 15)
NEXT_MORNING_AT = datetime(2026, 6, 16, 6, 0, tzinfo=UTC)
RUN_ID = "20260616-060000Z-git0000001"
ASKED = (
    "Mon 15 Jun 16:15 London (11:15 New York) is outside the ticket's window",
    "the value of £275.00 does not fit: 3.25 units at $100.00 were about £260.00 at the day's rate",
)


def sell(desk, ticket_id: str) -> None:
    """Confirm the only line in two fills: one that fits, one late and typed with another's value."""
    fills = [
        ("4", "320.00", EXECUTED_AT),
        ("3.25", "275.00", EXECUTED_AT + timedelta(minutes=45)),
    ]
    rows.confirm_line(
        desk, ticket_id, 1, "DONE",
        [
            {"units": units, "price_usd": "100", "value_gbp": value_gbp, "executed_at": at.isoformat()}
            for units, value_gbp, at in fills
        ],
    )  # fmt: skip


def run_of_monday(desk, load_id: int) -> None:
    """Freeze the daily run of Monday on the next morning, with all that another run was frozen with."""
    columns = "portfolio_id, policy_hash, universe_hash, calendar_hash, config_hash, git_commit, is_dirty, signal_method"
    with connect("desk_planner", desk) as connection:
        connection.execute(
            f"insert into desk.runs (run_id, kind, idempotency_key, as_of_date, attempt_number, data_snapshot_id, {columns})"
            f" select %s, 'daily', %s, %s, 1, %s, {columns} from desk.runs where run_id = %s",
            (RUN_ID, RUN_ID, MONDAY, load_id, small_desk.RUN_ID),
        )


def test_each_fill_is_held_against_the_market_of_its_day(desk, tmp_path):
    """A tick and two questions, the same in the mart, the desk's table, the daily report and the ticket's."""
    ticket_id = issued(desk, tmp_path)
    rows.set_clock(desk, EXECUTED_AT + timedelta(hours=1))
    sell(desk, ticket_id)
    rows.set_clock(desk, NEXT_MORNING_AT)
    load_id = small_desk.add_bars(desk, [("ALDR", MONDAY, 100), ("BRCH", MONDAY, 25), ("SIMX", MONDAY, 401)])
    run_of_monday(desk, load_id)
    for selector in ("prices", "book"):
        build(desk, tmp_path, selector, RUN_ID)
    found = small_desk.rows(
        desk,
        "select low_usd, high_usd, gbpusd_rate, expected_value_gbp, is_price_in_range, is_in_session, is_in_window,"
        " is_value_plausible from marts.fill_findings where run_id = %s order by fill_id",
        RUN_ID,
    )
    assert [tuple(row.values()) for row in found] == [
        (100, 100, Decimal("1.25"), 320, True, True, True, True),
        (100, 100, Decimal("1.25"), 260, True, True, False, False),
    ]
    with connect("desk_planner", desk) as connection:
        for _ in range(2):
            (told,) = report_executions(connection, RUN_ID, desk)
        daily = write_daily_report(connection, RUN_ID, desk).with_suffix(".md").read_text()
    assert ticket_id in told and len(small_desk.rows(desk, "select 1 from desk.fill_findings")) == 2
    assert "1 of 2 plausible, 1 asked about." in daily
    whole = (desk.data / f"reports/executions_{ticket_id}.md").read_text()
    for question in ASKED:
        assert f"line 1 ALDR of {ticket_id}: {question}" in daily and f"QUESTION: {question}" in whole
    with connect("desk_app", desk) as connection:
        fills = list(queries.page.fills(connection, ticket_id=ticket_id))
    assert [fill["is_value_plausible"] for fill in fills] == [True, False]
