"""
Run in the runner's environment: compare the fast features of a store with those of Qlib's engine.

Prints one JSON object. A cell further apart than its tolerance is explained when the exact value, computed in
rational numbers from the store's 32-bit bars, is the kernel's and not the engine's.
"""

import json
import math
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from qlib.config import C
from qlib.contrib.data.handler import Alpha158
from qlib.data import D

from qlib_runner.alpha158 import Alpha158Fast
from qlib_runner.score import newest_alpha158
from qlib_runner.workflow import open_store
from tests.qlib_runner.alpha158_tolerance import tolerance_of

RAW = {"instruments": "all", "learn_processors": [], "infer_processors": []}


def main() -> None:
    """Compare everything and print it."""
    open_store(sys.argv[1], 1)
    engine = Alpha158(**RAW)._data
    fast = Alpha158Fast(**RAW)._data
    bars = D.features(D.instruments("all"), ["$close", "$volume"])
    newest = engine.index.get_level_values("datetime").max()
    middle = D.calendar()[len(D.calendar()) // 2]
    ending = Alpha158Fast(**RAW, start_time=newest, end_time=newest)._data
    later = Alpha158Fast(**RAW, start_time=middle, end_time=newest)._data
    C["kernels"] = 2
    threaded = Alpha158Fast(**RAW)._data
    symbols = list(ending.index.get_level_values("instrument"))
    alone = newest_alpha158(Path(sys.argv[1]), symbols, len(D.calendar()) - 1)
    columns = {}
    for column in engine.columns:
        ours, theirs = fast[column].to_numpy(float), engine[column].to_numpy(float)
        columns[column[1]] = _compare(column[1], ours, theirs, engine.index, bars)
    print(
        json.dumps(
            {
                "same_index": fast.index.equals(engine.index),
                "same_columns": fast.columns.equals(engine.columns),
                "same_types": bool((fast.dtypes == engine.dtypes).all()),
                "newest_equal": _bits(ending) == _bits(fast.loc[[newest]]),
                "newest_without_qlib_equal": _bits(alone) == _bits(ending["feature"])
                and list(alone.columns) == list(ending["feature"].columns),
                "later_equal": _bits(later) == _bits(fast.loc[middle:]),
                "threads_equal": _bits(threaded) == _bits(fast),
                "rows": len(fast),
                "newest_rows": len(ending),
                "columns": columns,
            }
        )
    )


def _bits(frame: pd.DataFrame) -> bytes:
    return frame.to_numpy().tobytes()


def _compare(name: str, ours: np.ndarray, theirs: np.ndarray, index, bars: pd.DataFrame) -> dict:
    both = np.isfinite(ours) & np.isfinite(theirs)
    distance = np.zeros(len(ours))
    distance[both] = np.abs(ours - theirs)[both] / np.maximum(1, np.abs(theirs[both]))
    unexplained = []
    for row in np.flatnonzero(distance > tolerance_of(name)):
        day, symbol = index[row]
        exact = _exact(name, bars.loc[symbol].loc[:day])
        if exact is None or not abs(ours[row] - exact) <= 1e-6 * max(1, abs(exact)):
            unexplained.append([symbol, str(day.date()), ours[row], theirs[row], exact])
    return {
        "missing_differ": int((np.isnan(ours) != np.isnan(theirs)).sum()),
        "infinite_differ": int(((np.isinf(ours) | np.isinf(theirs)) & (ours != theirs)).sum()),
        "over_tolerance": int((distance > tolerance_of(name)).sum()),
        "distance": float(distance.max(initial=0)),
        "unexplained": unexplained[:3],
    }


def _exact(name: str, history: pd.DataFrame) -> float | None:
    family, window = name.rstrip("0123456789"), int(name[len(name.rstrip("0123456789")) :] or 0)
    close, volume = history["$close"].to_numpy(), history["$volume"].to_numpy()
    with np.errstate(all="ignore"):
        ratio = np.concatenate(([np.float32(np.nan)], close[1:] / close[:-1]))
        moved = np.concatenate(([np.float32(np.nan)], volume[1:] / volume[:-1]))
        turnover = np.abs(ratio - np.float32(1)) * volume
        logs, log_moved = np.log(volume + np.float32(1)), np.log(moved + np.float32(1))
    if family in ("STD", "VSTD"):
        values = close if family == "STD" else volume
        tiny = np.float32(0 if family == "STD" else 1e-12)
        return math.sqrt(_variance(values[-window:])) / float(values[-1] + tiny)
    if family == "WVMA":
        mean = _mean(_there(turnover[-window:]))
        return math.sqrt(_variance(turnover[-window:])) / float(mean + Fraction(1, 10**12))
    pairs = {
        "RSQR": (np.arange(len(close), dtype=np.float32), close),
        "CORR": (close, logs),
        "CORD": (ratio, log_moved),
    }
    if family not in pairs:
        return None
    left, right = (side[-window:] for side in pairs[family])
    shared = np.isfinite(left) & np.isfinite(right)
    x, y = _there(left[shared]), _there(right[shared])
    x_mean, y_mean = _mean(x), _mean(y)
    covariance = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True))
    squared = covariance**2 / (_squares(x) * _squares(y))
    return float(squared) if family == "RSQR" else math.copysign(math.sqrt(squared), covariance)


def _there(values: np.ndarray) -> list[Fraction]:
    return [Fraction(float(value)) for value in values if math.isfinite(value)]


def _mean(values: list[Fraction]) -> Fraction:
    return sum(values) / len(values)


def _squares(values: list[Fraction]) -> Fraction:
    mean = _mean(values)
    return sum((value - mean) ** 2 for value in values)


def _variance(values: np.ndarray) -> Fraction:
    there = _there(values)
    return _squares(there) / (len(there) - 1)


main()
