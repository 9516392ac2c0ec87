"""The calibration: what a score was worth, recomputed here by counting."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from qlib_runner.calibration import buckets_of, calibrate
from qlib_runner.manifest import Refused


def scored(sessions: list[list[tuple[float, float]]]) -> pd.DataFrame:
    """Return a frame of (score, label) pairs, one list per session."""
    index = [
        (pd.Timestamp("2024-01-01") + pd.Timedelta(days=day), f"S{number:02d}")
        for day, rows in enumerate(sessions)
        for number in range(len(rows))
    ]
    rows = [row for session in sessions for row in session]
    names = ["datetime", "instrument"]
    return pd.DataFrame(rows, pd.MultiIndex.from_tuples(index, names=names), ["score", "label"], float)


def test_ten_scores_fill_ten_buckets_from_the_lowest_to_the_highest():
    """Also when they come in another order."""
    assert list(buckets_of(pd.Series([0.3, 0.1, 0.2, 0.9, 0.8, 0.7, 0.4, 0.5, 0.6, 1.0]))) == [
        2, 0, 1, 8, 7, 6, 3, 4, 5, 9,
    ]  # fmt: skip


def test_equal_scores_share_the_bucket_of_their_mean_rank():
    """Twenty scores, the two in the middle equal: ranks 10 and 11 are both 10.5, exactly on the edge of 5."""
    scores = pd.Series([*range(9), 9.5, 9.5, *range(11, 20)], dtype=float)
    found = buckets_of(scores)
    assert found[9] == found[10] == 5
    assert list(buckets_of(pd.Series([7.0] * 4))) == [5, 5, 5, 5]


def test_a_small_session_leaves_buckets_out():
    """Three scores stand in the middle of their thirds; one alone is in the middle of all."""
    assert list(buckets_of(pd.Series([1.0, 2.0, 3.0]))) == [1, 5, 8]
    assert list(buckets_of(pd.Series([1.0]))) == [5]


def test_a_bucket_counts_gains_and_means_the_returns_over_all_sessions():
    """Counted again row by row with fractions, over sessions of 7 to 31 companies with ties and gaps."""
    random = np.random.default_rng(3)
    sessions = [
        [
            (float(random.integers(0, 12)), math.nan if random.random() < 0.1 else float(value))
            for value in random.normal(0, 0.02, random.integers(7, 32))
        ]
        for _ in range(40)
    ]
    wanted: dict[int, list[float]] = {bucket: [] for bucket in range(10)}
    for session in sessions:
        known = [row for row in session if not math.isnan(row[1])]
        for score, label in known:
            below = sum(other < score for other, _ in known)
            equal = sum(other == score for other, _ in known)
            wanted[int(Fraction(2 * below + equal, 2 * len(known)) * 10)].append(label)
    found = calibrate(scored(sessions))
    assert min(len(labels) for labels in wanted.values()) > 5
    for bucket, labels in wanted.items():
        assert found[bucket]["row_count"] == len(labels)
        gains = sum(label > 0 for label in labels)
        assert found[bucket]["positive_ratio"] == pytest.approx(gains / len(labels), abs=1e-12)
        assert found[bucket]["label_mean"] == pytest.approx(sum(labels) / len(labels), abs=1e-12)


def test_a_return_of_zero_is_no_gain():
    """Two companies: one lost nothing and won nothing."""
    found = calibrate(scored([[(1.0, 0.0), (2.0, 0.01)]]))
    assert found[2]["positive_ratio"] == 0.0 and found[7]["positive_ratio"] == 1.0


def test_a_bucket_nobody_was_in_says_what_the_whole_segment_says():
    """With two companies in every session only two buckets are filled."""
    found = calibrate(scored([[(1.0, -0.02), (2.0, 0.04)], [(1.0, 0.01), (2.0, 0.03)]]))
    assert [one["row_count"] for one in found] == [0, 0, 2, 0, 0, 0, 0, 2, 0, 0]
    for bucket in (0, 1, 3, 9):
        assert found[bucket]["positive_ratio"] == 0.75
        assert found[bucket]["label_mean"] == pytest.approx(0.015)


def test_a_segment_without_labels_is_refused():
    """There is nothing to count, and a guess would look like a probability."""
    with pytest.raises(Refused, match="nothing says what a score is worth"):
        calibrate(scored([[(1.0, math.nan)]]))
