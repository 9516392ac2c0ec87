"""Run records for ticket tests: one week as the planner would have stored it, no database."""

from datetime import UTC, date, datetime
from decimal import Decimal

from trading_ops.plan.gates import GATES
from trading_ops.tickets.reasons import RunRecord

SATURDAY_AT = datetime(2026, 6, 13, 8, 0, tzinfo=UTC)
SEARCH_NAMES = {"ALDR": "Alder Instruments", "BRCH": "Birch Energy", "CEDR": "Cedar Foods"}


def run_row(**columns) -> dict:
    """A row of desk.runs for the plan of 12 June 2026; `columns` overrides any column."""
    return {
        "run_id": "20260613-080000Z-git0123456",
        "portfolio_id": "demo",
        "portfolio_kind": "simulated",
        "environment": "simulated",
        "plan_week": "2026-W25",
        "attempt_number": 1,
        "as_of_date": date(2026, 6, 12),
        "config_hash": "c" * 64,
        "policy_hash": "b" * 64,
        "universe_hash": "a" * 64,
        "calendar_hash": "d" * 64,
        "git_commit": "0123456789abcdef0123456789abcdef01234567",
        "is_dirty": False,
        "data_snapshot_id": 41,
        "signal_method": "momentum_12_1",
        "model_version": None,
        "image_digest": None,
        "window_open_at": datetime(2026, 6, 15, 13, 45, tzinfo=UTC),
        "window_close_at": datetime(2026, 6, 15, 15, 0, tzinfo=UTC),
        "deadline_at": datetime(2026, 6, 15, 21, 0, tzinfo=UTC),
        **columns,
    }


def mismatch_run_row() -> dict:
    """The plan for Monday 26 October 2026: London is back on winter time, New York is not."""
    return run_row(
        run_id="20261024-080000Z-git0123456",
        plan_week="2026-W44",
        as_of_date=date(2026, 10, 23),
        window_open_at=datetime(2026, 10, 26, 13, 45, tzinfo=UTC),
        window_close_at=datetime(2026, 10, 26, 15, 0, tzinfo=UTC),
        deadline_at=datetime(2026, 10, 26, 21, 0, tzinfo=UTC),
    )


def order(line_number: int, symbol: str, side: str, value: str, **columns) -> dict:
    """A row of desk.ledger_trades_intended; `columns` overrides any column."""
    return {
        "line_number": line_number,
        "internal_symbol": symbol,
        "side": side,
        "value_gbp": Decimal(value),
        "units_estimate": Decimal("6.250000"),
        "is_full_exit": False,
        "reference_price_usd": Decimal("100.00"),
        "price_limit_usd": Decimal("103.00") if side == "BUY" else Decimal("97.00"),
        "gbpusd_rate": Decimal("1.2500"),
        **columns,
    }


ORDERS = (
    order(1, "BRCH", "SELL", "1234.50", is_full_exit=True, units_estimate=Decimal("12.345600"),
          reference_price_usd=Decimal("124.994"), price_limit_usd=Decimal("121.24418")),
    order(2, "CEDR", "SELL", "310.07", units_estimate=Decimal("0.5"),
          reference_price_usd=Decimal("775.1"), price_limit_usd=Decimal("751.847")),
    order(3, "ALDR", "BUY", "799.99", price_limit_usd=Decimal("103.009")),
)  # fmt: skip


def gate_row(gate: str, **failing) -> dict:
    """A row of desk.gate_results; each keyword is a check that failed, as (reason, fix)."""
    checks = [{"check_name": "everything_else", "is_clear": True, "reason": "clear", "fix": ""}] + [
        {"check_name": name, "is_clear": False, "reason": reason, "fix": fix}
        for name, (reason, fix) in failing.items()
    ]
    return {"gate": gate, "status": "FAIL" if failing else "PASS", "checks": checks}


def record(**parts) -> RunRecord:
    """An approved run with two sales and a purchase; `parts` overrides any part."""
    return RunRecord(
        **{
            "run": run_row(),
            "decision": {"is_approved": True, "reasons": []},
            "gates": [gate_row(gate) for gate in GATES],
            "risk_checks": [],
            "intended": ORDERS,
            "search_names": SEARCH_NAMES,
            **parts,
        }
    )


def blocked_record() -> RunRecord:
    """A run that three gates blocked, each in its own way."""
    refused = {"gate": "data_quality", "check": "coverage", "reason": "97 %", "fix": "Load a bar."}
    data_quality = gate_row(
        "data_quality",
        coverage=(
            "97 of 100 enabled symbols have a bar of 2026-06-12; 98 are needed",
            "Load the bar of one of ASPN, ELMS, FIRR.",
        ),
        benchmark_present=("SIMX has no bar of 2026-06-12", "Load the bar of SIMX."),
    )
    confirmation = gate_row(
        "confirmation",
        previous_ticket_confirmed=("2 lines of demo-2026-W24-1 are open", "Confirm lines 3 and 7."),
    )
    return record(
        decision={"is_approved": False, "reasons": [refused]},
        gates=[data_quality, confirmation, gate_row("risk")],
    )
