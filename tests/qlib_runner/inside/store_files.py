"""
Run in the runner's environment: write a store again with Qlib's own storage classes, as its dump_bin.py does.

Arguments: the parquet file of bars, the store to compare with, an empty folder. Prints the files that differ.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from qlib.data.storage.file_storage import FileCalendarStorage, FileFeatureStorage
from qlib.utils import code_to_fname

from qlib_runner.workflow import open_store

bars_path, store, reference = map(Path, sys.argv[1:])
open_store(store, 1)
home = {"day": str(reference)}
for name in ("calendars", "instruments", "features"):
    (reference / name).mkdir()
bars = pd.read_parquet(bars_path)
bars["session_date"] = pd.to_datetime(bars["session_date"])
sessions = sorted(bars["session_date"].unique())
(reference / "calendars/day.txt").touch()
FileCalendarStorage("day", False, home)._write_calendar([day.strftime("%Y-%m-%d") for day in sessions])
lines = []
for symbol, own in bars.groupby("internal_symbol", sort=True):
    own = own.drop(columns="internal_symbol").set_index("session_date")
    first, last = own.index.min(), own.index.max()
    lines.append(f"{symbol}\t{first:%Y-%m-%d}\t{last:%Y-%m-%d}")
    own = own.reindex([day for day in sessions if first <= day <= last])
    folder = code_to_fname(symbol.lower()).lower()
    (reference / "features" / folder).mkdir()
    for field in own.columns:
        storage = FileFeatureStorage(folder, field, "day", home)
        storage.write(own[field].to_numpy(), sessions.index(first))
np.savetxt(reference / "instruments/all.txt", lines, fmt="%s", encoding="utf-8")


def files(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


found, wanted = files(store), files(reference)
differing = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
print(json.dumps({"files": len(wanted), "differing": differing}))
