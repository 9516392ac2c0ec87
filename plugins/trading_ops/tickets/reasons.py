"""
What speaks against a TRADE ticket, each with the smallest fix.

Pure. Anything missing, unknown or out of order is a reason; only a run against which nothing
speaks gets an empty list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_ops.plan.gates import GATES
from trading_ops.wording.instants import in_full


@dataclass(frozen=True)
class Reason:
    """Why a ticket is a NO-TRADE: the gate or step it came from, and the smallest fix."""

    source: str
    check_name: str
    reason: str
    fix: str


@dataclass(frozen=True)
class RunRecord:
    """
    Everything stored about a plan run that a ticket is made of, as rows of the tables of that name.

    `run` is the row of desk.runs with portfolio_kind and environment beside it; `search_names`
    maps internal_symbol to the exact eToro search name of the run's universe.
    """

    run: Mapping
    decision: Mapping | None
    gates: Sequence[Mapping]
    risk_checks: Sequence[Mapping]
    intended: Sequence[Mapping]
    search_names: Mapping[str, str]


def reasons_against(record: RunRecord, *, now_at: datetime, failed_steps: Sequence[str]) -> list[Reason]:
    """Return everything that speaks against a TRADE for this run, in the order the plan ran."""
    reasons = [*_step_reasons(failed_steps), *_gate_reasons(record)]
    # The gates say it better; the decision speaks only where they are silent or it is missing.
    if record.decision is None or not reasons:
        reasons += _decision_reasons(record.decision)
    reasons += _window_reasons(record.run, now_at)
    return reasons or _order_reasons(record)


def status_of(record: RunRecord, gate: str) -> str:
    """Return PASS, FAIL or MISSING."""
    return next((row["status"] for row in record.gates if row["gate"] == gate), "MISSING")


def ordered(intended: Sequence[Mapping]) -> list[Mapping]:
    """Return intended trades in the order they are to be placed."""
    return sorted(intended, key=lambda row: row["line_number"])


def _step_reasons(failed_steps: Sequence[str]) -> list[Reason]:
    return [
        Reason(
            "step",
            step,
            f"The step {step} did not finish.",
            f"Read the log of {step}, mend its cause, plan again.",
        )
        for step in failed_steps
    ]


def _gate_reasons(record: RunRecord) -> list[Reason]:
    reasons = []
    for gate in GATES:
        row = next((row for row in record.gates if row["gate"] == gate), None)
        if row is None:
            fix = f"Read the log of the task that judges {gate}, mend its cause, plan again."
            reasons.append(Reason(gate, "judged", f"The {gate} gate was never judged.", fix))
        elif row["status"] != "PASS":
            blocked = [check for check in row["checks"] if check.get("is_clear") is not True]
            reasons += [_check_reason(gate, check) for check in blocked] or [
                Reason(gate, "judged", f"The {gate} gate did not pass.", "Read its row in desk.gate_results.")
            ]
    # The riskguard's own words; the gate in SQL may only know that it disagreed.
    known = {reason.check_name for reason in reasons}
    reasons += [
        _check_reason("risk", check)
        for check in record.risk_checks
        if check["is_clear"] is not True and check["check_name"] not in known
    ]
    return reasons


def _check_reason(gate: str, check: Mapping) -> Reason:
    return Reason(gate, check["check_name"], _one_line(check.get("reason")), _one_line(check.get("fix")))


def _decision_reasons(decision: Mapping | None) -> list[Reason]:
    if decision is None:
        return [
            Reason(
                "decision",
                "decided",
                "No decision was stored for the run.",
                "Read the log of decide, mend its cause, plan again.",
            )
        ]
    if decision["is_approved"] is True:
        return []
    said = [reason if isinstance(reason, Mapping) else {"reason": reason} for reason in decision["reasons"]]
    return [
        Reason(
            "decision",
            str(reason.get("check", "approved")),
            _one_line(str(reason.get("reason", "The plan was not approved."))),
            _one_line(str(reason.get("fix", "Clear what is named here, then plan again."))),
        )
        for reason in said or [{}]
    ]


def _window_reasons(run: Mapping, now_at: datetime) -> list[Reason]:
    if now_at < run["window_close_at"]:
        return []
    return [
        Reason(
            "window",
            "window_open",
            f"The execution window closed at {in_full(run['window_close_at'])}.",
            "Wait for the next plan.",
        )
    ]


def _order_reasons(record: RunRecord) -> list[Reason]:
    """Look for what would make an approved list of orders unfit to be read out to a person."""
    if not record.intended:
        return [
            Reason(
                "orders",
                "trades_needed",
                "Every holding is at its target: nothing to trade.",
                "Nothing to do.",
            )
        ]
    reasons = []
    sides = [row["side"] for row in ordered(record.intended)]
    if sides != sorted(sides, reverse=True):
        reasons.append(
            Reason("orders", "sell_before_buy", "A BUY stands before a SELL.", "Size the orders again.")
        )
    for row in record.intended:
        if not record.search_names.get(row["internal_symbol"], "").strip():
            reasons.append(
                Reason(
                    "orders",
                    "search_name_known",
                    f"{row['internal_symbol']} has no eToro search name.",
                    f"Give {row['internal_symbol']} its etoro_search_name in config/universe.csv.",
                )
            )
    return reasons


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split()) or "(not given)"
