"""
The walk forward by Qlib's own parts: the features once, in a pickled handler, then RollingGen and TrainerR.

    python3 stock_walk_forward.py STORE WORKFLOW STEP OUT      STEP is a part's length in sessions

Run in an empty folder: the handler and the recorder's files stay there.
"""

import sys
from pathlib import Path

import pandas as pd
from qlib.model.trainer import TrainerR
from qlib.utils import init_instance_by_config
from qlib.workflow import R
from qlib.workflow.task.gen import RollingGen, task_generator

from qlib_runner import workflow

store, path, step, out = sys.argv[1:]
task = workflow.parse(Path(path).read_text())["task"]
workflow.open_store(Path(store), 2)
settings = task["dataset"]["kwargs"]
# RollingGen takes days as text.
settings["segments"] = {name: list(map(str, days)) for name, days in settings["segments"].items()}
handler = init_instance_by_config(settings["handler"])
handler.to_pickle("handler.pkl", dump_all=True)
settings["handler"] = f"file://{Path('handler.pkl').resolve()}"
del handler
task["record"] = task["record"][:1]
tasks = task_generator(task, RollingGen(step=int(step), rtype=RollingGen.ROLL_SD))
with R.uri_context(f"file:{Path('mlruns').resolve()}"):
    recorders = TrainerR(experiment_name="walk")(tasks)
    parts = [recorder.load_object("pred.pkl") for recorder in recorders]
pd.concat(parts)[["score"]].to_parquet(out)
