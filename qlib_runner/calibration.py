"""
What a score was worth: the returns that followed scores of the same standing, on the validation segment.

A score only orders the companies of one session, so it is compared within its session: ten buckets by rank,
bucket 0 the lowest scores. Equal scores have one mean rank and so one bucket. In a session of fewer than
ten companies some buckets stay without any; a bucket no session fills says what the whole segment says.
"""

from typing import Any

import numpy as np
import pandas as pd

from qlib_runner.manifest import Refused

BUCKET_COUNT = 10


def buckets_of(scores: pd.Series) -> np.ndarray:
    """
    Return each score's bucket, 0 to 9, among the scores of one session.

    A score of rank r (from 1, the mean rank for equal ones) among n is in bucket floor(10 (r - 1/2) / n).
    """
    # Mean ranks are halves, so twice a rank is a whole number and no rounding moves a score.
    twice_rank = (2 * scores.rank(method="average")).to_numpy().astype(int)
    return (twice_rank - 1) * BUCKET_COUNT // (2 * len(scores))


def buckets_by_session(scored: pd.DataFrame) -> pd.Series:
    """Return the bucket of each row of (datetime, instrument), among the scores of its session."""
    return scored.groupby(level="datetime")["score"].transform(buckets_of)


def calibrate(scored: pd.DataFrame) -> list[dict[str, Any]]:
    """
    Return for each bucket row_count, positive_ratio (labels above 0) and label_mean, a fraction.

    scored has the columns score and label by (datetime, instrument); rows without a label are left out
    before the ranks are taken. Raises Refused when none is left.
    """
    known = scored.dropna()
    if known.empty:
        raise Refused("no row of the valid segment has a label, so nothing says what a score is worth")
    buckets = buckets_by_session(known)
    return [_described(rows, known) for rows in (known[buckets == bucket] for bucket in range(BUCKET_COUNT))]


def _described(rows: pd.DataFrame, everything: pd.DataFrame) -> dict[str, Any]:
    label = (everything if rows.empty else rows)["label"]
    return {
        "row_count": len(rows),
        "positive_ratio": float((label > 0).mean()),
        "label_mean": float(label.mean()),
    }
