"""Run records for ticket tests: one week as the planner would have stored it, no database."""

from datetime import UTC, date, datetime
from decimal import Decimal

from trading_ops.plan.book import Order
from trading_ops.plan.checks import Check
from trading_ops.plan.decision import Evidence, GateResult, decide
from trading_ops.plan.gates import GATES
from trading_ops.tickets.build import RunRecord

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


def order(line_number: int, symbol: str, side: str, value: str, **columns) -> Order:
    """An order as it was sized; `columns` overrides any part of it."""
    values = {
        "line_number": line_number,
        "symbol": symbol,
        "side": side,
        "value_gbp": Decimal(value),
        "units_estimate": Decimal("6.250000"),
        "is_full_exit": False,
        "reference_price_usd": Decimal("100.00"),
        "price_limit_usd": Decimal("103.00") if side == "BUY" else Decimal("97.00"),
        "gbpusd_rate": Decimal("1.2500"),
        **columns,
    }
    return Order(**values)


ORDERS = (
    order(1, "BRCH", "SELL", "1234.50", is_full_exit=True, units_estimate=Decimal("12.345600"),
          reference_price_usd=Decimal("124.994"), price_limit_usd=Decimal("121.24418")),
    order(2, "CEDR", "SELL", "310.07", units_estimate=Decimal("0.5"),
          reference_price_usd=Decimal("775.1"), price_limit_usd=Decimal("751.847")),
    order(3, "ALDR", "BUY", "799.99", price_limit_usd=Decimal("103.009")),
)  # fmt: skip


def gate_row(gate: str, **failing) -> dict:
    """A row of desk.gate_results; each keyword is a failed check: (reason, fix), or with what it observed."""
    checks = [
        {"check_name": "everything_else", "is_clear": True, "observed_value": 1, "reason": "clear", "fix": ""}
    ] + [
        {
            "check_name": name,
            "is_clear": False,
            "observed_value": observed[0] if observed else 1,
            "reason": reason,
            "fix": fix,
        }
        for name, (reason, fix, *observed) in failing.items()
    ]
    return {"gate": gate, "status": "FAIL" if failing else "PASS", "checks": checks}


def riskguard_check(check_name: str, is_clear: bool, reason: str, fix: str) -> Check:
    """A row of desk.risk_checks."""
    return Check(check_name, Decimal(1), Decimal(1), is_clear, reason, fix)


def record(*, run=None, gates=None, decision=None, **parts) -> RunRecord:
    """
    A run with two sales and a purchase as it was decided on; approved unless a part speaks against it.

    `parts` overrides any other part of the evidence.
    """
    gates = [gate_row(gate) for gate in GATES] if gates is None else gates
    evidence = Evidence(
        **{
            "gates": {row["gate"]: GateResult(row["status"], tuple(row["checks"])) for row in gates},
            "risk_checks": (),
            "orders": ORDERS,
            "search_names": SEARCH_NAMES,
            **parts,
        }
    )
    return RunRecord(run or run_row(), decision or decide(evidence), evidence)


def blocked_record() -> RunRecord:
    """A run that three gates blocked, each in its own way."""
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
    return record(gates=[data_quality, confirmation, gate_row("risk")])


def barless_record() -> RunRecord:
    """A run without a bar, with an open line of the week before: two causes, and what follows from one."""
    data_quality = gate_row(
        "data_quality",
        benchmark_present=("the benchmark SIMX has no bar on 2026-06-12", "Load a bar of SIMX.", 0),
        coverage=("0 of 3 enabled symbols have a bar on 2026-06-12", "Load the bars of 2026-06-12.", 0),
        freshness=("there is no finished bar of any symbol", "Load the bars of 2026-06-12.", None),
        prices_valid=("no session was searched for broken bars", "-", None),
    )
    confirmation = gate_row(
        "confirmation",
        previous_ticket_confirmed=("2 lines of demo-2026-W24-1 are open", "Confirm lines 3 and 7.", 2),
    )
    risk = gate_row(
        "risk",
        drawdown=("the drawdown is unknown: the book has no value", "-", None),
        sizes_possible=("what can be paid for is unknown: the book has no value", "-", None),
    )
    return record(gates=[data_quality, confirmation, gate_row("reconciliation"), risk], orders=())
