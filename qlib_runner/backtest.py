"""
The backtest: what the model's ranking would have earned on the test segment, after costs.

`backtest` takes two inputs, dataset/manifest.json and train/manifest.json, each beside the whole result it
belongs to, and as config, none of which must be given:

    benchmark             a symbol of the dataset; without one, the mean of all that can be traded
    topk, n_drop          in place of the workflow's
    walk_forward_parts    0 scores the test segment by the trained model, N by N models, each trained up to
                          its own part of the segment (walk_forward.py)
    threads               2

Strategy and costs are the workflow's port_analysis_config, the engine is Qlib's. Train and valid segment
made the model, the test segment is only measured: nothing here is chosen by what comes out.
The result holds

    metrics.json          the figures of metrics.py, the benchmark's own, and what was run
    predictions.parquet   session_date, internal_symbol, score, label (null where not known yet)
    daily.parquet         session_date, return and benchmark_return, cost and turnover as shares of the
                          account, value of the account; return is net of cost
    plots/*.svg           equity, drawdown, ic_by_month, quantile_returns, feature_importance
    backtest_summary.md   the figures and where they come from, and
    report.html           the same with the plots, in one file
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightgbm
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from qlib.data.dataset import DatasetH

from qlib_runner import metrics, report, workflow
from qlib_runner.dataset import DATASET, sessions_of, store_of
from qlib_runner.manifest import Manifest, Refused
from qlib_runner.portfolio import benchmark_returns, plan_of, simulate
from qlib_runner.score import MODEL, load_model
from qlib_runner.segments import Segments, roll
from qlib_runner.store import has_bars
from qlib_runner.train import measure, score_segment, write_json
from qlib_runner.walk_forward import walk_forward


@dataclass(frozen=True)
class BacktestConfig:
    """The settings of a backtest; None is the workflow's own."""

    benchmark: str | None = None
    topk: int | None = None
    n_drop: int | None = None
    walk_forward_parts: int = 0
    threads: int = 2


def run(manifest: Manifest, folder: Path) -> None:
    """Backtest the model of a manifest into `folder`; raises Refused for what cannot be trusted."""
    manifest.require_inputs(DATASET, MODEL)
    config = parse_config(manifest.config)
    store = store_of(manifest)
    trained, _ = manifest.result("train")
    described = json.loads((trained / "model.json").read_bytes())
    if described["dataset_sha256"] != manifest.inputs[DATASET]:
        raise Refused("the model was trained on another dataset, so its test segment is not this one's")
    if config.benchmark and not has_bars(store, config.benchmark):
        raise Refused(f"benchmark {config.benchmark}: the dataset has no bar of it")
    fields = workflow.parse((trained / "workflow.yaml").read_text())
    plan = plan_of(fields, config.benchmark, config.topk, config.n_drop)
    segments = Segments.of_variables(described["segments"])
    workflow.open_store(store, config.threads)
    if config.walk_forward_parts:
        parts = roll(sessions_of(store), segments, config.walk_forward_parts)
        scored, boosters = walk_forward(fields, parts, config.threads)
    else:
        parts = [segments]
        boosters = [load_model(trained / "model.txt", described["model_sha256"])]
        scored = score_test(fields, boosters[0], segments, config.threads)
    not_traded = plan["strategy"]["kwargs"]["not_traded"]
    scored = scored[~scored.index.get_level_values("instrument").isin(not_traded)]
    # With more than one, Qlib's engine starts processes, which takes longer than reading a few prices.
    workflow.open_store(store, 1)
    benchmark = benchmark_returns(config.benchmark, not_traded, segments)
    daily = simulate(plan, scored["score"], benchmark)
    figures = {
        **figures_of(scored, daily),
        "benchmark_symbol": config.benchmark,
        "walk_forward_parts": config.walk_forward_parts,
        **{name: plan["strategy"]["kwargs"][name] for name in ("topk", "n_drop")},
    }
    write_json(folder / "metrics.json", figures)
    write_frames(folder, scored, daily)
    report.write(
        folder,
        report.Findings(
            manifest=manifest,
            described=described,
            plan=plan,
            parts=parts,
            figures=figures,
            scored=scored,
            daily=daily,
            importance=importance_of(boosters, described["features"]),
        ),
    )


