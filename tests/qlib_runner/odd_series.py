"""Price series that break rolling windows: each symbol is one way in which days can be odd."""

import numpy as np
import pandas as pd
import pyarrow as pa

SESSIONS = pd.bdate_range("2020-01-01", periods=260)
_PRICES = ["open", "high", "low", "close", "vwap"]


def odd_bars(seed: int) -> pa.Table:
    """Return the bars of all odd symbols, as write_store takes them."""
    random = np.random.default_rng(seed)
    count = len(SESSIONS)
    day = np.arange(count)
    found: dict[str, pd.DataFrame] = {}
    for days in (1, 2, 3, 4, 5, 6, 9, 29, 30, 31, 59, 60, 61, 62):
        found[f"SHORT{days:02d}"] = _walk(random, count).tail(days)
    for name, is_there in {
        "GAPS": random.random(count) < 0.7,
        "LONGGAPS": (day // 25) % 3 != 1,
        "WEEKLY": day % 7 == 0,
        "AWAY": (day < 80) | (day > 145),
    }.items():
        found[name] = _walk(random, count)[is_there]
    for name, volume in {
        "QUIETDAYS": lambda volume: np.where(random.random(count) < 0.4, 0, volume),
        "QUIETWEEKS": lambda volume: np.where((day // 20) % 2 == 0, 0, volume),
        "SAMEVOLUME": lambda volume: np.full(count, 1e6),
        "WILDVOLUME": lambda volume: np.round(np.exp(random.uniform(0, 22, count))),
    }.items():
        found[name] = _walk(random, count)
        found[name]["volume"] = volume(found[name]["volume"])
    stale = (day // 15) % 2 == 0
    for name, close in {
        "CONSTANT": lambda close: np.full(count, 7.3),
        "STALE": lambda close: close.where(~stale).ffill().fillna(50.0),
        "TICKS": lambda close: 40 + random.integers(0, 3, count) * 0.01,
        "CALM": lambda close: 100 * np.exp(np.cumsum(random.normal(0, 2e-7, count))),
        "LEAP": lambda close: close * np.where(day > 130, 2000.0, 1.0),
    }.items():
        found[name] = _walk(random, count)
        prices = np.asarray(close(found[name]["close"]))
        found[name] = found[name].assign(**dict.fromkeys(_PRICES, prices))
    found["DEAD"] = found["CONSTANT"].assign(volume=0.0)
    found["DEAR"] = _walk(random, count, 6e5, 0.01)
    found["CHEAP"] = _walk(random, count, 4e-4, 0.05)
    found["PLAIN"] = _walk(random, count)
    frames = [found[name].assign(internal_symbol=name) for name in sorted(found)]
    return pa.Table.from_pandas(pd.concat(frames), preserve_index=False)


def _walk(random: np.random.Generator, count: int, price: float = 50.0, swing: float = 0.02) -> pd.DataFrame:
    close = price * np.exp(np.cumsum(random.normal(0, swing, count)))
    opened = close * np.exp(random.normal(0, swing / 4, count))
    reach = np.exp(np.abs(random.normal(0, swing / 4, (2, count))))
    high, low = np.maximum(opened, close) * reach[0], np.minimum(opened, close) / reach[1]
    return pd.DataFrame(
        {
            "session_date": SESSIONS.date,
            "open": opened,
            "high": high,
            "low": low,
            "close": close,
            "vwap": (high + low + close) / 3,
            "volume": np.round(np.exp(random.normal(14, 0.5, count))),
            "factor": 1.0,
        }
    )
