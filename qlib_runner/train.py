"""
The training: one LightGBM model from one dataset, the same bytes every time.

`train` takes two inputs, dataset/manifest.json (a result of `dataset`, beside its manifest) and
workflow.yaml, and as config train_sessions, valid_sessions, test_sessions, embargo_sessions, threads and
benchmark, none of which must be given. The segments end with as_of_date. The result holds

    model.txt       the trees as LightGBM writes them; its SHA-256 is the model's hash
    model.json      that hash, features, label, segments, seed, versions, and the calibration: what the
                    scores of the valid segment were worth (calibration.py)
    metrics.json    IC and rank IC on the valid and the test segment
    workflow.yaml   the workflow as it was run, for qrun

The number of threads changes none of it but the line that names them.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightgbm
import pandas as pd
from qlib.data.dataset import DatasetH
from qlib.data.dataset.handler import DataHandlerLP
from qlib.utils import init_instance_by_config

from qlib_runner import metrics, workflow
from qlib_runner.calibration import calibrate
from qlib_runner.dataset import DATASET, sessions_of, store_of
from qlib_runner.manifest import Manifest, Refused
from qlib_runner.segments import Lengths, Segments, horizon_of, parse_lengths, reach_of, split

WORKFLOW = "workflow.yaml"
_SETTINGS = {"threads": 2, "benchmark": "SPY"}


def run(manifest: Manifest, folder: Path) -> None:
    """Train the model a manifest describes into `folder`; raises Refused for what cannot be trusted."""
    manifest.require_inputs(DATASET, WORKFLOW)
    settings, lengths = _parse_config(manifest.config)
    store = store_of(manifest)
    template = manifest.read(WORKFLOW).decode()
    sessions = sessions_of(store)
    # The label decides how far the segments must lie apart, and the segments are filled in beside it.
    variables = {
        "SEED": manifest.seed,
        "THREADS": settings["threads"],
        "BENCHMARK": settings["benchmark"],
        **workflow.OPEN_PROVIDER,
    }
    anything = split(sessions, Lengths(1, 1, 1, 0), 0).variables()
    label = workflow.label_of(workflow.parse(workflow.render(template, variables | anything)))
    reach = reach_of(label)
    segments = split(sessions, lengths, reach)
    text = workflow.render(template, variables | segments.variables())
    fields = workflow.parse(text)
    _check_workflow(fields, segments, manifest.seed)

    workflow.open_store(store, settings["threads"])
    dataset = workflow.make_dataset(fields)
    booster, best = fit(fields, dataset)
    model = canonical(booster)
    scored = {name: score_segment(booster, dataset, name, settings["threads"]) for name in ("valid", "test")}
    described = {
        "model_sha256": hashlib.sha256(model).hexdigest(),
        "as_of_date": manifest.as_of_date.isoformat(),
        "dataset_sha256": manifest.inputs[DATASET],
        "workflow_sha256": manifest.inputs[WORKFLOW],
        "label": label,
        "label_reach_sessions": reach,
        "horizon_sessions": horizon_of(label),
        "features": dataset.handler.get_cols("feature"),
        "segments": segments.variables(),
        "seed": manifest.seed,
        "tree_count": best,
        "calibration": calibrate(scored["valid"]),
        "versions": workflow.versions(),
    }
    (folder / "model.txt").write_bytes(model)
    (folder / "workflow.yaml").write_text(text)
    write_json(folder / "model.json", described)
    write_json(folder / "metrics.json", {name: measure(rows) for name, rows in scored.items()})


def fit(fields: dict[str, Any], dataset: DatasetH) -> tuple[lightgbm.Booster, int]:
    """
    Return the model and its number of trees, trained as LGBModel.fit does.

    Without LGBModel.fit's recorder, which writes into the current folder when no run was started.
    """
    model = init_instance_by_config(fields["task"]["model"])
    try:
        (train, _), (valid, _) = model._prepare_data(dataset)
    except ValueError as error:
        raise Refused(f"no rows to learn from: {error}") from None
    booster = lightgbm.train(
        model.params,
        train,
        num_boost_round=model.num_boost_round,
        valid_sets=[train, valid],
        valid_names=["train", "valid"],
        callbacks=[lightgbm.early_stopping(model.early_stopping_rounds, verbose=False)],
    )
    return booster, booster.best_iteration or booster.current_iteration()


def canonical(booster: lightgbm.Booster) -> bytes:
    """Return the model's text without its parameters, which name the threads; it can be loaded again."""
    trees, mark, _ = booster.model_to_string().partition("\nparameters:")
    if not mark:
        raise Refused("LightGBM wrote a model in a form this runner does not know")
    return trees.encode()


