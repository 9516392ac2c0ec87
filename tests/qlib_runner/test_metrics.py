"""The figures of a backtest against values worked out by hand."""

import math

import pandas as pd
import pytest

from qlib_runner import metrics

DAYS = pd.to_datetime(["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"])


def returns(*values: float) -> pd.Series:
    """Return a series on Thursday, Friday, Monday and Tuesday."""
    return pd.Series(values, DAYS[: len(values)], dtype=float)


def scored(**sessions: list[tuple[float, float]]) -> pd.DataFrame:
    """Return (score, label) pairs by session and company."""
    rows = {
        (pd.Timestamp(day.replace("d", "2024-01-0")), f"S{number}"): pair
        for day, pairs in sessions.items()
        for number, pair in enumerate(pairs)
    }
    index = pd.MultiIndex.from_tuples(list(rows), names=["datetime", "instrument"])
    return pd.DataFrame(list(rows.values()), index, ["score", "label"], float)


def test_ic_is_the_correlation_of_each_session():
    """Scores 1 2 3 with returns 1 2 3 agree, with 3 2 1 they are opposite, with 1 3 2 it is one half."""
    rows = scored(d1=[(1, 1), (2, 2), (3, 3)], d2=[(1, 3), (2, 2), (3, 1)], d3=[(1, 1), (2, 3), (3, 2)])
    assert list(metrics.daily_ic(rows)) == pytest.approx([1, -1, 0.5])


def test_rank_ic_sees_the_order_only():
    """Returns 1 2 300 are in perfect order, though far from a line; equal scores share a rank."""
    rows = scored(d1=[(1, 1), (2, 2), (3, 300)], d2=[(1, 1), (1, 2), (3, 3)], d3=[(1, 2), (2, 1), (9, 3)])
    assert metrics.daily_ic(rows).iloc[0] == pytest.approx(299 / math.sqrt(2 * 59402))
    # Ranks 1.5 1.5 3 against 1 2 3: covariance 1.5, squares 1.5 and 2.
    assert list(metrics.daily_rank_ic(rows)) == pytest.approx([1, 1.5 / math.sqrt(3), 0.5])


def test_a_session_that_has_no_order_has_no_ic():
    """All scores equal, all returns equal, one company alone, and a label that is not known."""
    rows = scored(d1=[(1, 1), (1, 2)], d2=[(1, 1), (2, 1)], d3=[(1, 1)], d4=[(1, math.nan), (2, 1), (3, 2)])
    assert list(metrics.daily_ic(rows)) == pytest.approx([1])
    assert list(metrics.daily_rank_ic(rows)) == pytest.approx([1])


def test_a_segment_without_labels_has_no_ic():
    """The test segment may be so short that no return is known yet."""
    rows = scored(d1=[(1, math.nan), (2, math.nan)])
    assert metrics.daily_ic(rows).empty and metrics.daily_rank_ic(rows).empty
    assert metrics.mean(metrics.daily_ic(rows)) is None


def test_the_information_ratio_is_the_mean_over_the_sample_deviation():
    """0.1 and 0.3: mean 0.2, sample deviation sqrt(0.02). Without spread there is none."""
    assert metrics.information_ratio(pd.Series([0.1, 0.3])) == pytest.approx(0.2 / math.sqrt(0.02))
    assert metrics.information_ratio(pd.Series([0.1, 0.1])) is None
    assert metrics.information_ratio(pd.Series([0.1])) is None
    assert metrics.information_ratio(pd.Series([], dtype=float)) is None


def test_growth_is_compound_and_of_252_sessions():
    """Two sessions of 10 %: 1.21 to the power of 126. A lost account is -1, an empty one has no growth."""
    assert metrics.cagr(returns(0.1, 0.1)) == pytest.approx(1.21**126 - 1)
    assert metrics.cagr(pd.Series([0.001] * 252)) == pytest.approx(1.001**252 - 1)
    assert metrics.cagr(returns(0.5, -1.0)) == -1.0
    assert metrics.cagr(returns()) is None


def test_sharpe_is_mean_over_deviation_times_the_root_of_252():
    """0.01, 0.03: mean 0.02, sample deviation 0.0141421."""
    assert metrics.sharpe(returns(0.01, 0.03)) == pytest.approx(0.02 / math.sqrt(0.0002) * math.sqrt(252))
    assert metrics.sharpe(returns(0.01, 0.01)) is None


def test_sortino_counts_losses_only_but_over_all_sessions():
    """0.03, -0.01: mean 0.01, downside sqrt(0.0001 / 2). Without a loss there is none."""
    assert metrics.sortino(returns(0.03, -0.01)) == pytest.approx(0.01 / math.sqrt(0.00005) * math.sqrt(252))
    assert metrics.sortino(returns(0.03, 0.01)) is None
    assert metrics.sortino(returns()) is None


def test_a_drawdown_is_measured_from_the_highest_value_and_from_the_start():
    """1.1, 0.88, 0.968, 0.7744: 20 % and then 29.6 % below 1.1. A first day's loss counts too."""
    assert list(metrics.drawdowns(returns(0.1, -0.2, 0.1, -0.2))) == pytest.approx([0, -0.2, -0.12, -0.296])
    assert metrics.max_drawdown(returns(0.1, -0.2, 0.1, -0.2)) == pytest.approx(-0.296)
    assert metrics.max_drawdown(returns(-0.1, 0.05)) == pytest.approx(-0.1)
    assert metrics.max_drawdown(returns(0.1, 0.05)) == 0
    assert metrics.max_drawdown(returns()) is None


def test_a_hit_is_a_week_that_gained():
    """Thursday and Friday lose together, Monday and Tuesday gain; a week in cash is neither."""
    assert list(metrics.weekly(returns(0.1, -0.2, 0.1, 0.1))) == pytest.approx([-0.12, 0.21])
    assert metrics.hit_rate(returns(0.1, -0.2, 0.1, 0.1)) == 0.5
    assert metrics.hit_rate(returns(0.0, 0.0, 0.1, 0.1)) == 1.0
    assert metrics.hit_rate(returns(0.0)) is None


def test_turnover_and_cost_drag_are_of_a_year():
    """Half the account traded on one of four days; costs of 1 % on two sessions."""
    assert metrics.turnover(returns(0.5, 0, 0, 0)) == pytest.approx(31.5)
    assert metrics.cost_drag(returns(0.09, 0.09), returns(0.01, 0.01)) == pytest.approx(
        1.21**126 - 1.1881**126
    )


def test_a_quantile_returns_the_mean_of_its_sessions():
    """Bucket 0 made 1 % and 3 % (the mean of 2 % and 4 %); nobody was in bucket 2."""
    rows = scored(d1=[(1, 0.01), (2, 0.05)], d2=[(1, 0.02), (1, 0.04), (2, math.nan)])
    buckets = pd.Series([0, 1, 0, 0, 1], rows.index)
    assert metrics.quantile_returns(rows, buckets, 3) == [pytest.approx(0.02), pytest.approx(0.05), None]
