"""
Run in the runner's environment: the walk forward beside Qlib's RollingGen and TrainerR on the same segments.

Arguments: the store, the model's folder, the number of parts, which must divide the test segment.
"""

import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path

import pandas as pd
from qlib.model.trainer import TrainerR
from qlib.workflow import R
from qlib.workflow.task.gen import RollingGen, task_generator

from qlib_runner import workflow
from qlib_runner.dataset import sessions_of
from qlib_runner.segments import Segments, roll
from qlib_runner.walk_forward import walk_forward

store, trained, count = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
fields = workflow.parse((trained / "workflow.yaml").read_text())
# Few trees, since it is not about how good they are.
fields["task"]["model"]["kwargs"]["num_boost_round"] = 20
described = json.loads((trained / "model.json").read_text())
sessions = sessions_of(store)
parts = roll(sessions, Segments.of_variables(described["segments"]), count)
workflow.open_store(store, 1)
scored, boosters = walk_forward(fields, parts, 1)

task = fields["task"]
# RollingGen compares days with Qlib's calendar and takes them as text.
settings = task["dataset"]["kwargs"]
settings["segments"] = {name: list(map(str, days)) for name, days in settings["segments"].items()}
kwargs = settings["handler"]["kwargs"]
kwargs |= {name: str(value) for name, value in kwargs.items() if name.endswith("_time")}
task["record"] = task["record"][:1]
first, last = parts[0].test
step = sessions.index(last) - sessions.index(first) + 1
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    tasks = task_generator(task, RollingGen(step=step, rtype=RollingGen.ROLL_SD))
    said = contextlib.redirect_stdout(io.StringIO())
    with said, R.uri_context(f"file:{folder}/mlruns"):
        recorders = TrainerR(experiment_name="rolling")(tasks)
        theirs = pd.concat([recorder.load_object("pred.pkl") for recorder in recorders])["score"]
    os.chdir("/")
print(
    json.dumps(
        {
            "parts": [[str(day) for day in part.test] for part in parts],
            "same_segments": [
                {
                    name: tuple(pd.Timestamp(day).date() for day in days)
                    for name, days in one["dataset"]["kwargs"]["segments"].items()
                }
                for one in tasks
            ]
            == [vars(part) for part in parts],
            "rows": len(scored),
            "same_index": scored.index.equals(theirs.index),
            "same_scores": bool((scored["score"].to_numpy() == theirs.to_numpy()).all()),
            "distinct_models": len({booster.model_to_string() for booster in boosters}),
        }
    )
)
