"""
The registry of models: what was trained, in which state it is, and what it said about a run.

A model is known by the SHA-256 of its trees. Its files stay under the data folder, its row and its
scores in Postgres, and none of them ever changes.
"""

import hashlib
import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg.types.json import Jsonb

from trading_ops.db.connect import queries
from trading_ops.models.changelog import write_changelog
from trading_ops.runs.run import Run, load_run
from trading_ops.settings import Settings, settings

_SEGMENT_EDGES = ("train_start", "train_end", "valid_start", "valid_end", "test_start", "test_end")
_SCORE_COLUMNS = {
    "rank", "internal_symbol", "score", "as_of_date", "ts", "horizon_sessions", "side", "prob", "ev",
    "model_version", "config_hash",
}  # fmt: skip


# What the model a plan trades on says, and what the one says that it only watches.
TRADED, WATCHED = "qlib", "qlib_shadow"


class ModelError(Exception):
    """A model or its scores the desk does not take; the message says why."""


@dataclass(frozen=True)
class RegisteredModel:
    """
    A registered model, the state it is in now, its files, and the method its scores of a run stand under.
    """

    model_version: str
    method: str
    state: str
    as_of_date: date
    folder: Path


def model_folder(model_version: str, config: Settings | None = None) -> Path:
    """Return the folder that keeps a model's training result, manifest included."""
    return (config or settings()).data / "qlib/models" / model_version


def ranking_name(method: str | None, model_version: str | None) -> str:
    """Return what a ranking is called: its method and, where a model ranked, how its version starts."""
    return f"{method} {(model_version or '')[:12]}".rstrip()


def register_model(
    connection: psycopg.Connection,
    run_id: str,
    train_result: Path,
    backtest_result: Path,
    rehearsal: Mapping[str, float | int | None] | None = None,
    config: Settings | None = None,
) -> str:
    """
    Register the model a training run made, as CANDIDATE, and return its version (as desk_planner).

    Keeps a copy of the training result; the figures of a rehearsal stand beside those of the backtest. The
    same trees are the same model: registering them again, by this run or another, changes nothing. Raises
    ModelError for a run of another kind, results of another run or day, a model.txt that is not the one
    model.json names, and a run that made another model before.
    """
    run = load_run(connection, run_id)
    if run.kind != "training":
        raise ModelError(f"run {run_id} is a {run.kind} run; only a training run makes a model")
    for folder in (train_result, backtest_result):
        made_by = _read_json(folder / "manifest.json").get("run_id")
        if made_by != run_id:
            raise ModelError(f"{folder} is a result of run {made_by}, not of {run_id}")
    row = _registry_row(run, train_result, backtest_result, rehearsal or {})
    version = row["model_version"]
    earlier = queries.models.version_of_training(connection, run_id=run_id)
    if earlier not in (None, version):
        raise ModelError(f"run {run_id} made the model {earlier} before, not {version}")
    # First the files: a row without them would name a model nobody can score with.
    _keep(train_result, model_folder(version, config))
    with connection.transaction():
        if queries.models.register_model(connection, [row]):
            queries.models.record_model_state(
                connection,
                model_version=version,
                state="CANDIDATE",
                person="desk",
                reason=f"trained by run {run_id}",
                evidence=Jsonb({}),
            )
    write_changelog(connection, config or settings())
    return version


def model_of_run(
    connection: psycopg.Connection, run: Run, config: Settings | None = None, method: str = TRADED
) -> RegisteredModel | None:
    """Return the model a run was frozen with for a method, in the state it is in now; None without one."""
    version = _version_of(run, method)
    if version is None:
        return None
    row = queries.models.model_by_version(connection, model_version=version)
    folder = model_folder(version, config)
    return RegisteredModel(version, method, row["state"], row["as_of_date"], folder)


