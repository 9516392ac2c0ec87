"""Input manifests for the runner, built in a test."""

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

AS_OF = date(2026, 6, 5)


def bars_of(closes: dict[str, list[str]], last: date = AS_OF) -> str:
    """Return a bars csv: each symbol's closes on consecutive days that end at last."""
    lines = ["internal_symbol,session_date,adj_close"]
    for symbol, series in closes.items():
        for age, close in enumerate(reversed(series)):
            lines.append(f"{symbol},{last - timedelta(days=age)},{close}")
    return "\n".join(lines) + "\n"


def write_manifest(folder: Path, bars: str, **changes) -> Path:
    """Write bars.csv and the manifest naming it, with some of its fields changed."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bars.csv").write_text(bars)
    fields = {
        "schema": 1,
        "command": "score",
        "run_id": "20260606-080000Z-git0000000",
        "as_of_date": AS_OF.isoformat(),
        "seed": 7,
        "inputs": [{"path": "bars.csv", "sha256": hashlib.sha256(bars.encode()).hexdigest()}],
        "config": {"lookback_sessions": 3, "skip_sessions": 1},
        **changes,
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(fields))
    return path
