"""The decision: four passed gates and a trade, or the reasons why not."""

import itertools

import pytest

from trading_ops.plan.decision import GateResult, decide
from trading_ops.plan.gates import GATES

PASS = GateResult("PASS", ({"check_name": "c", "is_clear": True, "reason": "fine", "fix": ""},))
FAIL = GateResult(
    "FAIL",
    (
        {"check_name": "good", "is_clear": True, "reason": "fine", "fix": ""},
        {"check_name": "bad", "is_clear": False, "reason": "it broke", "fix": "mend it"},
        {"check_name": "null", "is_clear": None, "reason": "unknown", "fix": "look"},
    ),
)


@pytest.mark.parametrize("results", list(itertools.product([PASS, FAIL, None], repeat=4)))
@pytest.mark.parametrize("trades_count", [0, 1, 15])
def test_only_four_passes_and_a_trade_are_approved(results, trades_count):
    """All 243 ways the gates can end: one is approved, if there is something to trade."""
    found = {gate: result for gate, result in zip(GATES, results, strict=True) if result}
    decision = decide(found, trades_count)
    assert decision.is_approved == (results == (PASS,) * 4 and trades_count > 0)
    assert decision.is_approved == (decision.reasons == ())
    blamed = {reason["gate"] for reason in decision.reasons} - {"plan"}
    assert blamed == {gate for gate, result in zip(GATES, results, strict=True) if result != PASS}


def test_a_failed_gate_gives_its_failed_checks_only():
    """Each with its reason and its fix; an unknown verdict counts as failed."""
    decision = decide({gate: PASS for gate in GATES} | {"risk": FAIL}, 1)
    assert decision.reasons == (
        {"gate": "risk", "check": "bad", "reason": "it broke", "fix": "mend it"},
        {"gate": "risk", "check": "null", "reason": "unknown", "fix": "look"},
    )


@pytest.mark.parametrize("status", ["FAIL", "pass", "", "UNKNOWN"])
def test_a_gate_that_did_not_say_pass_refuses_even_without_a_failed_check(status):
    """Nothing but PASS is a pass."""
    decision = decide({gate: PASS for gate in GATES} | {"risk": GateResult(status, ())}, 1)
    assert not decision.is_approved
    assert [reason["gate"] for reason in decision.reasons] == ["risk"]


def test_nothing_to_trade_is_a_reason():
    """With all gates passed it is the only one."""
    decision = decide({gate: PASS for gate in GATES}, 0)
    assert [reason["reason"] for reason in decision.reasons] == ["nothing to trade"]
    assert decision.reasons[0]["fix"]
