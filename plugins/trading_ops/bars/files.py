"""
The vendor files under a path: a folder with all below it, one file, or a zip of files.

A folder's own paperwork is passed over; everything else is handed on to be accepted or refused,
so a file somebody dropped there is never ignored in silence.
"""

import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trading_ops.bars.refusal import FileRefused, Refusal
from trading_ops.sources.vendors import any_symbol_in_name

# The largest real vendor file is below 2 MB; a zip that claims more than this is an attack or a mistake.
FILE_BYTES_MAX = 64 * 1024 * 1024

_PAPERWORK = re.compile(r"(readme|licen[cs]e|\.).*|.*\.(md|meta\.json|part)", re.IGNORECASE)
_UNREADABLE_ZIP = (zipfile.BadZipFile, RuntimeError, OSError, EOFError, zlib.error)


class LoadError(Exception):
    """The path to load cannot be used at all; the message says why."""


@dataclass(frozen=True)
class VendorFile:
    """One file to load: its name below the loaded path, and how to read it."""

    name: str
    read: Callable[[], bytes]


def find_files(path: Path) -> list[VendorFile]:
    """
    Return the vendor files under a path, ordered by the symbol in their names.

    Of two files of one symbol the one with the later date in its name comes first, so a fresh
    download wins over an old one lying beside it. Raises LoadError when nothing is there.
    """
    if path.is_file():
        found = _expand(path, path.name)
    elif path.is_dir():
        members = (member for member in sorted(path.rglob("*")) if member.is_file())
        found = [
            one
            for member in members
            if not any(_PAPERWORK.fullmatch(part) for part in member.relative_to(path).parts)
            for one in _expand(member, member.relative_to(path).as_posix())
        ]
    else:
        raise LoadError(f"{path}: no such folder, file or zip")
    found.sort(key=lambda one: one.name, reverse=True)
    return sorted(found, key=lambda one: any_symbol_in_name(one.name))


def _expand(path: Path, name: str) -> list[VendorFile]:
    if path.suffix.lower() != ".zip":
        return [VendorFile(name, lambda: _read_plain(path, name))]
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except _UNREADABLE_ZIP as error:
        return [VendorFile(name, _refusing(name, f"not readable as a zip ({error})"))]
    return [
        VendorFile(
            f"{name}/{info.filename}", lambda info=info: _read_member(path, f"{name}/{info.filename}", info)
        )
        for info in members
        if not _PAPERWORK.fullmatch(Path(info.filename).name)
    ]


def _read_plain(path: Path, name: str) -> bytes:
    if path.stat().st_size > FILE_BYTES_MAX:
        _refusing(name, f"{path.stat().st_size} bytes; accepted are at most {FILE_BYTES_MAX}")()
    return path.read_bytes()


def _read_member(path: Path, name: str, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > FILE_BYTES_MAX:
        _refusing(name, f"{info.file_size} bytes; accepted are at most {FILE_BYTES_MAX}")()
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(info)
    except _UNREADABLE_ZIP as error:
        _refusing(name, f"not readable in its zip ({error})")()


def _refusing(name: str, reason: str) -> Callable[[], bytes]:
    def refuse() -> bytes:
        raise FileRefused(Refusal(name, 1, "file", reason))

    return refuse
