"""
The walk forward: a new model for each part of the test window, none of which has seen its own part.

Each part has its own train and valid window, as long and as far apart as the trained model's, so that no
label reaches over a gap. The features are computed once and stay in memory. What comes out is what Qlib's
RollingGen with as long a step predicts, which computes them for each part again.
"""

from dataclasses import asdict
from typing import Any

import lightgbm
import pandas as pd
from qlib.data.dataset import DatasetH

from qlib_runner import workflow
from qlib_runner.train import fit, score_window
from qlib_runner.windows import Windows


def walk_forward(
    fields: dict[str, Any], parts: list[Windows], threads: int
) -> tuple[pd.DataFrame, list[lightgbm.Booster]]:
    """Return score and label of all parts' test windows by (datetime, instrument), and each part's model."""
    handler = workflow.make_handler(fields)
    scored, boosters = [], []
    for windows in parts:
        dataset = DatasetH(handler=handler, segments=asdict(windows))
        booster, _ = fit(fields, dataset)
        scored.append(score_window(booster, dataset, "test", threads))
        boosters.append(booster)
    return pd.concat(scored), boosters
