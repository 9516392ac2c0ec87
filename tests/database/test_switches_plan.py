"""A plan after a switch: the frozen universe says so, the held units go, and none comes back."""

from decimal import Decimal

from tests.database.planning import UNIVERSE, build_marts, freeze_plan, on_saturday
from trading_ops.db.connect import connect
from trading_ops.plan.steps import SizedPlan, rank_universe, size_orders
from trading_ops.universe.switches import switch_symbol

PRICED = {"AAA": "100", "BBB": "100", "CCC": "100", "DDD": "100"}


def plan_without(desk, symbol: str, prices: dict, held: str) -> SizedPlan:
    """Switch the best ranked symbol off, then freeze, rank and size a week that holds some of it."""
    on_saturday(desk)
    with connect("desk_planner", desk) as connection:
        switch_symbol(connection, UNIVERSE, symbol, False, "taken over", "operator")
    run = freeze_plan(desk)
    build_marts(desk, run, prices=prices, holdings={symbol: ("5", held)})
    with connect("desk_planner", desk) as connection:
        rank_universe(connection, run.run_id)
        return size_orders(connection, run.run_id)


def test_what_is_held_of_a_switched_off_symbol_is_sold_and_not_bought_again(desk):
    """AAA ranks first; its five units go, and the money buys BBB and CCC."""
    plan = plan_without(desk, "AAA", PRICED, "400")
    assert [(order.side, order.symbol, order.is_full_exit) for order in plan.orders] == [
        ("SELL", "AAA", True),
        ("BUY", "BBB", False),
        ("BUY", "CCC", False),
    ]
    assert plan.orders[0].units_estimate == Decimal(5)
    assert {check.check_name for check in plan.checks if not check.is_clear} == set()


def test_a_position_nobody_can_price_stops_the_plan(desk):
    """Delisted while held: a person has to say what became of it, and until then nothing is traded."""
    plan = plan_without(desk, "AAA", PRICED | {"AAA": None}, None)
    assert plan.orders == ()
    blocking = {check.check_name: check.reason for check in plan.checks if not check.is_clear}
    assert blocking["sizes_possible"] == "AAA is held but has no price on the as-of date"
