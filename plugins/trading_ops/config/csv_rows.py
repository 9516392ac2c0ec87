"""
The desk's own CSV, read exactly: one header, every cell in its column, each row with its line.

Pure. What cannot be used is refused with file, line, field and the accepted form.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from trading_ops.config.text import shown, unseen_at

# What each column of a file accepts, in its order: a pattern, and how a message says it.
Forms = Mapping[str, tuple[str, str]]

DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"


@dataclass(frozen=True)
class CsvRow:
    """One row of a file, its cells by column; `line` is that of its end, `error` what a mistake raises."""

    file: str
    line: int
    cells: Mapping[str, str]
    forms: Forms
    error: type[Exception]

    def __getitem__(self, field: str) -> str:
        return self.cells[field]

    def day(self, field: str) -> date | None:
        """Return a cell as a date, None when it is empty."""
        try:
            return date.fromisoformat(self[field]) if self[field] else None
        except ValueError:
            self.refuse(field)

    def refuse(self, field: str, found: str | None = None, accepted: str | None = None) -> NoReturn:
        """Raise the error of the file for a field: as it is written and by its form, or in other words."""
        refuse(
            self.error,
            self.file,
            self.line,
            field,
            shown(self[field]) if found is None else found,
            self.forms[field][1] if accepted is None else accepted,
        )


def read_rows(text: str, name: str, forms: Forms, error: type[Exception]) -> Iterator[CsvRow]:
    """
    Yield the rows of a CSV whose columns are those of `forms`; `name` is the file an `error` points at.

    A byte order mark is passed over, and so is a row without a word. Raises `error` for the first mistake;
    a character that cannot be seen is one, whatever the form of its cell.
    """
    columns = tuple(forms)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = next(reader, [])
        if tuple(header) != columns:
            refuse(error, name, 1, "header", _told_header(header, columns), f"exactly {','.join(columns)}")
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(columns):
                refuse(error, name, reader.line_num, "row", f"{len(cells)} cells", f"{len(columns)} cells")
            stripped = dict(zip(columns, (cell.strip(" \t") for cell in cells), strict=True))
            row = CsvRow(name, reader.line_num, stripped, forms, error)
            for field, (pattern, _) in forms.items():
                if unseen_at(row[field]) is not None:
                    row.refuse(field, accepted="characters that can be seen, and plain blanks")
                if not re.fullmatch(pattern, row[field]):
                    row.refuse(field)
            yield row
    except csv.Error as problem:
        accepted = "cells in closed quotes or in none"
        if "field limit" in str(problem):
            accepted = "shorter cells; a quote that is never closed makes one of all that follows it"
        refuse(error, name, max(reader.line_num, 1), "row", str(problem), accepted)


def refuse(error: type[Exception], name: str, line: int, field: str, found: str, accepted: str) -> NoReturn:
    """Raise an error that names file, line, field and the accepted form."""
    raise error(f"{name}, line {line}, field {field}: {found}; accepted is {accepted}")


def _told_header(header: list[str], columns: tuple[str, ...]) -> str:
    """Return a header for a message; of a file with none of the columns, which is another's, its width."""
    if not header:
        return "nothing"
    is_alike = set(header) & set(columns) and all(re.fullmatch(r"\W*\w{1,30}\W*", cell) for cell in header)
    return shown(",".join(header)) if is_alike else f"{len(header)} cells of another file"
