"""
The store and Alpha158's features beside Qlib's own, on the same bars in one run.

Run in the runner's environment by `make bench-qlib`: simulated bars of 100 symbols over 12 years
(--symbols 500 for more), then the 95 real Alpha Vantage files if they are there. Each step is measured in CPU
seconds, because other programs' load changes those least; the fastest run counts. The ways of both
sides alternate, and what they made is compared before a ratio is printed.

Qlib's scripts/dump_bin.py is not in its wheel; the step named after it does the same work in the same order:
a parquet file per symbol, each read once for its days and once for its values, aligned and written by pandas.
"""

import argparse
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import qlib
from qlib.contrib.data.handler import Alpha158
from qlib.data import D
from qlib.data.cache import H

from qlib_runner.alpha158 import Alpha158Fast
from qlib_runner.store import write_store
from tests.bench.qlib_bars import alpha_vantage, simulated
from tests.qlib_runner.alpha158_tolerance import tolerance_of

STORE_GOAL, FEATURES_GOAL, NEWEST_GOAL = 8, 20, 8
RAW = {"instruments": "all", "learn_processors": [], "infer_processors": []}


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description="the store and Alpha158 beside Qlib's own")
    arguments.add_argument("--symbols", type=int, default=100)
    arguments.add_argument("--rounds", type=int, default=2)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _bench(
            f"{options.symbols} simulated symbols", simulated(options.symbols), Path(folder), options.rounds
        )
    real = alpha_vantage()
    if real is not None:
        with tempfile.TemporaryDirectory() as folder:
            _bench("95 real symbols", real, Path(folder), options.rounds)


def _bench(title: str, bars: pd.DataFrame, folder: Path, rounds: int) -> None:
    bars.to_parquet(folder / "bars.parquet", index=False)
    (folder / "split").mkdir()
    for symbol, rows in bars.groupby("internal_symbol"):
        rows.drop(columns="internal_symbol").to_parquet(folder / f"split/{symbol}.parquet", index=False)
    calendar = sorted(set(bars["session_date"]))
    print(f"\n{title}: {len(bars):,} bars, {len(calendar):,} sessions, fastest run of {rounds} rounds")

    def fresh_store() -> None:
        shutil.rmtree(folder / "store", ignore_errors=True)
        write_store(folder / "bars.parquet", folder / "store", calendar)

    def fresh_dump() -> None:
        shutil.rmtree(folder / "dump", ignore_errors=True)
        dump(folder / "split", folder / "dump")

    ours, theirs = _fastest(rounds, fresh_store, fresh_dump)
    differing = _differing(folder / "store", folder / "dump")
    if differing != ["calendars/day_future.txt"]:
        sys.exit(f"the stores differ: {differing[:5]}")
    _print("parquet -> store", "dump_bin", theirs, ours, STORE_GOAL, "files equal byte for byte")

    qlib.init(
        provider_uri=str(folder / "store"),
        region="us",
        kernels=1,
        joblib_backend="loky",
        expression_cache=None,
        dataset_cache=None,
        logging_level=40,
    )
    newest = D.calendar()[-1]
    H.clear()
    day = {"start_time": newest, "end_time": newest}
    kept: dict[str, pd.DataFrame] = {}

    def handle(name: str, handler: type, **span) -> None:
        # Qlib keeps expressions in memory; a second round must compute them again.
        kept.pop(name, None)
        gc.collect()
        H["f"].clear()
        kept[name] = handler(**RAW, **span)._data

    ours, theirs = _fastest(
        rounds, partial(handle, "fast", Alpha158Fast), partial(handle, "engine", Alpha158)
    )
    verdict = _compare(kept["fast"], kept["engine"])
    _print("158 features and label", "engine", theirs, ours, FEATURES_GOAL, verdict)
    day_ours, day_theirs = _fastest(
        rounds,
        partial(handle, "fast day", Alpha158Fast, **day),
        partial(handle, "engine day", Alpha158, **day),
    )
    is_equal = kept["fast day"].to_numpy().tobytes() == kept["fast"].loc[[newest]].to_numpy().tobytes()
    verdict = "bit for bit the full history's" if is_equal else "DIFFERS from the full history"
    _print("newest session only", "engine", day_theirs, day_ours, NEWEST_GOAL, verdict)
    _print("newest session only", "fast, full", ours, day_ours, None, verdict)


