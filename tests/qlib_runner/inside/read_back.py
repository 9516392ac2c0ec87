"""
Run in the runner's environment: compare a store, read through qlib.data.D, with the bars it was made of.
"""

import json
import sys

import numpy as np
import pandas as pd
from qlib.data import D

from qlib_runner.workflow import open_store

store, bars_path = sys.argv[1:]
open_store(store, 1)
bars = pd.read_parquet(bars_path)
bars["session_date"] = pd.to_datetime(bars["session_date"])
fields = ["open", "high", "low", "close", "vwap", "volume", "factor"]
symbols = sorted(bars["internal_symbol"].unique())
found = D.features(symbols, [f"${field}" for field in fields], freq="day")
found.columns = fields
wanted = bars.set_index(["internal_symbol", "session_date"])[fields].astype(np.float32)
wanted = wanted.reindex(found.index)
members = D.list_instruments(D.instruments("all"), freq="day")
print(
    json.dumps(
        {
            "bar_count": int(found["close"].notna().sum()),
            "equal": found.astype(np.float32).equals(wanted),
            "gaps": sorted({symbol for symbol, _ in found.index[found["close"].isna()]}),
            "members": {
                name: [[str(day.date()) for day in span] for span in spans] for name, spans in members.items()
            },
            "sessions": [str(day.date()) for day in D.calendar(freq="day")[[0, -1]]],
            "future": str(D.calendar(freq="day", future=True)[-1].date()),
        }
    )
)
