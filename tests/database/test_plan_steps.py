"""The steps of a plan on real tables: each writes once, and nothing missing becomes a trade."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import psycopg
import pytest

from tests.database.planning import (
    SMALL,
    UNIVERSE,
    build_marts,
    call,
    entry,
    freeze_plan,
    on_saturday,
    policy_of,
    sized,
    table,
)
from tests.database.trained import add_model, set_state, write_scores
from trading_ops.db.connect import connect
from trading_ops.models.registry import TRADED, WATCHED, model_of_run, store_scores
from trading_ops.plan.steps import PlanError, judge_gate, rank_universe, size_orders
from trading_ops.runs.run import RunError
from trading_ops.universe.instruments import Universe


def failing(plan) -> dict[str, str]:
    """The riskguard's checks that are not clear, with their reasons."""
    return {check.check_name: check.reason for check in plan.checks if not check.is_clear}


def store_model_scores(desk, run, parquet, method: str = TRADED) -> None:
    """Store what a model of the run says."""
    with connect("desk_planner", desk) as connection:
        store_scores(connection, run.run_id, parquet, model_of_run(connection, run, desk, method))


def test_momentum_ranks_the_best_score_first_and_ties_by_symbol(desk):
    """A score of a symbol the universe does not have is not ranked."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run, scores={"CCC": "0.5", "BBB": "0.5", "AAA": "-1", "ZZZ": "9"})
    ranking = call(rank_universe, desk, run)
    assert [(item.rank, item.symbol) for item in ranking] == [(1, "BBB"), (2, "CCC"), (3, "AAA")]


def test_a_static_list_needs_no_scores(desk):
    """The list is the ranking, best first."""
    policy = policy_of(
        {"method: momentum_12_1": "method: static_list", "static_list: []": "static_list: [CCC, AAA]"}
    )
    run = freeze_plan(on_saturday(desk), policy)
    assert [item.symbol for item in call(rank_universe, desk, run)] == ["CCC", "AAA"]


QLIB = SMALL | {"method: momentum_12_1": "method: qlib"}


def test_a_model_ranks_by_the_scores_it_left(desk, tmp_path):
    """In the order of its own ranks; the momentum scores beside it are not looked at."""
    on_saturday(desk)
    version = add_model(desk)
    set_state(desk, version, "SHADOW", "LIVE")
    run = freeze_plan(desk, policy_of(QLIB))
    build_marts(desk, run)
    store_model_scores(desk, run, write_scores(tmp_path / "s.parquet", version, {"CCC": 0.2, "AAA": 0.1}))
    assert [item.symbol for item in call(rank_universe, desk, run)] == ["CCC", "AAA"]


def test_a_shadow_beside_a_traded_ranking_is_not_traded(desk, tmp_path):
    """Both are stored for the run; sizing and reports see the one the policy names."""
    on_saturday(desk)
    version = add_model(desk)
    set_state(desk, version, "SHADOW")
    run = freeze_plan(desk)
    build_marts(desk, run)
    store_model_scores(
        desk, run, write_scores(tmp_path / "s.parquet", version, {"DDD": 0.2, "CCC": 0.1}), WATCHED
    )
    assert [order.symbol for order in sized(desk, run).orders] == ["AAA", "BBB"]
    assert {row["method"] for row in table(desk, "signals_ranked")} == {"qlib_shadow", "momentum_12_1"}


def test_a_successor_beside_the_live_model_is_not_traded(desk, tmp_path):
    """The LIVE model's order is sized; its successor's, and a successor alone, are not."""
    on_saturday(desk)
    live, successor = add_model(desk), add_model(desk, "tree 2", attempt=2)
    set_state(desk, live, "SHADOW", "LIVE")
    set_state(desk, successor, "SHADOW")
    run = freeze_plan(desk, policy_of(QLIB))
    build_marts(desk, run)
    watched = write_scores(tmp_path / "w.parquet", successor, {"DDD": 0.2, "CCC": 0.1})
    store_model_scores(desk, run, watched, WATCHED)
    with pytest.raises(PlanError, match=f"no scores of the model {live[:12]}"):
        call(rank_universe, desk, run)
    traded = write_scores(tmp_path / "t.parquet", live, {"AAA": 0.2, "BBB": 0.1})
    store_model_scores(desk, run, traded)
    assert [order.symbol for order in sized(desk, run).orders] == ["AAA", "BBB"]


def test_a_model_that_is_missing_or_silent_ranks_nothing(desk):
    """The error says which of the two it is and what to do; nothing falls back to another ranking."""
    on_saturday(desk)
    run = freeze_plan(desk, policy_of(QLIB), key="none")
    build_marts(desk, run)
    with pytest.raises(PlanError, match="frozen without a model; promote one"):
        call(rank_universe, desk, run)
    version = add_model(desk)
    set_state(desk, version, "SHADOW", "LIVE")
    run = freeze_plan(desk, policy_of(QLIB), key="silent")
    with pytest.raises(PlanError, match=f"no scores of the model {version[:12]}"):
        call(rank_universe, desk, run)
    assert table(desk, "signals_ranked") == []


def test_ranking_twice_keeps_the_first_answer(desk):
    """Scores that changed since do not change the run."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    first = call(rank_universe, desk, run)
    build_marts(desk, run, scores={})
    with connect("desk_dbt", desk) as connection:
        connection.execute("update marts.signals_momentum set score = -score")
    assert call(rank_universe, desk, run) == first


