"""
The contract with the model's room: a manifest over what goes in, and the proof of what comes out.

A command has a folder of its own: `in/manifest.json` beside the inputs it names, and
`result/<command>/manifest.json` beside what the command made. A result counts only when every byte
in it is what its own manifest names, made from the inputs it was given; an exit code proves
nothing. The format is told in `qlib_runner/__init__.py`.
"""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

from trading_ops.settings import PROJECT_ROOT

# Made by `make setup-qlib`, for the runtime `process`.
INTERPRETER = PROJECT_ROOT / ".venv-qlib/bin/python"
_SEED = 7
# Without this file a result of the command is none.
_NEEDED = {
    "dataset": "counts.json",
    "train": "model.json",
    "backtest": "metrics.json",
    "score": "signals_ranked.csv",
}


class RoomError(Exception):
    """A result of the room that does not count; the message says which and why."""


def write_manifest(
    folder: Path, run_id: str, as_of_date: date, names: list[str], config: dict[str, Any]
) -> Path:
    """Write the manifest over a command folder's inputs; return the folder."""
    manifest = {
        "schema": 1,
        "command": folder.name,
        "run_id": run_id,
        "as_of_date": as_of_date.isoformat(),
        "seed": _SEED,
        "inputs": [{"path": name, "sha256": _sha256(folder / "in" / name)} for name in names],
        "config": config,
    }
    (folder / "in/manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    return folder


def verify_result(folder: Path) -> Path:
    """
    Return the folder of a command's result once every byte in it is what its manifest names.

    Raises RoomError for a missing manifest, a result of other inputs, another hash, and files nobody named.
    """
    given = (folder / "in/manifest.json").read_bytes()
    wanted = json.loads(given)
    result = folder / "result" / wanted["command"]
    try:
        manifest = json.loads((result / "manifest.json").read_bytes())
        for name in ("schema", "command", "run_id", "as_of_date"):
            _require(manifest[name] == wanted[name], f"{name} is {manifest[name]!r}, not {wanted[name]!r}")
        _require(
            manifest["input_manifest_sha256"] == hashlib.sha256(given).hexdigest(),
            "it was made from other inputs",
        )
        for entry in manifest["outputs"]:
            path = result / entry["path"]
            _require(
                path.stat().st_size == entry["size_bytes"],
                f"{entry['path']} has another size than its manifest says",
            )
            _require(_sha256(path) == entry["sha256"], f"{entry['path']} has another SHA-256")
        named = {entry["path"] for entry in manifest["outputs"]}
        _require(_NEEDED[wanted["command"]] in named, f"it holds no {_NEEDED[wanted['command']]}")
        found = {str(path.relative_to(result)) for path in result.rglob("*") if path.is_file()}
        _require(found == named | {"manifest.json"}, "it holds files its manifest does not name")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RoomError(f"{wanted['command']} left no complete result: {error}") from error
    return result


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _require(is_met: bool, complaint: str) -> None:
    if not is_met:
        raise ValueError(complaint)
