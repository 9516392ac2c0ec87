"""
What a red task means: a plan's ticket names a broken step, and neither a verdict nor what is only looked at.
"""

import pytest
from airflow.sdk import DAG

from trading_ops_airflow import partition
from trading_ops_airflow.roles import Role
from trading_ops_airflow.schedule import DAILY_MARKET_DATA, WEEKLY_PLAN
from trading_ops_airflow.tasks import models, plan, runs
from trading_ops_stack import day

WATCHED = {"score_shadow": "failed", "store_shadow": "upstream_failed"}


@pytest.fixture
def ended(monkeypatch):
    """Let a run of a DAG have these states."""

    def install(dag, **states: str) -> None:
        monkeypatch.setattr(partition, "get_current_context", lambda: {"dag": dag})
        monkeypatch.setattr(partition, "task_states", lambda: states)

    return install


@pytest.fixture
def weekly_plan(bag):
    """The plan as Airflow parsed it."""
    return bag.dags[WEEKLY_PLAN.dag_id]


@pytest.mark.parametrize("is_ranked_by_model", [False, True])
def test_a_failed_shadow_is_no_broken_step(ended, weekly_plan, is_ranked_by_model):
    """
    The ticket does not need what a model says that is only watched, and a gate that said no is a verdict.
    """
    ended(weekly_plan, **WATCHED, judge_risk="failed", build_gates="success")
    assert partition.failed_steps(is_ranked_by_model) == []


def test_the_traded_models_steps_count_where_it_ranks_and_nowhere_else(ended, weekly_plan):
    """Beside momentum the dataset and the scores are for looking at alone."""
    broken = {"make_dataset": "failed", "score_model": "upstream_failed", "store_scores": "upstream_failed"}
    ended(weekly_plan, **WATCHED, **broken)
    assert partition.failed_steps(True) == ["make_dataset", "score_model", "store_scores"]
    assert partition.failed_steps(False) == []


def test_every_other_failure_is_named(ended, weekly_plan):
    """Whatever ranks."""
    ended(
        weekly_plan, **WATCHED, build_book="failed", rank_universe="upstream_failed", freeze_inputs="success"
    )
    assert partition.failed_steps(False) == ["build_book", "rank_universe"]


def test_a_task_the_dag_no_longer_has_is_a_broken_step(ended, weekly_plan):
    """
    It failed before the DAG was changed under its run, so nobody can say that the ticket did not need it.
    """
    ended(weekly_plan, judge_everything="failed")
    assert partition.failed_steps() == ["judge_everything"]


def test_a_role_does_not_hang_on_a_name(ended):
    """A verdict, a watched score and a step under each other's names stay what they are."""
    with DAG("renamed", schedule=None) as dag:
        plan._judge.override(task_id="build_book")("run", "risk")
        models.store_shadow.override(task_id="rank_universe")("run", "folder")
        models.store_scores.override(task_id="size_orders")("run", "folder")
        runs.freeze_inputs.override(task_id="judge_risk")()
        plan.rank_universe.override(task_id="store_shadow")("run")
    ended(dag, **dict.fromkeys(dag.task_ids, "failed"))
    assert partition.failed_steps(False) == ["judge_risk", "store_shadow"]
    assert partition.failed_steps(True) == ["judge_risk", "size_orders", "store_shadow"]


def test_the_ranking_waits_for_the_scoring_in_its_order(ended, weekly_plan):
    """So the first step that broke is the one that is named."""
    ended(weekly_plan)
    steps = ["export_dataset", "make_dataset", "score_model", "store_scores"]
    assert partition.steps_playing(Role.SCORING) == steps


def test_the_verb_score_ends_with_tasks_of_the_day(bag):
    """It names them; one that was renamed would leave the verb with nothing to do, and green."""
    assert set(day._SCORES) <= set(bag.dags[DAILY_MARKET_DATA.dag_id].task_ids)
