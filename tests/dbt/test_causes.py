"""What a plan without prices is told: one cause with its fix, by what dbt and the checks really saw."""

import pytest

from tests.dbt import small_desk
from tests.dbt.small_desk import RUN_ID, SESSIONS
from trading_ops.db.connect import connect
from trading_ops.plan import steps
from trading_ops.plan.gates import GATES


def is_built(desk, target, selector: str) -> bool:
    """Build what a selector says; return whether dbt was content."""
    return small_desk.run_dbt(desk, target, "build", "--selector", selector, run_id=RUN_ID).returncode == 0


def planned(desk, target):
    """Take the steps of a plan as its DAG does, the others only while none broke, and decide."""

    def call(step, *arguments):
        with connect("desk_planner", desk) as connection:
            return step(connection, RUN_ID, *arguments)

    taken = {
        "build_prices": lambda: is_built(desk, target, "prices"),
        "build_book": lambda: is_built(desk, target, "book"),
        "rank_universe": lambda: call(steps.rank_universe),
        "size_orders": lambda: call(steps.size_orders),
    }
    undone = list(taken)
    while undone and taken[undone[0]]() is not False:
        undone.pop(0)
    is_built(desk, target, "gates")
    for gate in GATES:
        call(steps.judge_gate, gate)
    return call(steps.decide, undone)


@pytest.mark.parametrize(
    ("days", "cause", "fix"),
    [
        ((), "step.build_prices", "Read the log of build_prices in Airflow"),
        (SESSIONS[:2], "data_quality.freshness", "Load the bars of 2026-06-12."),
    ],
    ids=["no bar at all on a new desk", "no bar of the session"],
)
def test_a_plan_without_prices_has_one_cause(desk, tmp_path, days, cause, fix):
    """Everything else that failed lacked the same bars, and is told beneath it."""
    small_desk.fill(desk, days)
    decision = planned(desk, tmp_path)
    assert [reason.key for reason in decision.reasons] == [cause], decision.reasons
    assert decision.reasons[0].fix.startswith(fix)
    assert len(decision.reasons[0].follows) >= 10
