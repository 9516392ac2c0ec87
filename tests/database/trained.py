"""
Models for database tests: results of a training as the runner writes them, and scores of a run.

The trees are any bytes; what the desk holds a model to is their SHA-256.
"""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.database.rows import AS_OF_DATE, add_run
from trading_ops.db.connect import connect
from trading_ops.models.registry import register_model
from trading_ops.settings import Settings

SEGMENTS = {
    "TRAIN_START": "2016-01-04",
    "TRAIN_END": "2023-12-29",
    "VALID_START": "2024-01-17",
    "VALID_END": "2025-01-16",
    "TEST_START": "2025-02-04",
    "TEST_END": "2026-06-12",
}
WORKFLOW = """
qlib_init: {provider_uri: "{{ PROVIDER_URI }}", region: us}
task: {model: {class: LGBModel, kwargs: {num_leaves: 64, learning_rate: 0.05, deterministic: true}}}
"""
CLOSE_AT = datetime(2026, 6, 12, 20, 0, tzinfo=UTC)


def write_training(folder: Path, run_id: str, trees: str = "tree 1", **described) -> tuple[Path, Path]:
    """Write the results of `train` and `backtest`; `described` overrides fields of model.json."""
    train, backtest = folder / "train", folder / "backtest"
    train.mkdir(parents=True)
    backtest.mkdir()
    model = {
        "model_sha256": hashlib.sha256(trees.encode()).hexdigest(),
        "as_of_date": AS_OF_DATE.isoformat(),
        "dataset_sha256": "a" * 64,
        "workflow_sha256": "b" * 64,
        "label": "Ref($close, -6) / Ref($close, -1) - 1",
        "label_reach_sessions": 6,
        "horizon_sessions": 5,
        "features": ["KMID", "KLEN"],
        "segments": SEGMENTS,
        "seed": 7,
        "tree_count": 12,
        "versions": {"lightgbm": "4.6.0"},
        **described,
    }
    (train / "model.txt").write_text(trees)
    (train / "model.json").write_text(json.dumps(model))
    (train / "metrics.json").write_text(json.dumps({"test": {"rank_ic": 0.03}}))
    (train / "workflow.yaml").write_text(WORKFLOW)
    (backtest / "metrics.json").write_text(json.dumps({"sharpe": 0.8, "max_drawdown": -0.12}))
    for result in (train, backtest):
        (result / "manifest.json").write_text(json.dumps({"run_id": run_id}))
    return train, backtest


def add_model(desk: Settings, trees: str = "tree 1", attempt: int = 1, **run) -> str:
    """Register the model of a training run; return its version."""
    run_id = add_run(desk, kind="training", attempt=attempt, **run)
    results = write_training(desk.data / "runs" / run_id / "qlib", run_id, trees)
    with connect("desk_planner", desk) as connection:
        return register_model(connection, run_id, *results, config=desk)


def set_state(desk: Settings, model_version: str, *states: str, evidence: str = '{"weeks": 4}') -> None:
    """Take a model through states as the planner, each in its own transaction."""
    for state in states:
        with connect("desk_planner", desk) as connection:
            connection.execute(
                "select desk.record_model_state(%s, %s, 'operator', 'because', %s)",
                (model_version, state, evidence),
            )


def write_scores(
    path: Path, version: str, scores: dict[str, float] | None = None, as_of_date: date = AS_OF_DATE, **columns
) -> Path:
    """Write signals_ranked.parquet, best first; `columns` overrides whole columns."""
    scores = {"ALDR": 0.03, "BRCH": 0.01, "CEDR": -0.02} if scores is None else scores
    count = len(scores)
    table = {
        "rank": pa.array(range(1, count + 1), pa.int32()),
        "internal_symbol": pa.array(list(scores), pa.string()),
        "score": pa.array(list(scores.values()), pa.float64()),
        "as_of_date": pa.array([as_of_date] * count, pa.date32()),
        "ts": pa.array([CLOSE_AT] * count, pa.timestamp("us", "UTC")),
        "horizon_sessions": pa.array([5] * count, pa.int32()),
        "side": pa.array(["LONG" if value > 0 else "FLAT" for value in scores.values()]),
        "prob": pa.array([0.55] * count, pa.float64()),
        "ev": pa.array([value / 10 for value in scores.values()], pa.float64()),
        "model_version": pa.array([version] * count, pa.string()),
        "config_hash": pa.array(["b" * 64] * count, pa.string()),
        **columns,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(table), path)
    return path