def test_a_plan_is_stored_as_it_was_sized(desk):
    """Two names at 8 % of 10,000 GBP: orders, targets with their words, and ten clear checks."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    plan = sized(desk, run)
    assert [(o.line_number, o.side, o.symbol, o.value_gbp) for o in plan.orders] == [
        (1, "BUY", "AAA", Decimal("800.00")),
        (2, "BUY", "BBB", Decimal("800.00")),
    ]
    assert plan.orders[0].units_estimate == Decimal(10)
    assert plan.orders[0].price_limit_usd == Decimal("103.00")
    assert {t.symbol: t.binding_constraint for t in plan.targets} == {
        "AAA": "weight_cap",
        "BBB": "weight_cap",
        "CCC": "outranked",
        "DDD": "outranked",
    }
    assert len(plan.checks) == 11
    assert failing(plan) == {}


def test_sizing_twice_changes_nothing(desk):
    """The book may have moved on; the run has not."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    first = sized(desk, run)
    build_marts(desk, run, prices={}, cash_gbp="99999")
    assert call(size_orders, desk, run) == first
    assert len(table(desk, "ledger_trades_intended")) == 2


def test_workers_that_size_at_once_store_one_plan(desk):
    """A duplicated task waits for the first and returns its plan."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run)
    call(rank_universe, desk, run)
    with ThreadPoolExecutor(8) as pool:
        plans = list(pool.map(lambda _: call(size_orders, desk, run), range(8)))
    assert all(plan == plans[0] for plan in plans)
    assert len(table(desk, "ledger_trades_intended")) == 2


def test_holdings_are_sold_by_the_units_of_the_ledger(desk):
    """An outranked holding leaves whole, a wanted one within its band stays."""
    run = freeze_plan(on_saturday(desk))
    build_marts(
        desk,
        run,
        holdings={"DDD": ("12.3456789", "987.654312"), "AAA": ("10", "800.00")},
        cash_gbp="8212.345688",
    )
    plan = sized(desk, run)
    assert [(o.side, o.symbol, o.value_gbp, o.units_estimate, o.is_full_exit) for o in plan.orders] == [
        ("SELL", "DDD", Decimal("987.65"), Decimal("12.3456789"), True),
        ("BUY", "BBB", Decimal("800.00"), Decimal(10), False),
    ]
    assert {t.symbol: t.binding_constraint for t in plan.targets}["AAA"] == "within_band"


@pytest.mark.parametrize(
    ("marts", "reason"),
    [
        ({"rate": None}, "the GBP/USD rate is missing"),
        (
            {"prices": {"AAA": "100", "BBB": "100"}, "holdings": {"CCC": ("5", None)}},
            "CCC is held but has no price on the as-of date",
        ),
        ({"scores": {}, "holdings": {"CCC": ("5", "400")}}, "no ranked symbol can be bought"),
    ],
)
def test_a_missing_input_gives_no_orders_and_a_reason(desk, marts, reason):
    """No price, no rate, no signal: nothing is traded, not even a sale, and the check says why."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run, **marts)
    plan = sized(desk, run)
    assert plan.orders == ()
    assert failing(plan)["sizes_possible"] == reason
    assert {target.binding_constraint for target in plan.targets} == {"blocked"}
    assert call(size_orders, desk, run) == plan


