"""
The walk forward: a new model for each part of the test segment, none of which has seen its own part.

Each part has its own train and valid segment, as long and as far apart as the trained model's, so that no
label reaches over a gap. The features are computed once and stay in memory, and as many parts are trained at
a time as there are threads, with one thread each: the trees are the same, and two trainings share two
processors better than two threads share a training. What comes out is what Qlib's RollingGen with as long a
step predicts, which computes the features for each part again.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import lightgbm
import pandas as pd
from qlib.data.dataset import DatasetH

from qlib_runner import workflow
from qlib_runner.segments import Segments
from qlib_runner.train import fit, score_segment


def walk_forward(
    fields: dict[str, Any], parts: list[Segments], threads: int
) -> tuple[pd.DataFrame, list[lightgbm.Booster]]:
    """Return score and label of all parts' test segments by (datetime, instrument), and each part's model."""
    handler = workflow.make_handler(fields)
    model = fields["task"]["model"]
    alone = {"task": {"model": {**model, "kwargs": {**model["kwargs"], "num_threads": 1}}}}

    def walk(segments: Segments) -> tuple[pd.DataFrame, lightgbm.Booster]:
        dataset = DatasetH(handler=handler, segments=asdict(segments))
        booster, _ = fit(alone, dataset)
        return score_segment(booster, dataset, "test", 1), booster

    with ThreadPoolExecutor(max_workers=threads) as pool:
        scored, boosters = zip(*pool.map(walk, parts), strict=True)
    return pd.concat(scored), list(boosters)
