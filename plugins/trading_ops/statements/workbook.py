"""
An xlsx opened without trusting it: what it holds is measured before anything reads it.

Pure. The file is a zip of XML parts, and its table of contents may lie. So every part is unpacked here, up
to a limit and against its checksum, and only those bytes are handed on, in a zip made anew. No formula is
computed, no link followed, and a part that could run is refused.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook

from trading_ops.statements.refusal import StatementRefused, quoted

# Real statements of two years have 0.2 MB, 1.2 MB unpacked; ten years of a busy account stay below these.
FILE_BYTES_MAX = 16 * 1024 * 1024
PART_BYTES_MAX = 48 * 1024 * 1024
UNPACKED_BYTES_MAX = 96 * 1024 * 1024
PARTS_COUNT_MAX = 200

_STATEMENT = "eToro's account statement, an .xlsx as it was downloaded"
# How files begin that people take for it.
_OTHERS = {
    b"%PDF": "a PDF; eToro offers both, choose XLS",
    b"\xd0\xcf\x11\xe0": "an old .xls or an encrypted file",
    b"<": "a web page or another XML file",
    b"\x1f\x8b": "a gzip file",
    b"{": "a JSON file",
}
_NEEDED = ("[Content_Types].xml", "xl/workbook.xml")
_RUNS = re.compile(
    r"vbaProject|\.bin$|activeX|\.vbs|\.exe|\.dll|macrosheets|dialogsheets|externalLinks|embeddings", re.I
)
# A sheet becomes one dense block up to its outermost cell, so that two cells can ask for all the memory
# there is. Rows up to 99999 and columns up to AZ are fifty times what a statement has.
_CELL_OUTSIDE = re.compile(rb"""\sr\s*=\s*["'](?!(?:A?[A-Z])?[0-9]{1,5}["'])""")
# Calamine is Rust: what it did not foresee ends as this, which is no Exception.
_PANIC = "PanicException"

Cell = object
Row = Sequence[Cell]


@dataclass(frozen=True)
class Workbook:
    """The cells of each sheet, in the order of the file; the first row of a sheet is its row 1."""

    sheets: Mapping[str, Sequence[Row]]


def read_workbook(content: bytes) -> Workbook:
    """
    Return the cells of an xlsx. Raises StatementRefused for every other file and for one that could harm.
    """
    if len(content) > FILE_BYTES_MAX:
        raise StatementRefused("the file", f"at most {FILE_BYTES_MAX} bytes", f"{len(content)} bytes")
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise StatementRefused("the file", _STATEMENT, _kind_of(content))
    return Workbook(_cells(_repacked(_parts(content))))


def _kind_of(content: bytes) -> str:
    if not content:
        return "an empty file"
    if content.startswith(b"PK"):
        return "an .xlsx that was cut off: download it again"
    start = content.lstrip(b"\xef\xbb\xbf \r\n\t")
    for begins, meaning in _OTHERS.items():
        if start.startswith(begins):
            return meaning
    return "a text or CSV file" if start[:200].isascii() else "a file of another kind"


def _parts(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _unpacked(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as damage:
        found = f"one that is damaged, cut off or encrypted ({type(damage).__name__})"
        raise StatementRefused("the file", _STATEMENT, found) from None


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) > PARTS_COUNT_MAX:
        raise StatementRefused("the file", f"at most {PARTS_COUNT_MAX} parts", f"{len(members)} parts")
    parts: dict[str, bytes] = {}
    unpacked_bytes = 0
    for info in members:
        where = f"part {quoted(info.filename)}"
        if _RUNS.search(info.filename):
            raise StatementRefused(where, "cells only", "a macro, an embedded or a linked file")
        if info.filename in parts:
            raise StatementRefused(where, "one part of that name", "two")
        if info.file_size > PART_BYTES_MAX:
            raise StatementRefused(where, f"at most {PART_BYTES_MAX} bytes unpacked", f"{info.file_size}")
        body = _unpacked_part(archive, info, where)
        unpacked_bytes += len(body)
        if unpacked_bytes > UNPACKED_BYTES_MAX:
            expected = f"at most {UNPACKED_BYTES_MAX} bytes unpacked"
            raise StatementRefused("the file", expected, "more: a zip bomb")
        _refuse_part(body, where)
        parts[info.filename] = body
    for name in _NEEDED:
        if name not in parts:
            raise StatementRefused("the file", f"{_STATEMENT}, with its part {name}", "a zip of other files")
    return parts


def _unpacked_part(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> bytes:
    body = archive.read(info)
    if len(body) != info.file_size:
        raise StatementRefused(where, f"{info.file_size} bytes, as its zip says", f"{len(body)}")
    return body


def _refuse_part(body: bytes, where: str) -> None:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise StatementRefused(where, "plain XML", "a document type, which can grow without end")
    if b"macroEnabled" in body:
        raise StatementRefused(where, "a workbook without macros", "one with macros")
    if b"sheetData" in body and (outside := _CELL_OUTSIDE.search(body)):
        found = quoted(body[outside.start() : outside.start() + 20])
        raise StatementRefused(where, "cells up to row 99999 and column AZ", f"a cell at {found}")


def _repacked(parts: Mapping[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    packed.seek(0)
    return packed


def _cells(packed: io.BytesIO) -> dict[str, list[Row]]:
    try:
        book = CalamineWorkbook.from_filelike(packed)
        names = book.sheet_names
        alike = [name.casefold() for name in names]
        twice = [name for name in names if alike.count(name.casefold()) > 1]
        if twice:
            raise StatementRefused(f"sheet {quoted(twice[0])}", "one sheet of that name", "two")
        return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names}
    except CalamineError as error:
        found = f"one that cannot be read ({quoted(str(error))})"
        raise StatementRefused("the file", _STATEMENT, found) from None
    except BaseException as error:
        if type(error).__name__ != _PANIC:
            raise
        raise StatementRefused("the file", _STATEMENT, "one that cannot be read") from None
