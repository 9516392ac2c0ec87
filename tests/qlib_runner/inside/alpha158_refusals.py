"""Run in the runner's environment: ask the fast handler for what it must not answer, and for other labels."""

import shutil
import sys
import tempfile
from pathlib import Path

from qlib.contrib.data.handler import Alpha158, Alpha360

from qlib_runner.alpha158 import Alpha158Fast, KernelLoader
from qlib_runner.workflow import open_store

RAW = {"learn_processors": [], "infer_processors": []}
# A return, a return of another field, and an expression only the engine knows.
LABELS = ["Ref($close, -6)/Ref($close, -1) - 1", "Ref($vwap,-2)/Ref($vwap,-1)-1", "Mean($close, 5)/$close"]


def said(ask, *words: str) -> None:
    """Print the error, and of its message the words if they are in it."""
    try:
        ask()
    except (OSError, ValueError) as error:
        found = [word for word in words if word in str(error)]
        print(type(error).__name__, *(found or [str(error)]))


with tempfile.TemporaryDirectory() as folder:
    store = Path(folder) / "store"
    shutil.copytree(sys.argv[1], store)
    open_store(store, 1)
    said(lambda: Alpha158Fast("all", inst_processors=[{"class": "TimeRangeFlt"}], **RAW))
    said(lambda: KernelLoader.replacing(Alpha360("all", init_data=False, **RAW).data_loader))
    said(lambda: Alpha158Fast(["GONE"], **RAW), "gone")
    symbol, *_ = sorted(path.name for path in (store / "features").iterdir())
    field = store / "features" / symbol / "vwap.day.bin"
    content = field.read_bytes()
    field.unlink()
    said(lambda: Alpha158Fast([symbol.upper()], **RAW), "vwap.day.bin")
    field.write_bytes(content[:-4])
    said(lambda: Alpha158Fast([symbol.upper()], **RAW), "do not cover the same sessions")
    field.write_bytes(content)
    labels = (LABELS, ["WEEK", "VWAP", "MEAN"])
    wanted = Alpha158([symbol.upper()], label=labels, **RAW)._data["label"]
    found = Alpha158Fast([symbol.upper()], label=labels, **RAW)._data["label"]
    print("labels equal", found.equals(wanted))
