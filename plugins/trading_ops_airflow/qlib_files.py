"""
What goes into the Qlib step and what may come out of it: files and their manifests.

A result counts only when every byte in it is what its own manifest names, made from the inputs it
was given.
"""

import hashlib
import json
from datetime import date, timedelta
from pathlib import Path

from airflow.sdk.exceptions import AirflowFailException

# Enough for a year of sessions and the month that is left out.
_HISTORY = timedelta(days=420)


def write_inputs(run_id: str) -> Path:
    """Write the bars a run saw and their manifest; return the folder with `in/` and `result/`."""
    from trading_ops.db.connect import queries
    from trading_ops.runs import load_run
    from trading_ops.settings import settings
    from trading_ops_airflow.connections import desk_connection

    folder = settings().run_folder(run_id) / "qlib"
    (folder / "in").mkdir(parents=True, exist_ok=True)
    (folder / "result").mkdir(exist_ok=True)
    with desk_connection("desk_planner") as connection:
        as_of_date: date = load_run(connection, run_id).as_of_date
        with connection.cursor().copy(
            queries.copy_shadow_bars.sql, {"run_id": run_id, "first_date": as_of_date - _HISTORY}
        ) as rows:
            bars = b"".join(rows)
    (folder / "in/bars.csv").write_bytes(bars)
    manifest = {
        "schema": 1,
        "command": "score",
        "run_id": run_id,
        "as_of_date": as_of_date.isoformat(),
        "seed": 7,
        "inputs": [{"path": "bars.csv", "sha256": hashlib.sha256(bars).hexdigest()}],
        "config": {},
    }
    (folder / "in/manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return folder


def verify_result(folder: Path, said: str = "") -> Path:
    """
    Return the result's folder once every byte in it is what its manifest names.

    Raises AirflowFailException for a missing manifest, a result of other inputs, or another hash.
    """
    result, given = folder / "result/scores", (folder / "in/manifest.json").read_bytes()
    try:
        manifest = json.loads((result / "manifest.json").read_bytes())
        wanted = json.loads(given)
        for name in ("schema", "command", "run_id", "as_of_date"):
            _require(
                manifest[name] == wanted[name],
                f"{name} is {manifest[name]!r}, not {wanted[name]!r}",
            )
        _require(
            manifest["input_manifest_sha256"] == hashlib.sha256(given).hexdigest(),
            "it was made from other inputs",
        )
        for entry in manifest["outputs"]:
            content = (result / entry["path"]).read_bytes()
            _require(
                len(content) == entry["size_bytes"],
                f"{entry['path']} has another size than its manifest says",
            )
            _require(
                hashlib.sha256(content).hexdigest() == entry["sha256"],
                f"{entry['path']} has another SHA-256",
            )
        _require(
            any(entry["path"] == "signals_ranked.csv" for entry in manifest["outputs"]),
            "it holds no ranking",
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AirflowFailException(
            f"the runner left no complete result: {error!r}\n{said}"
        ) from error
    return result


def _require(is_met: bool, complaint: str) -> None:
    if not is_met:
        raise ValueError(complaint)
