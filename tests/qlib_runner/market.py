"""A small market for the model's tests: simulated companies, two of them not there all the time."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.qlib_runner.manifests import write_manifest_of
from trading_ops.settings import PROJECT_ROOT
from trading_ops.simulation.market_companies import BENCHMARK, COMPANIES
from trading_ops.simulation.market_model import Market, simulate

LAST = date(2023, 6, 30)
EARLIER = date(2023, 3, 31)
SYMBOLS = (BENCHMARK, *(company.symbol for company in COMPANIES[:24]))
# The one is bought up, the other goes public; a third pauses for a week.
LEAVER, LEAVER_LAST = SYMBOLS[3], date(2022, 3, 31)
JOINER, JOINER_FIRST = SYMBOLS[5], date(2021, 6, 1)
PAUSED, PAUSE = SYMBOLS[7], (date(2022, 10, 3), date(2022, 10, 7))
WORKFLOW = PROJECT_ROOT / "config/qlib/workflow_us_lightgbm_alpha158.yaml"
# Segments that fit into three and a half years.
LENGTHS = {"train_sessions": 504, "valid_sessions": 126, "test_sessions": 126}


def bars_table(last: date = LAST) -> pa.Table:
    """Return the adjusted bars up to a date, as the dataset command takes them."""
    market = simulate(7, LAST)
    parts = [_bars_of(market, symbol, last) for symbol in sorted(SYMBOLS)]
    return pa.concat_tables([part for part in parts if part.num_rows])


def write_dataset_inputs(folder: Path, last: date = LAST, bars: pa.Table | None = None, **changes) -> Path:
    """Write the three inputs of `dataset` and their manifest, with some of its fields changed."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(bars_table(last) if bars is None else bars, folder / "bars.parquet")
    lines = ["internal_symbol,start_date,end_date"]
    for symbol in sorted(SYMBOLS):
        first = JOINER_FIRST if symbol == JOINER else date(2020, 1, 2)
        end = LEAVER_LAST if symbol == LEAVER and last >= LEAVER_LAST else ""
        lines.append(f"{symbol},{first},{end}")
    (folder / "instruments.csv").write_text("\n".join(lines) + "\n")
    days = [str(day) for day in simulate(7, LAST + timedelta(days=40)).dates]
    (folder / "calendar.csv").write_text("\n".join(["session_date", *days]) + "\n")
    names = ("bars.parquet", "instruments.csv", "calendar.csv")
    return write_manifest_of("dataset", folder, names, {"as_of_date": str(last), **changes})


def write_train_inputs(
    folder: Path, dataset: Path, last: date = LAST, edit: tuple[str, str] = ("", ""), **config
) -> Path:
    """
    Put a dataset's result and the workflow into a folder, and write the manifest of a training.

    edit is a text of the workflow and what to put in its place.
    """
    shutil.copytree(dataset, folder / "dataset")
    text = WORKFLOW.read_text()
    assert edit[0] in text
    (folder / "workflow.yaml").write_text(text.replace(*edit))
    names = ("dataset/manifest.json", "workflow.yaml")
    settings = {**LENGTHS, "benchmark": BENCHMARK, **config}
    return write_manifest_of("train", folder, names, {"as_of_date": str(last), "config": settings})


def write_score_inputs(
    folder: Path, dataset: Path, trained: Path, last: date, symbols: list[str], **changes
) -> Path:
    """Put a dataset's and a training's result into a folder, and write the manifest of a ranking."""
    shutil.copytree(dataset, folder / "dataset")
    shutil.copytree(trained, folder / "train")
    names = ("dataset/manifest.json", "train/manifest.json")
    config = {"method": "lightgbm", "symbols": symbols, "ts": f"{last}T16:00:00-04:00", **changes}
    return write_manifest_of("score", folder, names, {"as_of_date": str(last), "config": config})


def write_backtest_inputs(folder: Path, dataset: Path, trained: Path, last: date, **config) -> Path:
    """Put a dataset's and a training's result into a folder, and write the manifest of a backtest."""
    shutil.copytree(dataset, folder / "dataset")
    shutil.copytree(trained, folder / "train")
    names = ("dataset/manifest.json", "train/manifest.json")
    return write_manifest_of("backtest", folder, names, {"as_of_date": str(last), "config": config})


def traded_symbols() -> list[str]:
    """Return the symbols to rank on LAST: every company that is still there."""
    return [symbol for symbol in SYMBOLS if symbol not in (LEAVER, BENCHMARK)]


def _bars_of(market: Market, symbol: str, last: date) -> pa.Table:
    column = SYMBOLS.index(symbol)
    close = market.close_cents[:, column] / 100
    step = np.ones(len(close))
    step[1:] = (1 - market.dividend_cents[1:, column] / 100 / close[:-1]) / market.split[1:, column]
    # Forward: the first session has factor 1, and no later action changes it.
    factor = np.cumprod(1 / step)
    days = np.array(market.dates, "datetime64[D]")
    # Waves a model can learn; the simulated companies themselves walk at random.
    wave = np.exp(np.cumsum(0.006 * np.sin(np.arange(len(days)) / 9 + column)))
    is_there = days <= np.datetime64(last)
    if symbol == LEAVER:
        is_there &= days <= np.datetime64(LEAVER_LAST)
    if symbol == JOINER:
        is_there &= days >= np.datetime64(JOINER_FIRST)
    if symbol == PAUSED:
        is_there &= (days < np.datetime64(PAUSE[0])) | (days > np.datetime64(PAUSE[1]))
    prices = {
        name: (cents[:, column] / 100 * factor * wave)[is_there]
        for name, cents in (
            ("open", market.open_cents),
            ("high", market.high_cents),
            ("low", market.low_cents),
            ("close", market.close_cents),
        )
    }
    return pa.table(
        {
            "internal_symbol": pa.array([symbol] * int(is_there.sum()), pa.string()),
            "session_date": pa.array(days[is_there], pa.date32()),
            **prices,
            "vwap": (prices["high"] + prices["low"] + prices["close"]) / 3,
            "volume": (market.volume[:, column] / factor)[is_there].astype(float),
            "factor": factor[is_there],
        }
    )