def score_segment(booster: lightgbm.Booster, dataset: DatasetH, segment: str, threads: int) -> pd.DataFrame:
    """Return score and label of a segment by (datetime, instrument), NaN where a label is not known yet."""
    rows = dataset.prepare(segment, col_set="feature", data_key=DataHandlerLP.DK_I)
    label = dataset.prepare(segment, col_set="label", data_key=DataHandlerLP.DK_R).iloc[:, 0]
    scores = booster.predict(rows.to_numpy(), num_threads=threads)
    return pd.DataFrame({"score": scores, "label": label.reindex(rows.index)}, rows.index)


def measure(scored: pd.DataFrame) -> dict[str, float | int | None]:
    """Return how well scores order the returns that followed, per session on average (metrics.py)."""
    known = scored.dropna()
    ic, rank_ic = metrics.daily_ic(known), metrics.daily_rank_ic(known)
    return {
        "row_count": len(known),
        "session_count": known.index.get_level_values("datetime").nunique(),
        "ic": metrics.mean(ic),
        "icir": metrics.information_ratio(ic),
        "rank_ic": metrics.mean(rank_ic),
        "rank_icir": metrics.information_ratio(rank_ic),
    }


def write_json(path: Path, fields: dict[str, Any]) -> None:
    """Write JSON of which equal fields make equal bytes; a number that is none is an error."""
    path.write_text(json.dumps(fields, indent=1, sort_keys=True, allow_nan=False) + "\n")


def _check_workflow(fields: dict[str, Any], segments: Segments, seed: int) -> None:
    """Raise Refused for a workflow that goes round the segments, or whose model is not one model."""
    params = fields["task"]["model"]["kwargs"]
    wanted = {"deterministic": True, "seed": seed}
    broken = [name for name, value in wanted.items() if params.get(name) != value]
    if not (params.get("force_col_wise") or params.get("force_row_wise")):
        broken.append("force_col_wise")
    if params.get("use_quantized_grad"):
        broken.append("use_quantized_grad")
    if broken:
        raise Refused(f"workflow.yaml: {broken[0]} would let two trainings differ")
    written = {
        name: tuple(str(day) for day in days)
        for name, days in fields["task"]["dataset"]["kwargs"]["segments"].items()
    }
    if written != {name: tuple(map(str, days)) for name, days in asdict(segments).items()}:
        raise Refused("workflow.yaml: its segments are not those of the training, so the gaps are not kept")


def _parse_config(fields: dict[str, Any]) -> tuple[dict[str, Any], Lengths]:
    known = {*_SETTINGS, *Lengths.__dataclass_fields__}
    unknown = sorted(set(fields) - known)
    if unknown:
        raise Refused(f"config {unknown[0]!r} is unknown; known are {', '.join(sorted(known))}")
    settings = _SETTINGS | {name: value for name, value in fields.items() if name in _SETTINGS}
    if type(settings["threads"]) is not int or not 1 <= settings["threads"] <= 64:
        raise Refused(f"config threads must be from 1 to 64, not {settings['threads']!r}")
    return settings, parse_lengths({k: v for k, v in fields.items() if k not in _SETTINGS})
