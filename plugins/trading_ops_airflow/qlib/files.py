"""
What a run puts before each command of the model's room, and where it finds the result.

Each command of the runner has a folder of its own under the run's:

    runs/<run_id>/qlib/<command>/in/manifest.json, and the inputs it names
                                 result/<command>/manifest.json, and what the command made
                                 stdout.log, stderr.log

What the watched model says of a plan is made in qlib/shadow/score, beside the traded one's qlib/score.
"""

import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from trading_ops.models.room import RoomError, verify_result, write_manifest

_THREADS = 2


def command_folder(run_id: str, place: str) -> Path:
    """
    Return the folder of one command of a run, with `in/` and `result/` in it; its last part is the command.
    """
    from trading_ops.settings import settings

    folder = settings().run_folder(run_id) / "qlib" / place
    (folder / "in").mkdir(parents=True, exist_ok=True)
    (folder / "result").mkdir(exist_ok=True)
    return folder


def write_dataset_inputs(run_id: str) -> Path:
    """Name the exported files of a run to the command that makes Qlib's store of them."""
    from trading_ops.models.export import BARS, CALENDAR, INSTRUMENTS

    folder = command_folder(run_id, "dataset")
    return write_manifest(folder, run_id, _as_of(run_id), [BARS, INSTRUMENTS, CALENDAR], {})


def write_train_inputs(run_id: str) -> Path:
    """Put the run's dataset and the desk's workflow before the training."""
    from trading_ops.settings import PROJECT_ROOT

    folder = command_folder(run_id, "train")
    workflow = PROJECT_ROOT / "config/qlib/workflow_us_lightgbm_alpha158.yaml"
    shutil.copyfile(workflow, folder / "in/workflow.yaml")
    names = [_link_result(run_id, "dataset", folder), "workflow.yaml"]
    return write_manifest(folder, run_id, _as_of(run_id), names, _against_benchmark(run_id))


def write_backtest_inputs(run_id: str) -> Path:
    """Put the run's dataset and its model before the backtest."""
    folder = command_folder(run_id, "backtest")
    names = [_link_result(run_id, "dataset", folder), _link_result(run_id, "train", folder)]
    return write_manifest(folder, run_id, _as_of(run_id), names, _against_benchmark(run_id))


def write_score_inputs(run_id: str) -> Path:
    """Put the run's dataset and the model it trades on before the ranking by that model."""
    from trading_ops.models.registry import TRADED

    return _write_score_inputs(run_id, "score", TRADED)


def write_shadow_inputs(run_id: str) -> Path:
    """Put the run's dataset and the model it watches before the ranking by that model."""
    from trading_ops.models.registry import WATCHED

    return _write_score_inputs(run_id, "shadow/score", WATCHED)


def verified_result(folder: Path, said: str = "") -> Path:
    """
    Return the folder of a command's result; raises AirflowFailException, with what the runner said, unless it
    counts.
    """
    try:
        return verify_result(folder)
    except RoomError as error:
        raise AirflowFailException(f"{error}\n{said}".rstrip()) from error


def _write_score_inputs(run_id: str, place: str, method: str) -> Path:
    from trading_ops.db.connect import queries
    from trading_ops.models.registry import model_of_run
    from trading_ops.runs.run import load_run
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_reader") as connection:
        run = load_run(connection, run_id)
        model = model_of_run(connection, run, method=method)
        if model is None:
            raise AirflowSkipException(f"the run was frozen without a model for {method}")
        symbols = [
            row["internal_symbol"] for row in queries.export.symbols_to_score(connection, run_id=run_id)
        ]
        closed_at = queries.export.session_close_at(connection, run_id=run_id)
    folder = command_folder(run_id, place)
    _link(model.folder, folder / "in/train")
    names = [_link_result(run_id, "dataset", folder), "train/manifest.json"]
    config = {"method": "lightgbm", "symbols": symbols, "ts": closed_at.isoformat(), "threads": _THREADS}
    return write_manifest(folder, run_id, run.as_of_date, names, config)


def _as_of(run_id: str) -> date:
    from trading_ops.runs.run import load_run
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        return load_run(connection, run_id).as_of_date


def _against_benchmark(run_id: str) -> dict[str, Any]:
    from trading_ops.db.connect import queries
    from trading_ops_airflow.connections import desk_connection

    with desk_connection("desk_planner") as connection:
        benchmark = queries.export.benchmark_symbol(connection, run_id=run_id)
    return {"threads": _THREADS} | ({"benchmark": benchmark} if benchmark else {})


def _link_result(run_id: str, command: str, folder: Path) -> str:
    """Show another command's result to this one as `in/<command>`; return the name of its manifest."""
    _link(command_folder(run_id, command) / "result" / command, folder / "in" / command)
    return f"{command}/manifest.json"


def _link(source: Path, place: Path) -> None:
    if not (source / "manifest.json").exists():
        raise AirflowFailException(f"{source} holds no result; run the step that makes it first")
    shutil.rmtree(place, ignore_errors=True)
    # Links, because a store is large; hard ones, because a container sees nothing outside its folder.
    shutil.copytree(source, place, copy_function=os.link)
