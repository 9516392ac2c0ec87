"""What counts as a broken step of a plan, so that a ticket names it, and what is only looked at."""

import pytest

from trading_ops_airflow import partition

WATCHED = {"score_shadow": "failed", "store_shadow": "upstream_failed"}


@pytest.fixture
def states(monkeypatch):
    """Let a DAG run have these states."""

    def install(**given: str) -> None:
        monkeypatch.setattr(partition, "task_states", lambda: given)

    return install


@pytest.mark.parametrize("is_ranked_by_model", [False, True])
def test_a_failed_shadow_is_no_broken_step(states, is_ranked_by_model):
    """The ticket does not need what a model says that is only watched, and a gate that said no is a verdict."""
    states(**WATCHED, judge_risk="failed", build_gates="success")
    assert partition.failed_steps(is_ranked_by_model) == []


def test_the_traded_models_steps_count_where_it_ranks_and_nowhere_else(states):
    """Beside momentum the dataset and the scores are for looking at alone."""
    states(**WATCHED, make_dataset="failed", score_model="upstream_failed", store_scores="upstream_failed")
    assert partition.failed_steps(True) == ["make_dataset", "score_model", "store_scores"]
    assert partition.failed_steps(False) == []


def test_every_other_failure_is_named(states):
    """Whatever ranks."""
    states(**WATCHED, build_book="failed", rank_universe="upstream_failed", freeze_inputs="success")
    assert partition.failed_steps(False) == ["build_book", "rank_universe"]
