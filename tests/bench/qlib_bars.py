"""The bars the Qlib benchmarks run on: simulated ones of any number of symbols, and the real ones."""

import os
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
YEARS_SESSIONS = 3104


def simulated(symbols: int) -> pd.DataFrame:
    """
    Return seeded random walks, some listed later or delisted earlier, with suspended days.

    A part of each day's price is gone the next day, so that there is something to learn: a training on
    pure noise stops after a few trees, and its time says nothing.
    """
    random = np.random.Generator(np.random.PCG64(7))
    sessions = pd.bdate_range("2014-01-02", periods=YEARS_SESSIONS).date
    frames = []
    for number in range(symbols):
        begin = 0 if random.random() < 0.8 else int(random.integers(0, YEARS_SESSIONS // 2))
        end = (
            YEARS_SESSIONS
            if random.random() < 0.9
            else int(random.integers(YEARS_SESSIONS // 2, YEARS_SESSIONS))
        )
        days = end - begin
        walk = np.cumsum(random.normal(0, 0.02, days))
        close = random.uniform(5, 300) * np.exp(walk + random.normal(0, 0.006, days))
        opened = close * np.exp(random.normal(0, 0.005, days))
        reach = np.exp(np.abs(random.normal(0, 0.006, (2, days))))
        high, low = np.maximum(opened, close) * reach[0], np.minimum(opened, close) / reach[1]
        volume = np.round(np.exp(random.normal(14, 0.5, days)))
        frame = _frame(f"S{number:04d}", sessions[begin:end], opened, high, low, close, volume, np.ones(days))
        frames.append(frame[random.random(days) > 0.0008])
    return pd.concat(frames, ignore_index=True)


def alpha_vantage() -> pd.DataFrame | None:
    """Return the real bars, adjusted forward by the vendor's own factor; None, and a word, without them."""
    data = Path(os.environ.get("TRADING_OPS_TEST_DATA", ROOT.parent / "shared/data"))
    folder = data / "av_sp500_daily_adjusted/daily_adjusted"
    if not folder.is_dir():
        print(f"no real files at {folder}: set TRADING_OPS_TEST_DATA")
        return None
    frames = []
    for path in sorted(folder.glob("DA-*.csv")):
        rows = pd.read_csv(path)
        factor = rows["adjusted_close"] / rows["close"]
        factor /= factor.iloc[0]
        days = pd.to_datetime(rows["timestamp"]).dt.date
        prices = [rows[name] * factor for name in ("open", "high", "low", "close")]
        frames.append(_frame(path.name.split("-")[1], days, *prices, rows["volume"] / factor, factor))
    return pd.concat(frames, ignore_index=True)


def _frame(symbol, days, opened, high, low, close, volume, factor) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "internal_symbol": symbol,
            "session_date": days,
            "open": opened,
            "high": high,
            "low": low,
            "close": close,
            "vwap": (high + low + close) / 3,
            "volume": volume,
            "factor": factor,
        }
    )
