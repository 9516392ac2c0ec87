"""The decision on real tables: made once, and refused for whatever a gate, a step or the orders say."""

import pytest

from tests.database.planning import build_marts, call, freeze_plan, on_saturday, sized, table
from tests.database.rows import GATES, fail_gate, pass_all_gates, pass_gate
from trading_ops.db.connect import connect
from trading_ops.plan.causes import FOLLOWS
from trading_ops.plan.checks import CHECKS
from trading_ops.plan.reasons import Reason
from trading_ops.plan.steps import decide


def test_four_passed_gates_and_a_trade_are_approved(desk):
    """And only once: the decision is a row."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    sized(desk, run)
    pass_all_gates(desk, run.run_id)
    decision = call(decide, desk, run)
    assert (decision.is_approved, decision.reasons) == (True, ())
    assert call(decide, desk, run) == decision
    assert len(table(desk, "decisions")) == 1


@pytest.mark.parametrize("gate", GATES)
def test_one_failed_gate_refuses(desk, gate):
    """The reason is that gate's failed check, with its fix."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    sized(desk, run)
    check_name = {
        "data_quality": "coverage",
        "confirmation": "previous_ticket_confirmed",
        "reconciliation": "cash_matches",
        "risk": "turnover",
    }[gate]
    for other in GATES:
        if other != gate:
            pass_gate(desk, run.run_id, other)
    fail_gate(desk, run.run_id, gate, check_name, "it broke", "mend it")
    decision = call(decide, desk, run)
    assert not decision.is_approved
    assert decision.reasons == (Reason(gate, check_name, "it broke", "mend it"),)


@pytest.mark.parametrize("gate", GATES)
def test_one_gate_that_was_not_judged_refuses(desk, gate):
    """A crashed gate task is a reason, and judging it afterwards does not change the decision."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    sized(desk, run)
    for other in GATES:
        if other != gate:
            pass_gate(desk, run.run_id, other)
    decision = call(decide, desk, run)
    (reason,) = decision.reasons
    assert (reason.source, reason.sentence) == (gate, f"The {gate} gate was never judged.")
    pass_gate(desk, run.run_id, gate)
    assert call(decide, desk, run) == decision


def test_passed_gates_with_nothing_to_trade_are_a_no_trade(desk):
    """A book that has arrived is left alone, and the ticket says so."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run, holdings={"AAA": ("10", "800"), "BBB": ("10", "800")}, cash_gbp="8400")
    assert sized(desk, run).orders == ()
    pass_all_gates(desk, run.run_id)
    decision = call(decide, desk, run)
    assert not decision.is_approved
    assert [reason.sentence for reason in decision.reasons] == ["nothing to trade"]


def test_every_check_of_every_gate_says_what_it_may_follow_from(desk):
    """One nobody thought about would always be a cause, or be explained away by the accident of a name."""
    with connect("desk_planner", desk) as connection:
        required = connection.execute("select gate, check_name from desk.required_checks").fetchall()
    known = {f"{row['gate']}.{row['check_name']}" for row in required}
    known |= {f"risk.{check.__name__}" for check in CHECKS}
    assert {key for key in FOLLOWS if not key.startswith("step.")} == known | {"decision.decided"}
