"""
The decision: four passed gates and something to trade, or the reasons why not.

Pure. Anything missing counts against the trade.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trading_ops.plan.gates import GATES


@dataclass(frozen=True)
class Decision:
    """Approved without reasons, or refused with at least one of {gate, check, reason, fix}."""

    is_approved: bool
    reasons: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class GateResult:
    """A gate's status, PASS or FAIL, and the verdicts it read."""

    status: str
    checks: tuple[dict[str, Any], ...]


def decide(gate_results: Mapping[str, GateResult], trades_count: int) -> Decision:
    """Approve iff the four gates all passed and there is at least one trade."""
    reasons = [reason for gate in GATES for reason in _reasons_of(gate, gate_results.get(gate))]
    if trades_count < 1:
        reasons.append(
            _reason(
                "plan",
                "nothing_to_trade",
                "nothing to trade",
                "Nothing needs fixing if the book is where it should be; else read the constraint of each symbol.",
            )
        )
    return Decision(not reasons, tuple(reasons))


def _reasons_of(gate: str, result: GateResult | None) -> list[dict[str, str]]:
    if result is None:
        return [
            _reason(gate, "judged", "the gate was not judged", "Run the gate's task again and read its log.")
        ]
    if result.status == "PASS":
        return []
    failed = [
        _reason(gate, str(check["check_name"]), str(check["reason"]), str(check["fix"]))
        for check in result.checks
        if check.get("is_clear") is not True
    ]
    return failed or [
        _reason(gate, "judged", f"the gate is {result.status} without a check", "Read its log.")
    ]


def _reason(gate: str, check: str, reason: str, fix: str) -> dict[str, str]:
    return {"gate": gate, "check": check, "reason": reason, "fix": fix}