def test_a_run_of_another_book_is_not_sized(desk):
    """Rows dbt built for an earlier run do not count for this one."""
    earlier = freeze_plan(on_saturday(desk))
    build_marts(desk, earlier)
    run = freeze_plan(desk, key="weekly_plan:2")
    with pytest.raises(PlanError, match=f"the book of run {run.run_id} is not built"):
        sized(desk, run)
    assert table(desk, "risk_checks") == []


def test_a_desk_without_marts_is_a_named_error(desk):
    """dbt never ran: the step fails with the relation's name, and stores nothing."""
    run = freeze_plan(on_saturday(desk))
    with pytest.raises(psycopg.errors.UndefinedTable, match=r"marts\."):
        sized(desk, run)
    assert table(desk, "risk_checks") == []


def test_an_unknown_past_of_the_book_is_not_clear(desk):
    """Drawdown, daily loss and the day's move without a row for the as-of session block."""
    run = freeze_plan(on_saturday(desk))
    build_marts(desk, run, day=None)
    assert set(failing(sized(desk, run))) == {"drawdown", "daily_loss", "equity_jump"}


def test_a_benchmark_is_never_bought(desk):
    """Even with the best score: it is not a tradable underlying."""
    index = entry("SPX", is_tradable_underlying=False, is_benchmark=True, instrument_type="index")
    universe = Universe((*UNIVERSE.entries, index))
    run = freeze_plan(on_saturday(desk), universe=universe)
    build_marts(desk, run, scores={"SPX": "9", "AAA": "1"}, prices={"SPX": "5000", "AAA": "100"})
    plan = sized(desk, run)
    assert [order.symbol for order in plan.orders] == ["AAA"]


def test_a_gate_without_verdicts_fails_with_every_check_named(desk):
    """No gate_verdicts table at all: FAIL, and one reason per required check."""
    run = freeze_plan(on_saturday(desk))
    result = call(judge_gate, desk, run, "confirmation")
    assert result.status == "FAIL"
    assert [check["check_name"] for check in result.checks] == ["previous_ticket_confirmed"]
    assert call(judge_gate, desk, run, "confirmation") == result


def test_a_changed_policy_does_not_touch_a_frozen_run(desk):
    """The run sizes by the policy it froze, although another one is active by then."""
    run = freeze_plan(on_saturday(desk))
    freeze_plan(
        desk, policy_of({"weight_ratio_max: 0.08": "weight_ratio_max: 0.01"}), kind="daily", key="daily:1"
    )
    build_marts(desk, run)
    assert sized(desk, run).orders[0].value_gbp == Decimal("800.00")


def test_a_policy_edited_in_the_database_is_noticed(desk):
    """A body that no longer has its hash stops the run instead of sizing by it."""
    from tests.database.rows import superuser

    run = freeze_plan(on_saturday(desk), policy_of(SMALL))
    build_marts(desk, run)
    call(rank_universe, desk, run)
    with superuser(desk) as connection:
        connection.execute(
            "update desk.config_policy set body = jsonb_set(body, '{sizing,weight_ratio_max}', '\"0.1\"')"
        )
    with pytest.raises(RunError, match="other contents"):
        call(size_orders, desk, run)
