"""The decision: four passed gates and a trade, or the reasons why not."""

import itertools
from decimal import Decimal

import pytest

from trading_ops.plan import checks, decision
from trading_ops.plan.book import Order
from trading_ops.plan.decision import Decision, Evidence, GateResult, decide, undecided
from trading_ops.plan.gates import GATES
from trading_ops.plan.reasons import Reason
from trading_ops.settings import PROJECT_ROOT

PASS = GateResult("PASS", ({"check_name": "c", "is_clear": True, "reason": "fine", "fix": ""},))
FAIL = GateResult(
    "FAIL",
    (
        {"check_name": "good", "is_clear": True, "reason": "fine", "fix": ""},
        {"check_name": "bad", "is_clear": False, "reason": "it broke", "fix": "mend it"},
        {"check_name": "null", "is_clear": None, "reason": "unknown", "fix": "look"},
    ),
)


def order(line_number: int = 1, side: str = "BUY", symbol: str = "ALDR") -> Order:
    """An order of 100 GBP."""
    one = Decimal(1)
    return Order(line_number, symbol, side, Decimal(100), one, False, one, one, one)


def decided(gates: dict[str, GateResult], trades_count: int = 1, **parts) -> Decision:
    """Decide on gates and so many purchases; `parts` overrides any part of the evidence."""
    orders = [order(number) for number in range(1, trades_count + 1)]
    parts = {"orders": orders, "search_names": {"ALDR": "Alder Instruments"}, **parts}
    return decide(Evidence(gates, risk_checks=(), **parts))


@pytest.mark.parametrize("results", list(itertools.product([PASS, FAIL, None], repeat=4)))
@pytest.mark.parametrize("trades_count", [0, 1, 15])
def test_only_four_passes_and_a_trade_are_approved(results, trades_count):
    """All 243 ways the gates can end: one is approved, if there is something to trade."""
    found = {gate: result for gate, result in zip(GATES, results, strict=True) if result}
    decision = decided(found, trades_count)
    assert decision.is_approved == (results == (PASS,) * 4 and trades_count > 0)
    assert decision.is_approved == (decision.reasons == ())
    blamed = {reason.source for reason in decision.reasons} - {"orders"}
    assert blamed == {gate for gate, result in zip(GATES, results, strict=True) if result != PASS}


def test_a_failed_gate_gives_its_failed_checks_only():
    """Each with its reason and its fix; an unknown verdict counts as failed."""
    decision = decided({gate: PASS for gate in GATES} | {"risk": FAIL})
    assert decision.reasons == (
        Reason("risk", "bad", "it broke", "mend it"),
        Reason("risk", "null", "unknown", "look"),
    )


@pytest.mark.parametrize("status", ["FAIL", "pass", "", "UNKNOWN"])
def test_a_gate_that_did_not_say_pass_refuses_even_without_a_failed_check(status):
    """Nothing but PASS is a pass."""
    decision = decided({gate: PASS for gate in GATES} | {"risk": GateResult(status, ())})
    assert not decision.is_approved
    assert [reason.source for reason in decision.reasons] == ["risk"]


def test_nothing_to_trade_is_a_reason():
    """With all gates passed it is the only one."""
    decision = decided({gate: PASS for gate in GATES}, 0)
    assert [reason.sentence for reason in decision.reasons] == ["nothing to trade"]
    assert decision.reasons[0].fix


@pytest.mark.parametrize(
    ("parts", "check_name"),
    [
        ({"orders": [order(1, "BUY"), order(2, "SELL")]}, "sell_before_buy"),
        ({"orders": [order(1, symbol="ZZZZ")]}, "search_name_known"),
        ({"search_names": {"ALDR": " "}}, "search_name_known"),
    ],
)
def test_orders_nobody_can_execute_are_refused(parts, check_name):
    """A BUY placed with money that is not there yet, or a line nobody can find on eToro."""
    decision = decided({gate: PASS for gate in GATES}, **parts)
    assert [(reason.source, reason.check_name) for reason in decision.reasons] == [("orders", check_name)]


def test_a_broken_step_refuses_whatever_the_gates_say():
    """Four gates passed over what an earlier attempt of the step left."""
    decision = decided({gate: PASS for gate in GATES}, broken_steps=["size_orders"])
    assert not decision.is_approved
    assert [reason.key for reason in decision.reasons] == ["step.size_orders"]


def test_a_run_without_a_decision_is_refused_with_all_that_speaks_against_it():
    """The step that should have decided is the cause, if it broke; a failed gate is another."""
    gates = {gate: PASS for gate in GATES} | {"risk": FAIL}
    evidence = Evidence(gates, (), [order()], {"ALDR": "Alder"}, broken_steps=["decide"])
    refused = undecided(evidence)
    assert not refused.is_approved
    assert [reason.key for reason in refused.reasons] == ["step.decide", "risk.bad", "risk.null"]
    assert [reason.key for reason in refused.reasons[0].follows] == ["decision.decided"]


def test_dbt_names_the_same_fixes_in_the_same_words():
    """What dbt and the riskguard both find is told once, whoever says it."""
    texts = " ".join((PROJECT_ROOT / "dbt_project/macros/texts.sql").read_text().split())
    assert f"'{decision._read_log('{{ step }}')}'" in texts
    assert f"'{checks._UNVALUED}'" in texts
    migration = (PROJECT_ROOT / "plugins/trading_ops/db/migrations/sql/0012_reasons.sql").read_text()
    assert f"'{decision._read_log('build_gates')}'" in migration
