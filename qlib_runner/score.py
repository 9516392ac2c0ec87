"""
The model's ranking of one session, from no more history than its features need.

`score` takes two inputs, dataset/manifest.json and train/manifest.json, each beside the whole result it
belongs to, and as config the method, which is lightgbm, the symbols to rank, ts (when the as_of session
closed, as ISO text with its offset from UTC) and, if wanted, threads. Each symbol gets a finite score or
nothing is ranked at all: a ranking that silently lacks a company looks like a verdict on it. The result
holds signals_ranked.csv (rank, internal_symbol, score) and signals_ranked.parquet with the same rows and
what they mean:

    rank                 int32    1 is the best
    internal_symbol      string
    score                float64  only its order within the session means something
    as_of_date           date32
    ts                   timestamp[us, UTC]
    horizon_sessions     int32    how long the return spans that the score is about
    side                 string   LONG where ev is above 0, else FLAT
    prob                 float64  of the scores that stood in this tenth of their session on the validation
                                  segment, the share that was followed by a gain (calibration.py)
    ev                   float64  the mean return that followed them, a fraction
    model_version        string   SHA-256 of the model
    config_hash          string   SHA-256 of the workflow
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from qlib_runner import kernel, workflow
from qlib_runner.calibration import buckets_of
from qlib_runner.dataset import DATASET, sessions_of, store_of
from qlib_runner.manifest import Manifest, Refused
from qlib_runner.store import read_fields

MODEL = "train/manifest.json"


@dataclass(frozen=True)
class ScoreConfig:
    """Which symbols are ranked, when their session closed, and by how many threads."""

    symbols: list[str]
    ts: datetime
    threads: int


def run(manifest: Manifest, folder: Path) -> None:
    """Rank a manifest's symbols on its as_of_date; raises Refused for what cannot be trusted."""
    manifest.require_inputs(DATASET, MODEL)
    config = parse_config(manifest.config, manifest.as_of_date)
    store = store_of(manifest)
    sessions = sessions_of(store)
    if sessions[-1] != manifest.as_of_date:
        raise Refused(f"the dataset's calendar ends on {sessions[-1]}, not on as_of_date")
    trained, _ = manifest.result("train")
    described = json.loads((trained / "model.json").read_bytes())
    if described["as_of_date"] > manifest.as_of_date.isoformat():
        raise Refused(f"the model is of {described['as_of_date']}: it knows what came after as_of_date")
    foreign = sorted(set(config.symbols) - members(store, manifest.as_of_date.isoformat()))
    if foreign:
        raise Refused(f"foreign symbol {foreign[0]}: no member of the dataset on {manifest.as_of_date}")
    newest = len(sessions) - 1
    silent = [symbol for symbol in config.symbols if not has_bar(store, symbol, newest)]
    if silent:
        raise Refused(f"missing symbol {min(silent)}: it has no bar on as_of_date")
    fields = workflow.parse((trained / "workflow.yaml").read_text())
    workflow.require_no_fitted_features(fields)
    if workflow.handler_of(fields)["class"] == "Alpha158Fast":
        rows = newest_alpha158(store, config.symbols, newest)
    else:
        workflow.open_store(store, config.threads)
        rows = newest_features(fields, config.symbols, manifest.as_of_date.isoformat())
    if list(rows.columns) != described["features"]:
        raise Refused("the dataset's features are not those the model was trained on")
    booster = load_model(trained / "model.txt", described["model_sha256"])
    scores = pd.Series(booster.predict(rows.to_numpy(), num_threads=config.threads), rows.index)
    ranking = rank(scores, config.symbols)
    (folder / "signals_ranked.csv").write_bytes(render(ranking))
    table = signals(ranking, manifest.as_of_date, config.ts, described)
    pq.write_table(table, folder / "signals_ranked.parquet")


def has_bar(store: Path, symbol: str, position: int) -> bool:
    """Say whether a symbol has a bar at a position of the store's calendar."""
    _, bars = read_fields(store, symbol, ("close",), position, position)
    return bars.size == 1 and bool(np.isfinite(bars[0, 0]))


def newest_alpha158(store: Path, symbols: list[str], newest: int) -> pd.DataFrame:
    """
    Return the 158 features of symbols that have a bar at the newest position of the calendar.

    Bit for bit what Alpha158Fast gives, from no more bars than they reach back, and without Qlib.
    """
    rows = np.empty((len(symbols), len(kernel.FEATURES)), np.float32)
    for row, symbol in enumerate(symbols):
        first = max(0, newest - kernel.LOOKBACK_SESSIONS)
        _, bars = read_fields(store, symbol, kernel.FIELDS, first, newest)
        places = np.full(bars.shape[1], -1)
        places[-1] = row
        kernel.fill(bars, places, rows)
    return pd.DataFrame(rows, pd.Index(symbols), pd.Index(kernel.FEATURES), copy=False)


