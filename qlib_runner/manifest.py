"""
Manifests: what a run was given and what it made, each file with its SHA-256.

Reading checks everything before any work starts. Writing makes a whole result appear at once. A
result may be an input of the next command: its manifest.json names every byte of it.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    """A checked input manifest; inputs maps each file's path to the SHA-256 it had."""

    folder: Path
    command: str
    run_id: str
    as_of_date: date
    seed: int
    inputs: dict[str, str]
    config: dict[str, Any]
    sha256: str

    def require_inputs(self, *names: str) -> None:
        """Raise Refused unless the inputs are exactly those."""
        if sorted(self.inputs) != sorted(names):
            raise Refused(
                f"{self.command} takes the inputs {', '.join(names)}; "
                f"the manifest names {', '.join(sorted(self.inputs)) or 'none'}"
            )

    def read(self, name: str) -> bytes:
        """Return an input's bytes; raises Refused if they changed since the manifest was checked."""
        content = _read(self.folder / name)
        if _sha256(content) != self.inputs[name]:
            raise Refused(f"input {name!r} changed while it was being used")
        return content

    def result(self, command: str) -> tuple[Path, dict[str, Any]]:
        """
        Return the folder and the manifest of the result that is the input `<command>/manifest.json`.

        Raises Refused unless that command made it and every byte is what it names.
        """
        folder = self.folder / command
        fields = check_result(folder)
        if fields["command"] != command:
            raise Refused(f"{folder} is a result of {fields['command']!r}, not of {command!r}")
        self.read(f"{command}/manifest.json")
        return folder, fields


def read_manifest(path: Path, command: str) -> Manifest:
    """
    Return the manifest, every input of it read and hashed once.

    Raises Refused for a missing file, a wrong or unknown field, another command, and any input
    whose bytes are not those the manifest names.
    """
    content = _read(path)
    fields = _parse(content, path, _INPUT_TYPES)
    if fields["command"] != command:
        raise Refused(f"{path} is for the command {fields['command']!r}, not {command!r}")
    if not fields["run_id"].strip():
        raise Refused(f"{path}: run_id is empty")
    inputs: dict[str, str] = {}
    for entry in fields["inputs"]:
        name = _entry(entry, {"path": str, "sha256": str}, path)["path"]
        if name in inputs:
            raise Refused(f"{path} names the input {name!r} twice")
        inputs[name], _ = _digest(_inside(path.parent, name))
        if inputs[name] != entry["sha256"]:
            raise Refused(f"input {name!r} is not the file the manifest names: its SHA-256 differs")
    return Manifest(
        folder=path.parent,
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


@contextmanager
def new_result(out: Path, manifest: Manifest) -> Iterator[Path]:
    """
    Give a folder to write a result into; it becomes `out`, with its manifest, when the block ends.

    All at once or not at all: a block that raises leaves nothing behind. Raises Refused where no folder
    can be made.
    """
    if not out.parent.is_dir():
        raise Refused(f"{out.parent} is no folder, so no result can be put into it")
    # Beside the result, since only a rename within one file system is atomic.
    partial = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield partial
        outputs = []
        for name in _files(partial):
            digest, size_bytes = _digest(partial / name)
            outputs.append({"path": name, "sha256": digest, "size_bytes": size_bytes})
        summary = {
            "schema": SCHEMA,
            "command": manifest.command,
            "run_id": manifest.run_id,
            "as_of_date": manifest.as_of_date.isoformat(),
            "input_manifest_sha256": manifest.sha256,
            "outputs": outputs,
        }
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
        if _digest(_inside(out, name)) != (entry["sha256"], entry["size_bytes"]):
            raise Refused(f"output {name!r} is not the file {path} names: its size or SHA-256 differs")
    named = {entry["path"] for entry in fields["outputs"]} | {"manifest.json"}
    found = set(_files(out))
    if found != named:
        raise Refused(f"{out} holds files its manifest does not name: {', '.join(sorted(found - named))}")
    return fields


def _files(folder: Path) -> list[str]:
    """Return the path of every file below a folder, relative to it and sorted."""
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir())


def _digest(path: Path) -> tuple[str, int]:
    """Return a file's SHA-256 and size without holding it in memory."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest(), handle.tell()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None


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
