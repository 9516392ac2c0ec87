"""
The rows of a vendor file as text columns that still know their line numbers.

Pure. Whatever is wrong with the text itself (a web page, a second header, a ragged or unreadable line)
is refused here, so the later checks see a rectangle of text.
"""

import re
from dataclasses import dataclass, replace
from typing import NoReturn

import numpy as np
import pyarrow as pa
from pyarrow import csv

from trading_ops.bars.refusal import FileRefused, Refusal
from trading_ops.sources.layout import header_of

_REPLY_FORM = "a file of comma-separated rows under a header line is expected"
# What numbers, days, missing prices, tickers and currencies are written with. Whatever else stands in a cell
# is told by its length alone: an answer with a key in it, or somebody's own file under a vendor's name.
_TELLABLE = re.compile(
    r"[+-]?|[+-]?[0-9.][0-9.,:/ +eE-]{0,31}|[nN]/?[aA]|NaN|nan|null|[+-]?inf"
    r"|[A-Z]{1,3}|\^?[A-Z0-9-]{1,10}\.US"
)


@dataclass(frozen=True)
class Rows:
    """A rectangle of text: `table` has one string column per header cell, `lines` the line of each row."""

    name: str
    header_line: str
    header_line_number: int
    table: pa.Table
    lines: np.ndarray

    def named(self, columns: tuple[str, ...]) -> "Rows":
        """Return the same rows with the layout's names for the columns."""
        return replace(self, table=self.table.rename_columns(list(columns)))

    def column(self, column: str) -> pa.Array:
        """Return one column as a single array of text."""
        chunks = self.table.column(column)
        return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()

    def floats(self, column: str) -> np.ndarray:
        """Return one column as floats, for comparing only; its syntax has been checked."""
        return self.column(column).cast(pa.float64()).to_numpy(zero_copy_only=False)

    def take(self, indices: np.ndarray) -> "Rows":
        """Return the chosen rows in the given order."""
        return replace(self, table=self.table.take(pa.array(indices)), lines=self.lines[indices])

    def text(self, index: int) -> str:
        """Return one row as the vendor wrote it, but for quotes and for cells that are not to be told."""
        cells = (self.table.column(place)[index].as_py() for place in range(self.table.num_columns))
        return ",".join(cell if _TELLABLE.fullmatch(cell) else "?" for cell in cells)

    def field(self, column: str) -> str:
        """Return the vendor's own name of a column."""
        return header_of(self.header_line)[self.table.column_names.index(column)]

    def refuse(self, is_bad: np.ndarray, column: str, reason: str) -> NoReturn:
        """Refuse the file for its first bad row; `{}` in the reason becomes what is told of its cell."""
        bad = np.flatnonzero(is_bad)
        index = int(bad[np.argmin(self.lines[bad])])
        self.refuse_row(index, column, reason.replace("{}", told(self.column(column)[index].as_py())))

    def refuse_row(self, index: int, column: str, reason: str) -> NoReturn:
        """Refuse the file for one row."""
        raise FileRefused(Refusal(self.name, int(self.lines[index]), self.field(column), reason))

    def refuse_header(self, reason: str) -> NoReturn:
        """Refuse the file for its header line."""
        raise FileRefused(Refusal(self.name, self.header_line_number, "header", reason))


def told(cell: str) -> str:
    """Return a cell for a message: as it stands in the file, or by its length."""
    return repr(cell) if _TELLABLE.fullmatch(cell) else f"a text of {len(cell)} characters"


def read_rows(body: bytes, name: str) -> Rows:
    """Return the rows under the header line, all columns as text, or raise FileRefused."""
    header_line, number, start = _header(body, name)
    if header_line.startswith(("<!", "<html", "{", "[")):
        _refuse(name, number, "file", f"a web page or error message, not data; {_REPLY_FORM}")
    if "\0" in header_line:
        _refuse(name, number, "header", f"not readable as UTF-8 text; {_REPLY_FORM}")
    if header_line.count(";") > 2:
        _refuse(name, number, "header", f"cells separated by semicolons; {_REPLY_FORM}")
    if "," not in header_line:
        _refuse(name, number, "file", f"{len(body)} bytes of text without a comma, not data; {_REPLY_FORM}")
    columns = [str(index) for index in range(len(header_of(header_line)))]
    if not body[start:].strip():
        table = pa.table({column: pa.array([], pa.string()) for column in columns})
        return Rows(name, header_line, number, table, np.empty(0, np.int64))
    try:
        table = csv.read_csv(
            pa.BufferReader(pa.py_buffer(body).slice(start)),
            # One block: a row can then never straddle two, and the columns come as single arrays.
            read_options=csv.ReadOptions(
                column_names=columns, use_threads=False, block_size=max(len(body), 1)
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        _refuse_ragged(body, start, number, name, len(columns))
    return Rows(name, header_line, number, table, _line_numbers(body, start, number, len(table)))


def _header(body: bytes, name: str) -> tuple[str, int, int]:
    """Return the first line that is not blank, its number and where the next one starts."""
    start, number = 0, 1
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        line = body[start:end].strip()
        if line:
            break
        start, number = end + 1, number + 1
    else:
        _refuse(name, 1, "file", f"it is empty; {_REPLY_FORM}")
    try:
        return line.decode("utf-8-sig"), number, end + 1
    except UnicodeDecodeError:
        _refuse(name, number, "header", f"not readable as UTF-8 text; {_REPLY_FORM}")


def _line_numbers(body: bytes, start: int, header_number: int, row_count: int) -> np.ndarray:
    first = header_number + 1
    plain = np.arange(first, first + row_count)
    if body.count(b"\n", start) + (not body.endswith(b"\n")) == row_count:
        return plain
    # Blank lines are skipped as rows but counted as lines.
    filled = [number for number, line in enumerate(body[start:].split(b"\n"), first) if line.strip()]
    return np.array(filled) if len(filled) == row_count else plain


def _refuse_ragged(body: bytes, start: int, header_number: int, name: str, width: int) -> NoReturn:
    for number, line in enumerate(body[start:].split(b"\n"), header_number + 1):
        try:
            cells = line.decode().rstrip("\r").split(",")
        except UnicodeDecodeError:
            _refuse(name, number, "row", "not readable as UTF-8 text")
        if line.strip() and len(cells) != width:
            _refuse(name, number, "row", f"{len(cells)} cells; the header has {width}")
    _refuse(name, header_number, "file", f"not readable as csv; {_REPLY_FORM}")


def _refuse(name: str, line: int, field: str, reason: str) -> NoReturn:
    raise FileRefused(Refusal(name, line, field, reason))
