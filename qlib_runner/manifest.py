"""
Manifests: what a run was given and what it made, each file with its SHA-256.

Reading checks everything before any work starts. Writing makes a whole result appear at once.
"""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any

SCHEMA = 1
_INPUT_TYPES = {
    "schema": int,
    "command": str,
    "run_id": str,
    "as_of_date": str,
    "seed": int,
    "inputs": list,
    "config": dict,
}
_OUTPUT_TYPES = {
    "schema": int,
    "command": str,
    "run_id": str,
    "as_of_date": str,
    "input_manifest_sha256": str,
    "outputs": list,
}


class Refused(Exception):
    """The runner will not work with what it was given; the message is one line and says why."""


@dataclass(frozen=True)
class Manifest:
    """A checked input manifest; inputs maps each path to the bytes that were hashed."""

    command: str
    run_id: str
    as_of_date: date
    seed: int
    inputs: dict[str, bytes]
    config: dict[str, Any]
    sha256: str


def read_manifest(path: Path, command: str) -> Manifest:
    """
    Return the manifest with its inputs in memory, so what was hashed is what is ranked.

    Raises Refused for a missing file, a wrong or unknown field, another command, and any input
    whose bytes are not those the manifest names.
    """
    content = _read(path)
    fields = _parse(content, path, _INPUT_TYPES)
    if fields["command"] != command:
        raise Refused(f"{path} is for the command {fields['command']!r}, not {command!r}")
    if not fields["run_id"].strip():
        raise Refused(f"{path}: run_id is empty")
    inputs: dict[str, bytes] = {}
    for entry in fields["inputs"]:
        name = _entry(entry, {"path": str, "sha256": str}, path)["path"]
        if name in inputs:
            raise Refused(f"{path} names the input {name!r} twice")
        inputs[name] = _read(_inside(path.parent, name))
        if _sha256(inputs[name]) != entry["sha256"]:
            raise Refused(f"input {name!r} is not the file the manifest names: its SHA-256 differs")
    return Manifest(
        command=command,
        run_id=fields["run_id"],
        as_of_date=_session(fields["as_of_date"], path),
        seed=fields["seed"],
        inputs=inputs,
        config=fields["config"],
        sha256=_sha256(content),
    )


def parse_date(text: str) -> date | None:
    """Return the date written as YYYY-MM-DD, or None for anything else (20260605 and 2026-W23-5 too)."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def write_result(out: Path, manifest: Manifest, files: dict[str, bytes]) -> None:
    """Make the folder out appear with the files and their manifest, all at once or not at all."""
    outputs = [
        {"path": name, "sha256": _sha256(content), "size_bytes": len(content)}
        for name, content in sorted(files.items())
    ]
    summary = {
        "schema": SCHEMA,
        "command": manifest.command,
        "run_id": manifest.run_id,
        "as_of_date": manifest.as_of_date.isoformat(),
        "input_manifest_sha256": manifest.sha256,
        "outputs": outputs,
    }
    if not out.parent.is_dir():
        raise Refused(f"{out.parent} is no folder, so no result can be put into it")
    # Beside the result, since only a rename within one file system is atomic.
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        for name, content in files.items():
            (partial / name).write_bytes(content)
        (partial / "manifest.json").write_text(json.dumps(summary, indent=1, sort_keys=True) + "\n")
        # The desk reads the result under another user id than the container's.
        partial.chmod(0o755)
        os.rename(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_result(out: Path) -> dict[str, Any]:
    """Return a result's manifest; raises Refused unless the folder holds exactly what it names."""
    path = out / "manifest.json"
    fields = _parse(_read(path), path, _OUTPUT_TYPES)
    _session(fields["as_of_date"], path)
    for entry in fields["outputs"]:
        name = _entry(entry, {"path": str, "sha256": str, "size_bytes": int}, path)["path"]
        content = _read(_inside(out, name))
        if (len(content), _sha256(content)) != (entry["size_bytes"], entry["sha256"]):
            raise Refused(
                f"output {name!r} is not the file {path} names: its size or SHA-256 differs"
            )
    named = {entry["path"] for entry in fields["outputs"]} | {"manifest.json"}
    found = {str(file.relative_to(out)) for file in out.rglob("*") if not file.is_dir()}
    if found != named:
        raise Refused(
            f"{out} holds files its manifest does not name: {', '.join(sorted(found - named))}"
        )
    return fields


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None


def _parse(content: bytes, path: Path, types: dict[str, type]) -> dict[str, Any]:
    try:
        fields = json.loads(content)
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}") from None
    # First of all, since another schema may well have other fields.
    if isinstance(fields, dict) and fields.get("schema") != SCHEMA:
        raise Refused(f"{path} has schema {fields.get('schema')!r}; this runner knows {SCHEMA}")
    return _entry(fields, types, path)


def _entry(entry: Any, types: dict[str, type], path: Path) -> dict[str, Any]:
    if not isinstance(entry, dict) or set(entry) != set(types):
        raise Refused(f"{path}: expected an object with exactly the fields {', '.join(types)}")
    for name, expected in types.items():
        # type() and not isinstance(), since JSON's true would pass as the number 1.
        if type(entry[name]) is not expected:
            raise Refused(f"{path}: {name} must be of type {expected.__name__}")
    return entry


def _inside(folder: Path, name: str) -> Path:
    if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise Refused(f"path {name!r} must be relative and stay inside the manifest's folder")
    return folder / name


def _session(text: str, path: Path) -> date:
    day = parse_date(text)
    if day is None:
        raise Refused(f"{path}: as_of_date {text!r} is not a date like 2026-06-05")
    return day


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
