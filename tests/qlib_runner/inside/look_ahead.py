"""
Run in the runner's environment: what a model's features and scores were, with and without the future.

Arguments: the store that ends on a day, the store that goes on, the model's folder, a ranking of that day.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from qlib_runner import workflow
from qlib_runner.dataset import sessions_of
from qlib_runner.score import load_model

ended, going_on, trained, ranking = map(Path, sys.argv[1:])
fields = workflow.parse((trained / "workflow.yaml").read_text())
described = json.loads((trained / "model.json").read_text())
last = sessions_of(ended)[-1]
frames = []
for store in (ended, going_on):
    workflow.open_store(store, 1)
    handler = workflow.make_handler(fields, start_time=sessions_of(ended)[0], end_time=last)
    frames.append(handler.fetch(col_set="feature", data_key="infer"))
before, after = frames
booster = load_model(trained / "model.txt", described["model_sha256"])
scores = [pd.Series(booster.predict(frame.to_numpy()), frame.index) for frame in frames]
stored = pd.read_csv(ranking, float_precision="round_trip").set_index("internal_symbol")["score"]
everything = scores[1].xs(pd.Timestamp(last), level="datetime").reindex(stored.index)
print(
    json.dumps(
        {
            "rows": len(before),
            "features": before.shape[1],
            "same_index": before.index.equals(after.index),
            "same_features": np.array_equal(before.to_numpy(), after.to_numpy(), equal_nan=True),
            "same_scores": scores[0].equals(scores[1]),
            "distinct_scores": int(scores[0].nunique()),
            "newest_equals_everything": bool((everything == stored).all()),
        }
    )
)