def newest_features(fields: dict[str, Any], symbols: list[str], day: str) -> pd.DataFrame:
    """
    Return what a workflow's handler gives for the symbols on one day.

    Qlib itself reaches back as far as each feature needs.
    """
    handler = workflow.make_handler(fields, instruments=symbols, start_time=day, end_time=day)
    return handler.fetch(col_set="feature", data_key="infer").droplevel("datetime")


def rank(scores: pd.Series, symbols: list[str]) -> list[tuple[str, float]]:
    """
    Return (symbol, score) from the best to the worst, ties in the order of the symbols.

    Raises Refused unless there is exactly one finite score for each symbol.
    """
    if scores.index.has_duplicates:
        raise Refused(f"duplicate symbol {scores.index[scores.index.duplicated()][0]} in the scores")
    if set(symbols) - set(scores.index):
        raise Refused(f"missing symbol {min(set(symbols) - set(scores.index))}: it has no bar on as_of_date")
    if set(scores.index) - set(symbols):
        raise Refused(f"foreign symbol {min(set(scores.index) - set(symbols))} in the scores")
    if not np.isfinite(scores.to_numpy()).all():
        raise Refused(f"the score of {scores.index[~np.isfinite(scores.to_numpy())][0]} is no number")
    return sorted(((name, float(value)) for name, value in scores.items()), key=lambda e: (-e[1], e[0]))


def members(store: Path, day: str) -> set[str]:
    """Return the symbols that are members of a store on a day."""
    lines = (store / "instruments/all.txt").read_text().splitlines()
    spans = (line.split("\t") for line in lines)
    return {symbol for symbol, first, last in spans if first <= day <= last}


def load_model(path: Path, model_sha256: str) -> lightgbm.Booster:
    """Return the model of a file; raises Refused unless it is the one of that hash."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != model_sha256:
        raise Refused("model.txt is not the model model.json describes")
    return lightgbm.Booster(model_str=content.decode())


def render(ranking: list[tuple[str, float]]) -> bytes:
    """Return the csv of a ranking, each score as the shortest text that reads back to the same number."""
    lines = ["rank,internal_symbol,score"]
    lines += [f"{place},{symbol},{score!r}" for place, (symbol, score) in enumerate(ranking, start=1)]
    return ("\n".join(lines) + "\n").encode()


def signals(
    ranking: list[tuple[str, float]], as_of_date: date, ts: datetime, described: dict[str, Any]
) -> pa.Table:
    """Return the ranking with what its scores mean, by the calibration in a model's description."""
    count = len(ranking)
    buckets = buckets_of(pd.Series([score for _, score in ranking]))
    worth = [described["calibration"][bucket] for bucket in buckets]
    return pa.table(
        {
            "rank": pa.array(range(1, count + 1), pa.int32()),
            "internal_symbol": pa.array([symbol for symbol, _ in ranking], pa.string()),
            "score": pa.array([score for _, score in ranking], pa.float64()),
            "as_of_date": pa.array([as_of_date] * count, pa.date32()),
            "ts": pa.array([ts] * count, pa.timestamp("us", tz="UTC")),
            "horizon_sessions": pa.array([described["horizon_sessions"]] * count, pa.int32()),
            "side": pa.array(["LONG" if one["label_mean"] > 0 else "FLAT" for one in worth]),
            "prob": pa.array([one["positive_ratio"] for one in worth], pa.float64()),
            "ev": pa.array([one["label_mean"] for one in worth], pa.float64()),
            "model_version": pa.array([described["model_sha256"]] * count, pa.string()),
            "config_hash": pa.array([described["workflow_sha256"]] * count, pa.string()),
        }
    )


def parse_config(fields: dict[str, Any], as_of_date: date) -> ScoreConfig:
    """Return the settings of a manifest; raises Refused for what is missing, unknown or impossible."""
    known = ("method", "symbols", "threads", "ts")
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise Refused(f"config {unknown[0]!r} is unknown; known are {', '.join(known)}")
    if fields.get("method") != "lightgbm":
        raise Refused(f"config method {fields.get('method')!r} is unknown; known is lightgbm")
    symbols, threads = fields.get("symbols"), fields.get("threads", 2)
    if not isinstance(symbols, list) or not symbols or not all(type(name) is str for name in symbols):
        raise Refused("config symbols must list the symbols to rank")
    if len(set(symbols)) != len(symbols):
        raise Refused("config symbols names a symbol twice")
    if type(threads) is not int or not 1 <= threads <= 64:
        raise Refused(f"config threads must be from 1 to 64, not {threads!r}")
    return ScoreConfig(symbols, _parse_ts(fields.get("ts"), as_of_date), threads)


def _parse_ts(text: Any, as_of_date: date) -> datetime:
    try:
        ts = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        ts = None
    # A close without its offset is six hours of doubt, and one of another day is of another session.
    if ts is None or ts.tzinfo is None or ts.astimezone(UTC).date() != as_of_date:
        raise Refused(f"config ts must be the close of {as_of_date} with its offset from UTC, not {text!r}")
    return ts.astimezone(UTC)