def score_test(
    fields: dict[str, Any], booster: lightgbm.Booster, segments: Segments, threads: int
) -> pd.DataFrame:
    """Return score and label of the test segment by (datetime, instrument), loading only that segment."""
    workflow.require_no_fitted_features(fields)
    first, last = segments.test
    handler = workflow.make_handler(fields, start_time=first, end_time=last)
    dataset = DatasetH(handler=handler, segments=asdict(segments))
    return score_segment(booster, dataset, "test", threads)


def figures_of(scored: pd.DataFrame, daily: pd.DataFrame) -> dict[str, Any]:
    """Return every figure of the ranking, the portfolio and the benchmark."""
    benchmark = _earned(daily["benchmark_return"])
    return {
        **measure(scored),
        **_earned(daily["return"]),
        "turnover": metrics.turnover(daily["turnover"]),
        "cost_drag": metrics.cost_drag(daily["return"], daily["cost"]),
        "rebalance_count": int((daily["turnover"] > 0).sum()),
        "first_session": f"{daily.index[0]:%Y-%m-%d}",
        "last_session": f"{daily.index[-1]:%Y-%m-%d}",
        "benchmark": benchmark,
    }


def importance_of(boosters: list[lightgbm.Booster], features: list[str]) -> pd.Series:
    """Return each feature's share of the gain of all splits, the mean over the models, largest first."""
    gains = pd.DataFrame([booster.feature_importance("gain") for booster in boosters], columns=features)
    shares = gains.div(gains.sum(axis=1), axis=0).mean()
    # A model of one leaf has no split to share.
    return shares.fillna(0.0).sort_values(ascending=False, kind="stable")


def write_frames(folder: Path, scored: pd.DataFrame, daily: pd.DataFrame) -> None:
    """Write predictions.parquet and daily.parquet."""
    days = pa.array(scored.index.get_level_values("datetime").date, pa.date32())
    predictions = {
        "session_date": days,
        "internal_symbol": pa.array(scored.index.get_level_values("instrument"), pa.string()),
        "score": pa.array(scored["score"], pa.float64()),
        "label": pa.array(scored["label"], pa.float64(), from_pandas=True),
    }
    pq.write_table(pa.table(predictions), folder / "predictions.parquet")
    by_session = {name: pa.array(daily[name], pa.float64()) for name in daily.columns}
    table = {"session_date": pa.array(daily.index.date, pa.date32()), **by_session}
    pq.write_table(pa.table(table), folder / "daily.parquet")


def parse_config(fields: dict[str, Any]) -> BacktestConfig:
    """Return the settings of a manifest; raises Refused for an unknown or an impossible one."""
    known = BacktestConfig.__dataclass_fields__
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise Refused(f"config {unknown[0]!r} is unknown; known are {', '.join(known)}")
    config = BacktestConfig(**fields)
    if config.benchmark is not None and type(config.benchmark) is not str:
        raise Refused(f"config benchmark must be a symbol, not {config.benchmark!r}")
    for name, low, high in (
        ("topk", 1, 10_000),
        ("n_drop", 1, 10_000),
        ("walk_forward_parts", 0, 1000),
        ("threads", 1, 64),
    ):
        value = getattr(config, name)
        if (name not in ("topk", "n_drop") or value is not None) and (
            type(value) is not int or not low <= value <= high
        ):
            raise Refused(f"config {name} must be from {low} to {high}, not {value!r}")
    return config


def _earned(returns: pd.Series) -> dict[str, float | None]:
    return {
        "cagr": metrics.cagr(returns),
        "sharpe": metrics.sharpe(returns),
        "sortino": metrics.sortino(returns),
        "max_drawdown": metrics.max_drawdown(returns),
        "hit_rate": metrics.hit_rate(returns),
    }