def store_scores(connection: psycopg.Connection, run_id: str, parquet: Path, model: RegisteredModel) -> int:
    """
    Store what a model says about a run's symbols and return how many (as desk_planner, one transaction).

    Storing the same scores again changes nothing. Raises ModelError for a file of other columns, of another
    day or model, with a symbol twice or one the run may not buy, with a value that is no finite number, with
    ranks that do not follow the scores, for other scores than those the run has, and for a watched model that
    was retired before it had any.
    """
    run = load_run(connection, run_id)
    frozen = _version_of(run, model.method)
    if frozen != model.model_version:
        raise ModelError(f"run {run_id} was frozen with the model {frozen}")
    allowed = {row["internal_symbol"] for row in queries.models.tradable_symbols(connection, run_id=run_id)}
    scores = _read_scores(parquet, run, frozen, allowed)
    with connection.transaction():
        queries.plan.lock_plan(connection, run_id=run_id)
        stored = list(queries.models.model_scores(connection, run_id=run_id, method=model.method))
        # Of the model that is traded on the gate says so, for everybody to read.
        if not stored and model.method == WATCHED and model.state == "RETIRED":
            raise ModelError(
                f"model {frozen[:12]} was retired after run {run_id} was frozen; it is watched no longer"
            )
        if not stored:
            key = {"run_id": run_id, "method": model.method}
            queries.models.insert_model_scores(connection, [key | row for row in scores])
        elif stored != scores:
            raise ModelError(f"run {run_id} has other scores of this model already")
    return len(scores)


def _registry_row(
    run: Run, train_result: Path, backtest_result: Path, rehearsal: Mapping[str, float | int | None]
) -> dict[str, Any]:
    described = _read_json(train_result / "model.json")
    version = hashlib.sha256((train_result / "model.txt").read_bytes()).hexdigest()
    try:
        if described["model_sha256"] != version:
            raise ModelError(f"{train_result}/model.txt is not the model its model.json names")
        if described["as_of_date"] != run.as_of_date.isoformat():
            raise ModelError(f"the model is of {described['as_of_date']}, its run of {run.as_of_date}")
        workflow = yaml.safe_load((train_result / "workflow.yaml").read_text())
        return {
            "model_version": version,
            "run_id": run.run_id,
            "as_of_date": run.as_of_date,
            **{f"{edge}_date": described["segments"][edge.upper()] for edge in _SEGMENT_EDGES},
            "label": described["label"],
            "horizon_sessions": described["horizon_sessions"],
            "features": Jsonb(described["features"]),
            "params": Jsonb(workflow["task"]["model"]["kwargs"]),
            "seed": described["seed"],
            "versions": Jsonb(described["versions"]),
            "git_commit": run.git_commit,
            "image_digest": run.image_digest,
            "dataset_sha256": described["dataset_sha256"],
            "workflow_sha256": described["workflow_sha256"],
            "metrics": Jsonb(_read_json(train_result / "metrics.json")),
            "backtest_metrics": Jsonb(_read_json(backtest_result / "metrics.json") | rehearsal),
        }
    except (KeyError, TypeError) as missing:
        raise ModelError(f"{train_result} does not describe its model: {missing!r}") from None


def _version_of(run: Run, method: str) -> str | None:
    return {TRADED: run.model_version, WATCHED: run.shadow_model_version}[method]


def _read_scores(parquet: Path, run: Run, model_version: str, allowed: set[str]) -> list[dict[str, Any]]:
    # Imported here: a third of what every other verb would wait for.
    import pyarrow.parquet as pq

    table = pq.read_table(parquet)
    if set(table.column_names) != _SCORE_COLUMNS:
        raise ModelError(f"{parquet} has the columns {', '.join(table.column_names)}")
    scores = []
    for row in table.to_pylist():
        symbol = row["internal_symbol"]
        if row.pop("as_of_date") != run.as_of_date:
            raise ModelError(f"{parquet}: the scores are not of {run.as_of_date}")
        if row["model_version"] != model_version:
            raise ModelError(f"{parquet}: the scores are of the model {row['model_version']}")
        if symbol not in allowed:
            raise ModelError(f"{parquet}: foreign symbol {symbol}, which the run may not buy")
        for name in ("score", "prob", "ev"):
            if row[name] is None or not math.isfinite(row[name]):
                raise ModelError(f"{parquet}: {name} of {symbol} is no finite number")
            # By way of the shortest text, so that the stored decimal is the float it was.
            row[name] = Decimal(str(row[name]))
        scores.append({"internal_symbol": symbol, "signal_rank": row.pop("rank")} | row)
    symbols = [row["internal_symbol"] for row in scores]
    if len(set(symbols)) < len(symbols):
        raise ModelError(f"{parquet} scores a symbol twice")
    by_score = sorted(scores, key=lambda row: (-row["score"], row["internal_symbol"]))
    if [row["signal_rank"] for row in by_score] != list(range(1, len(scores) + 1)):
        raise ModelError(f"{parquet}: the ranks do not follow the scores")
    return by_score


def _keep(result: Path, folder: Path) -> None:
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, since only a rename within one file system is atomic.
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        shutil.copytree(result, partial, dirs_exist_ok=True)
        # A container reads it under another user id.
        partial.chmod(0o755)
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from None