def dump(split: Path, folder: Path) -> None:
    """Write a store as Qlib's dump_bin.py does, with two processes."""
    paths = sorted(split.iterdir())
    for name in ("calendars", "instruments", "features"):
        (folder / name).mkdir(parents=True)
    with ProcessPoolExecutor(2) as pool:
        days = list(pool.map(_days, paths))
        sessions = sorted(set().union(*days))
        np.savetxt(folder / "calendars/day.txt", [f"{day:%Y-%m-%d}" for day in sessions], fmt="%s")
        lines = [
            f"{path.stem}\t{min(own):%Y-%m-%d}\t{max(own):%Y-%m-%d}"
            for path, own in zip(paths, days, strict=True)
        ]
        np.savetxt(folder / "instruments/all.txt", lines, fmt="%s")
        list(pool.map(partial(_dump_symbol, sessions=sessions, folder=folder), paths))


def _days(path: Path) -> set[pd.Timestamp]:
    return set(pd.to_datetime(pd.read_parquet(path)["session_date"]))


def _dump_symbol(path: Path, sessions: list[pd.Timestamp], folder: Path) -> None:
    rows = pd.read_parquet(path)
    rows["session_date"] = pd.to_datetime(rows["session_date"])
    rows = rows.drop_duplicates("session_date").set_index("session_date")
    calendar = pd.DataFrame({"session_date": sessions})
    within = (calendar["session_date"] >= rows.index.min()) & (calendar["session_date"] <= rows.index.max())
    rows = rows.reindex(calendar[within].set_index("session_date").index)
    home = folder / "features" / path.stem.lower()
    home.mkdir()
    for field in rows.columns:
        values = np.hstack([sessions.index(rows.index.min()), rows[field]])
        values.astype("<f4").tofile(home / f"{field}.day.bin")


def _fastest(rounds: int, *steps: Callable[[], None]) -> list[tuple[float, float]]:
    """Return (CPU seconds, seconds) of each step's fastest run; the steps take turns."""
    found: list[list[tuple[float, float]]] = [[] for _ in steps]
    for _ in range(rounds):
        for step, times in zip(steps, found, strict=True):
            # One run of a second meets more noise than one of a minute, so a short one gets three.
            for _ in range(3):
                before, start = os.times(), time.perf_counter()
                step()
                seconds, after = time.perf_counter() - start, os.times()
                times.append((sum(after[:4]) - sum(before[:4]), seconds))
                if seconds > 20:
                    break
    return [min(times) for times in found]


def _differing(one: Path, other: Path) -> list[str]:
    files = [{str(path.relative_to(root)): path for path in root.rglob("*.*")} for root in (one, other)]
    files = [{name: path for name, path in found.items() if path.is_file()} for found in files]
    return sorted(
        name
        for name in files[0].keys() | files[1].keys()
        if not (
            name in files[0]
            and name in files[1]
            and files[0][name].read_bytes() == files[1][name].read_bytes()
        )
    )


def _compare(fast: pd.DataFrame, engine: pd.DataFrame) -> str:
    """Say how far the features are from the engine's."""
    if not (fast.index.equals(engine.index) and fast.columns.equals(engine.columns)):
        return "ROWS OR COLUMNS DIFFER"
    gaps, over, largest = 0, [], (0.0, "none")
    for column in engine.columns:
        ours, theirs = fast[column].to_numpy(), engine[column].to_numpy()
        gaps += int((np.isnan(ours) != np.isnan(theirs)).sum())
        with np.errstate(invalid="ignore"):
            distance = np.nan_to_num(np.abs(ours - theirs) / np.maximum(1, np.abs(theirs)))
        largest = max(largest, (float(distance.max()), column[1]))
        if distance.max() > tolerance_of(column[1]):
            over.append(column[1])
    return f"largest difference {largest[0]:.1e} ({largest[1]}), missing values differ {gaps}, over tolerance {over or 0}"


def _print(
    work: str,
    stock_name: str,
    stock: tuple[float, float],
    ours: tuple[float, float],
    goal: int | None,
    verdict: str,
) -> None:
    wanted = f"goal at least {goal}" if goal else "no goal"
    print(
        f"  {work:<24} {stock_name:<11} {stock[0]:7.2f} CPU s {stock[1]:7.2f} s   here {ours[0]:7.3f} CPU s"
        f" {ours[1]:7.3f} s   CPU ratio {stock[0] / ours[0]:6.1f} ({wanted})   {verdict}"
    )


if __name__ == "__main__":
    main()
