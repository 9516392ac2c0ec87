"""A review on the real build: gate and riskguard count one peak, and what was lost stays written."""

import json
from decimal import Decimal

from tests.dbt import small_desk
from tests.dbt.small_desk import PORTFOLIO, RUN_ID, SESSIONS
from trading_ops.db.connect import connect
from trading_ops.ops import drawdown
from trading_ops.plan.steps import rank_universe, size_orders

MONDAY = {
    "window_open_at": "2026-06-15 13:45:00+00",
    "window_close_at": "2026-06-15 15:00:00+00",
    "deadline_at": "2026-06-15 21:00:00+00",
}


def add_plan(desk, attempt: int, alike: str = RUN_ID) -> str:
    """Freeze a plan with all that another run of the small desk was frozen with."""
    columns = (
        "portfolio_id, as_of_date, data_snapshot_id, policy_hash, universe_hash, calendar_hash, config_hash,"
        " git_commit, is_dirty, signal_method"
    )
    run_id = f"20260613-08{attempt:02d}00Z-git0000001"
    with connect("desk_planner", desk) as connection:
        connection.execute(
            f"insert into desk.runs (run_id, kind, idempotency_key, attempt_number, plan_week, {', '.join(MONDAY)},"
            f" {columns}) select %s, 'plan', %s, %s, '2026-W25', %s, %s, %s, {columns} from desk.runs where run_id = %s",
            (run_id, run_id, attempt, *MONDAY.values(), alike),
        )
    return run_id


def book(desk, function: str, key: str, **values) -> None:
    """Book something of the portfolio as the page does."""
    request = {"portfolio_id": PORTFOLIO, "person": "operator", "idempotency_key": key, **values}
    with connect("desk_app", desk) as connection:
        connection.execute(f"select desk.{function}(%s)", (json.dumps(request),))


def found(desk, folder, run_id: str) -> list[tuple]:
    """Plan, and return (observed, is clear) of dbt's gate and of the riskguard, as each was stored."""
    for selector in ("prices", "book"):
        done = small_desk.run_dbt(desk, folder, "build", "--selector", selector, run_id=run_id)
        assert done.returncode == 0, done.stdout[-3000:]
    with connect("desk_planner", desk) as connection:
        rank_universe(connection, run_id)
        checks = {check.check_name: check for check in size_orders(connection, run_id).checks}
    done = small_desk.run_dbt(desk, folder, "build", "--selector", "gates", run_id=run_id)
    assert done.returncode == 0, done.stdout[-3000:]
    _, judged = small_desk.judge(desk, run_id, "risk")
    guard = checks["drawdown"]
    return [
        (Decimal(str(judged["drawdown"]["observed_value"])), judged["drawdown"]["is_clear"]),
        (guard.observed_value, guard.is_clear),
    ]


def test_a_reviewed_drawdown_lets_both_looks_pass_and_stays_written(desk, tmp_path):
    """30 % lost: both block. Reviewed: both are clear, and the drawdown from the true peak is still 30 %."""
    small_desk.fill(desk)
    book(
        desk, "record_cash_movement", "fee", kind="fee", amount_gbp="-300.00", occurred_at=f"{SESSIONS[1]} 15:00:00+00"
    )  # fmt: skip
    book(
        desk, "record_snapshot", "after", source="form", cash_gbp="700.00", positions=[],
        taken_at="2026-06-13 08:00:00+00",
    )  # fmt: skip
    assert found(desk, tmp_path, add_plan(desk, 1)) == [(Decimal("0.3"), False)] * 2
    with connect("desk_planner", desk) as connection:
        assert drawdown.review(connection, PORTFOLIO, "a fee nobody had planned", "operator")
    again = add_plan(desk, 2)
    assert found(desk, tmp_path, again) == [(Decimal(0), True)] * 2
    days = small_desk.rows(
        desk,
        "select session_date, drawdown_ratio, counted_from_date, unreviewed_drawdown_ratio"
        " from marts.equity_daily inner join marts.drawdown_daily using (run_id, portfolio_id, session_date)"
        " where run_id = %s order by session_date",
        again,
    )
    assert [tuple(day.values()) for day in days] == [
        (SESSIONS[0], 0, None, 0),
        (SESSIONS[1], Decimal("0.3"), None, Decimal("0.3")),
        (SESSIONS[2], Decimal("0.3"), SESSIONS[2], 0),
    ]
