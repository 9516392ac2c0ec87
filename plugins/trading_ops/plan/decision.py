"""
The decision: everything that speaks against a plan, judged once, or nothing at all.

Pure. Anything missing, unknown or out of order counts against the trade.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trading_ops.plan.book import Order
from trading_ops.plan.checks import Check
from trading_ops.plan.gates import GATES
from trading_ops.plan.reasons import Finding, Reason, fold


@dataclass(frozen=True)
class Decision:
    """Approved without reasons, or refused with at least one."""

    is_approved: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class GateResult:
    """A gate's status, PASS or FAIL, and the verdicts it read."""

    status: str
    checks: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Evidence:
    """
    What a decision is made of.

    `search_names` maps a symbol to its exact eToro search name; `away` says who is, when nobody can execute,
    and `has_executor` whether anybody of the desk is one.
    """

    gates: Mapping[str, GateResult]
    risk_checks: Sequence[Check]
    orders: Sequence[Order]
    search_names: Mapping[str, str]
    broken_steps: Sequence[str] = ()
    away: str | None = None
    has_executor: bool = True


def decide(evidence: Evidence) -> Decision:
    """
    Approve iff every step ran, the four gates passed, somebody is there to execute, and the orders can be
    read out to a person.
    """
    return _decided(list(_findings(evidence)))


def undecided(evidence: Evidence) -> Decision:
    """Return the refusal of a run without a stored decision, with all that speaks against it anyway."""
    missing = Reason("decision", "decided", "No decision was stored for the run.", _read_log("decide"))
    return _decided([*_findings(evidence), Finding(missing)])


def gate_reasons(gate: str, result: GateResult | None) -> tuple[Reason, ...]:
    """Return what speaks against one gate of a run, each cause with what follows from it."""
    return fold(_failed_gate(gate, result))


def step_reason(step: str) -> Reason:
    """Return what speaks against a plan of which a step broke."""
    return Reason("step", step, f"The step {step} did not finish.", _read_log(step))


def unfit_orders(evidence: Evidence) -> Iterator[Reason]:
    """Look for what would make the orders unfit to be read out to a person."""
    orders = sorted(evidence.orders, key=lambda order: order.line_number)
    sides = [order.side for order in orders]
    nameless = [order.symbol for order in orders if not evidence.search_names.get(order.symbol, "").strip()]
    if not orders:
        yield Reason(
            "orders",
            "trades_needed",
            "nothing to trade",
            "Nothing, if the book is where it should be; the ticket's page says why for each symbol.",
        )
    if sides != sorted(sides, reverse=True):
        yield Reason("orders", "sell_before_buy", "A BUY stands before a SELL.", _read_log("size_orders"))
    if nameless:
        names = ", ".join(nameless)
        yield Reason(
            "orders",
            "search_name_known",
            f"{names}: no eToro search name is known.",
            f"Fill in the etoro_search_name of {names} in universe.csv and plan again.",
        )


def _decided(findings: Sequence[Finding]) -> Decision:
    reasons = fold(findings)
    return Decision(not reasons, reasons)


def _findings(evidence: Evidence) -> Iterator[Finding]:
    found = [*_broken_steps(evidence), *_failed_checks(evidence), *_absence(evidence)]
    yield from found
    for reason in unfit_orders(evidence):
        # Orders that are missing for a reason named already are no news.
        if not found or reason.check_name != "trades_needed":
            yield Finding(reason)


def _absence(evidence: Evidence) -> Iterator[Finding]:
    if not evidence.has_executor:
        sentence = "Nobody of this desk is an executor: nobody executes orders."
        fix = "Add one: trading-ops people add NAME --role executor --email ADDRESS --person YOU. Then plan again."
        yield Finding(Reason("window", "executor_known", sentence, fix))
    if evidence.away:
        fix = "Nothing: this week is left out. If somebody is there after all: trading-ops away cancel, plan again."
        yield Finding(Reason("window", "executor_present", f"{evidence.away}: nobody executes orders.", fix))


def _broken_steps(evidence: Evidence) -> Iterator[Finding]:
    for step in dict.fromkeys(evidence.broken_steps):
        yield Finding(step_reason(step))
    verdicts = [check for gate in evidence.gates.values() for check in gate.checks]
    uncounted = sum(not check.get("has_verdict", True) for check in verdicts)
    if uncounted and "build_gates" not in evidence.broken_steps:
        sentence = f"The step build_gates left no verdict for {uncounted} of {len(verdicts)} checks."
        yield Finding(Reason("step", "build_gates", sentence, _read_log("build_gates")))


def _failed_checks(evidence: Evidence) -> Iterator[Finding]:
    riskguard = {check.check_name: check for check in evidence.risk_checks if check.is_clear is not True}
    for gate in GATES:
        for finding in _failed_gate(gate, evidence.gates.get(gate)):
            own = riskguard.pop(finding.reason.check_name, None) if gate == "risk" else None
            # Where the gate could not look, the riskguard says what it lacked.
            yield _of_riskguard(own) if own and finding.observed is None else finding
    # The gate in SQL may only know that the riskguard disagreed.
    yield from map(_of_riskguard, riskguard.values())


def _failed_gate(gate: str, result: GateResult | None) -> Iterator[Finding]:
    if result is None:
        fix = _read_log(f"judge_{gate}")
        yield Finding(Reason(gate, "judged", f"The {gate} gate was never judged.", fix), has_verdict=False)
    elif result.status != "PASS":
        failed = [check for check in result.checks if check.get("is_clear") is not True]
        for check in failed:
            reason = _of_check(gate, check["check_name"], check.get("reason"), check.get("fix"))
            yield Finding(reason, check.get("observed_value"), check.get("has_verdict", True))
        if not failed:
            fix = _read_log(f"judge_{gate}")
            yield Finding(Reason(gate, "judged", f"The {gate} gate did not pass and names no check.", fix))


def _of_riskguard(check: Check) -> Finding:
    return Finding(_of_check("risk", check.check_name, check.reason, check.fix), check.observed_value)


def _of_check(gate: str, check_name: str, sentence: str | None, fix: str | None) -> Reason:
    return Reason(gate, check_name, _one_line(sentence), _one_line(fix))


def _read_log(task: str) -> str:
    return f"Read the log of {task} in Airflow, mend its cause, plan again."


def _one_line(text: str | None) -> str:
    # Without control and format characters: an escape would colour a terminal, an override turn a sentence.
    shown = "".join(" " if unicodedata.category(char).startswith("C") else char for char in text or "")
    return " ".join(shown.split()) or "(not given)"
