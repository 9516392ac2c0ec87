"""Ranking: best score first, ties by symbol, and what has no score has no rank."""

import random
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from trading_ops.plan.ranking import Ranked, rank_scores, rank_static_list


def test_the_highest_score_ranks_first_and_ties_go_by_symbol():
    """B and C score the same, so B comes first whatever order they arrived in."""
    ranking = rank_scores({"C": Decimal("0.5"), "A": Decimal(-1), "B": Decimal("0.50")})
    assert [(item.rank, item.symbol) for item in ranking] == [(1, "B"), (2, "C"), (3, "A")]


def test_an_unknown_score_is_not_ranked():
    """None, NaN and infinity are no scores."""
    scores = {"A": None, "B": Decimal("NaN"), "C": Decimal("Infinity"), "D": Decimal(0)}
    assert rank_scores(scores) == (Ranked("D", 1, Decimal(0)),)


@given(
    scores=st.dictionaries(st.text("ABC", min_size=1, max_size=3), st.decimals(-2, 2, places=1)),
    seed=st.integers(),
)
def test_a_ranking_does_not_depend_on_the_order_of_its_scores(scores, seed):
    """Ranks count from 1 without a gap, and shuffling the rows changes nothing."""
    rows = list(scores.items())
    random.Random(seed).shuffle(rows)
    ranking = rank_scores(dict(rows))
    assert ranking == rank_scores(scores)
    assert [item.rank for item in ranking] == list(range(1, len(scores) + 1))
    assert [-item.score for item in ranking] == sorted(-item.score for item in ranking)


def test_a_static_list_is_already_ranked():
    """Scores count down, so a list and a score read the same way."""
    assert rank_static_list(["B", "A"]) == (Ranked("B", 1, Decimal(2)), Ranked("A", 2, Decimal(1)))
