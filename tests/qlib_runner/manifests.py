"""Input manifests for the runner, built in a test, and the smallest dataset there is."""

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

AS_OF = date(2026, 6, 5)
SYMBOLS = ("AAA", "BBB", "CCC")


def write_small_dataset(folder: Path, **changes) -> Path:
    """
    Write four days of three symbols and the manifest of `dataset` over them, some of its fields changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    days = [AS_OF - timedelta(days=age) for age in (3, 2, 1, 0)]
    keys = [(symbol, day) for symbol in SYMBOLS for day in days]
    price = [100.0 + place for place in range(len(keys))]
    columns = {
        "internal_symbol": pa.array([symbol for symbol, _ in keys], pa.string()),
        "session_date": pa.array([day for _, day in keys], pa.date32()),
        **dict.fromkeys(("open", "high", "low", "close", "vwap"), price),
        "volume": [1000.0] * len(keys),
        "factor": [1.0] * len(keys),
    }
    pq.write_table(pa.table(columns), folder / "bars.parquet")
    members = [f"{symbol},{days[0]}," for symbol in SYMBOLS]
    (folder / "instruments.csv").write_text(
        "\n".join(["internal_symbol,start_date,end_date", *members]) + "\n"
    )
    (folder / "calendar.csv").write_text("\n".join(["session_date", *map(str, days)]) + "\n")
    names = ("bars.parquet", "instruments.csv", "calendar.csv")
    return write_manifest_of("dataset", folder, names, {"as_of_date": str(AS_OF), **changes})


def write_manifest_of(command: str, folder: Path, names: tuple[str, ...], changes: dict) -> Path:
    """Write the manifest naming files of a folder as they are now."""
    fields = {
        "schema": 1,
        "command": command,
        "run_id": "20230701-080000Z-git0000000",
        "seed": 7,
        "inputs": [
            {"path": name, "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
            for name in names
        ],
        "config": {},
        **changes,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(fields))
    return path
