"""
The vendor files under a path: a folder with all below it, one file, or a zip of files.

Only a file with a name some source gives its files is ever opened, and no link is followed: whatever else
lies there is somebody's own. It is told by name, size and kind, so that nothing is ignored in silence.
"""

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NoReturn

from trading_ops.bars.refusal import FileRefused, Refusal
from trading_ops.settings import Settings, variable
from trading_ops.sources.vendors import symbol_in_any_name

# The largest real vendor file is below 2 MB; a zip that claims more than this is an attack or a mistake.
FILE_BYTES_MAX = 64 * 1024 * 1024

_PAPERWORK = re.compile(r"(readme|licen[cs]e|\.).*|.*\.(md|meta\.json|part)", re.IGNORECASE)
_UNREADABLE_ZIP = (zipfile.BadZipFile, RuntimeError, OSError, EOFError, zlib.error)
_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "device",
    stat.S_IFCHR: "device",
}


class LoadError(Exception):
    """The path to load cannot be used at all; the message says why."""


@dataclass(frozen=True)
class VendorFile:
    """One file to load: its name below the loaded path, and how to read it."""

    name: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class LeftAlone:
    """What was never opened: no source gives its files such a name, or it is no plain file."""

    name: str
    size_bytes: int
    kind: str

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}, {self.size_bytes} bytes)"


def accepted_inbox(path: Path, config: Settings) -> Path:
    """
    Return where a folder, file or zip really lies, if that is below the data folder or a folder of `inboxes`.

    Raises LoadError for anything else: who may start a run could otherwise point it at any file.
    """
    real = Path(os.path.realpath(path))
    roots = [Path(os.path.realpath(root)) for root in (config.data, *config.inbox_roots)]
    if not any(real.is_relative_to(root) for root in roots):
        raise LoadError(
            f"{path}: files are loaded from below {config.data}, or from a folder named in "
            f"{variable('inboxes')}; this one lies at {real}"
        )
    return real


def find_files(path: Path) -> list[VendorFile]:
    """
    Return the vendor files under a path, ordered by the symbol in their names.

    Of two files of one symbol the one with the later date in its name comes first, so a fresh
    download wins over an old one lying beside it. Raises LoadError when nothing is there.
    """
    found = [one for one in _look(path) if isinstance(one, VendorFile)]
    found.sort(key=lambda one: one.name, reverse=True)
    return sorted(found, key=lambda one: symbol_in_any_name(one.name) or "")


def find_left_alone(path: Path) -> list[LeftAlone]:
    """Return what find_files passes over and is no paperwork either. Raises as it does."""
    return [one for one in _look(path) if isinstance(one, LeftAlone)]


def _look(path: Path) -> Iterator[VendorFile | LeftAlone]:
    path = Path(os.path.realpath(path))
    if path.is_file():
        yield from _expand(path, path.name, path.lstat())
        return
    if not path.is_dir():
        raise LoadError(f"{path}: no such folder, file or zip")
    unreadable: list[OSError] = []
    # Unlike other ways to walk a tree this one is not led into a link that takes a folder's place meanwhile.
    for folder, folders, files, handle in os.fwalk(path, onerror=unreadable.append):
        named, folders[:] = sorted(folders + files), []
        for name in named:
            seen = _look_at(name, handle)
            if seen is None or _is_paperwork(name):
                continue
            if stat.S_ISDIR(seen.st_mode):
                folders.append(name)
            else:
                below = Path(folder, name).relative_to(path)
                yield from _expand(Path(folder, name), below.as_posix(), seen)
    for error in unreadable:
        yield LeftAlone(_printable(str(error.filename)), 0, f"folder, {error.strerror}")


def _expand(path: Path, name: str, seen: os.stat_result) -> Iterator[VendorFile | LeftAlone]:
    name = _printable(name)
    is_zip = path.suffix.lower() == ".zip"
    if not stat.S_ISREG(seen.st_mode) or not (is_zip or symbol_in_any_name(path.name)):
        yield LeftAlone(name, seen.st_size, _KINDS.get(stat.S_IFMT(seen.st_mode), "unknown"))
    elif is_zip:
        yield from _expand_zip(path, name, seen)
    else:
        yield VendorFile(name, lambda: _read_plain(path, name, seen))


def _expand_zip(path: Path, name: str, seen: os.stat_result) -> Iterator[VendorFile | LeftAlone]:
    try:
        with _open(path, seen) as handle, zipfile.ZipFile(handle) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except _UNREADABLE_ZIP as error:
        reason = f"not readable as a zip ({type(error).__name__}); it has {seen.st_size} bytes"
        yield VendorFile(name, lambda: _refuse(name, reason))
        return
    for info in members:
        inside = f"{name}/{_printable(info.orig_filename)}"
        if _is_paperwork(PurePosixPath(info.filename).name):
            continue
        if _is_plain(info) and symbol_in_any_name(info.filename):
            yield VendorFile(inside, lambda inside=inside, info=info: _read_member(path, seen, inside, info))
        else:
            kind = _KINDS.get(stat.S_IFMT(info.external_attr >> 16), "file")
            yield LeftAlone(inside, info.file_size, f"{kind} in a zip")


def _look_at(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        # Gone since its folder was listed.
        return None


def _is_paperwork(name: str) -> bool:
    return _PAPERWORK.fullmatch(name) is not None


def _is_plain(info: zipfile.ZipInfo) -> bool:
    """Say whether a member of a zip is a file, under a name that leads nowhere out of it."""
    is_file = stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG)
    parts = info.orig_filename.split("/")
    return (
        is_file
        and info.orig_filename.isprintable()
        and "\\" not in info.orig_filename
        and (not {"", ".", ".."} & set(parts))
    )


def _read_plain(path: Path, name: str, seen: os.stat_result) -> bytes:
    try:
        with _open(path, seen) as handle:
            body = handle.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        _refuse(name, f"it cannot be read ({error.strerror})")
    if len(body) > FILE_BYTES_MAX:
        _refuse(name, f"{max(len(body), seen.st_size)} bytes; accepted are at most {FILE_BYTES_MAX}")
    return body


def _read_member(path: Path, seen: os.stat_result, name: str, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > FILE_BYTES_MAX:
        _refuse(name, f"{info.file_size} bytes; accepted are at most {FILE_BYTES_MAX}")
    try:
        with _open(path, seen) as handle, zipfile.ZipFile(handle) as archive:
            return archive.read(info)
    except _UNREADABLE_ZIP as error:
        _refuse(name, f"not readable in its zip ({type(error).__name__}); it has {info.file_size} bytes")


def _open(path: Path, seen: os.stat_result) -> BinaryIO:
    """Open the very file that was looked at: whatever took its place since, a link or a pipe, is refused."""
    handle = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if not os.path.samestat(os.fstat(handle.fileno()), seen):
        handle.close()
        raise OSError(0, "another file has taken its place")
    return handle


def _printable(name: str) -> str:
    """Return a name as one line of text, whatever bytes it has."""
    return name if name.isprintable() else ascii(name)[1:-1]


def _refuse(name: str, reason: str) -> NoReturn:
    raise FileRefused(Refusal(name, 1, "file", reason))
