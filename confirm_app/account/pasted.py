"""
A portfolio table as a person copies it from the broker's page, read into names and units.

Pure. Columns lie between tabs or several blanks, or each cell stands on a line of its own. What can be read
in two ways is not read: it is handed back with the reason. Units stay text, the form's own field reads them;
only where a table's other figures show which mark is before its decimals, `1.375` is written unmistakably.
"""

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from confirm_app.forms.figures import as_typed
from trading_ops.universe.names import as_named

_BLANKS = re.compile(r"\s{2,}")
_PLAIN = re.compile(r"[0-9.][0-9.,\s]*")
_NUMBER = re.compile(r"[-+\u2212(]?\s*[$£€]?\s*[0-9.][0-9.,\s]*[$£€%)]*")
_WITH_WORD = re.compile(r"(?:units?\s*:?\s*)([0-9.][0-9.,\s]*)|([0-9.][0-9.,\s]*)units?", re.IGNORECASE)
# Behind the mark before decimals stand as many digits as there are, between thousands always three.
_POINT_DECIMALS = re.compile(r"[0-9]\.(?:[0-9]{1,2}|[0-9]{4,})(?![0-9])")
_COMMA_DECIMALS = re.compile(r"[0-9],(?:[0-9]{1,2}|[0-9]{4,})(?![0-9])")
_TWO_READINGS = re.compile(r"[0-9]{1,3}[,.][0-9]{3}")
_UNITS_HEADINGS = {"UNITS", "UNIT"}
_NAME_HEADINGS = {"ASSET", "INSTRUMENT", "MARKET", "MARKETS", "NAME", "STOCK", "SYMBOL", "TICKER"}


@dataclass(frozen=True)
class PastedRow:
    """One stock of the table, its units as they stand there, and its line."""

    name: str
    units: str
    line: str


@dataclass(frozen=True)
class UnreadRow:
    """A line that is not understood and why, or one that says nothing of units and is left out."""

    line: str
    why: str
    is_left_out: bool = False


def rows_of_table(text: str, names: Container[str]) -> tuple[list[PastedRow], list[UnreadRow]]:
    """Return what a copied table says; `names` has what stocks are called, as names.as_named writes it."""
    read: list[PastedRow] = []
    unread: list[UnreadRow] = []
    heading: list[str] = []
    has_points = bool(_POINT_DECIMALS.search(text)) and not _COMMA_DECIMALS.search(text)
    for cells in _records(text, names):
        if any(as_named(cell) in _UNITS_HEADINGS for cell in cells):
            heading = [as_named(cell) for cell in cells]
            continue
        row = _read_row(cells, heading, names)
        if isinstance(row, UnreadRow):
            unread.append(row)
        elif has_points and _TWO_READINGS.fullmatch(row.units):
            read.append(replace(row, units=as_typed(Decimal(row.units.replace(",", "")))))
        else:
            read.append(row)
    return read, unread


def _records(text: str, names: Container[str]) -> Iterator[list[str]]:
    """Yield the cells of each row; cells on lines of their own belong to the name above them."""
    stacked: list[str] = []
    for line in filter(str.strip, text.splitlines()):
        cells = _cells(line.strip(), names)
        is_name = len(cells) == 1 and as_named(cells[0]) in names
        # Symbol and full name stand below each other, and a heading above the first name.
        is_next = is_name and (
            any(map(_is_figure, stacked)) or not any(as_named(cell) in names for cell in stacked)
        )
        if stacked and (len(cells) > 1 or is_next):
            yield stacked
            stacked = []
        if len(cells) > 1:
            yield cells
        else:
            stacked += cells
    if stacked:
        yield stacked


def _cells(line: str, names: Container[str]) -> list[str]:
    if "\t" in line:
        return [cell.strip() for cell in line.split("\t")]
    cells = _BLANKS.split(line)
    return cells if len(cells) > 1 and as_named(line) not in names else _split_words(line, names)


def _split_words(cell: str, names: Container[str]) -> list[str]:
    """Return a name and the figures behind it, where single blanks are all there is between them."""
    words = cell.split()
    if as_named(cell) in names or _is_figure(cell):
        return [cell]
    for count in range(len(words) - 1, 0, -1):
        if as_named(" ".join(words[:count])) in names and _NUMBER.fullmatch(words[count]):
            return [" ".join(words[:count]), *_figures(words[count:])]
    count = next((place for place, word in enumerate(words) if _NUMBER.fullmatch(word)), 0)
    return [" ".join(words[:count]), *_figures(words[count:])] if count else [cell]


def _figures(words: list[str]) -> list[str]:
    if len(words) == 2 and words[1].lower() in ("unit", "units"):
        return [" ".join(words)]
    return words


def _read_row(cells: list[str], heading: list[str], names: Container[str]) -> PastedRow | UnreadRow:
    line = "\t".join(cells)
    known = [cell for cell in cells if as_named(cell) in names]
    words = [cell for cell in cells if cell and not _is_figure(cell)]
    name = next(iter(known or words), "")
    found = _units_of([cell for cell in cells if cell not in (known or [name])], heading)
    if name and len(found) == 1:
        return PastedRow(" ".join(name.split()), found[0], line)
    if not name:
        return UnreadRow(line, "no name of a stock is in it", not found)
    if found:
        return UnreadRow(
            line, f"which of {' and '.join(found)} are the units? Type them into the row of {name}"
        )
    return UnreadRow(line, f"no units of {name} are in it", not known)


def _units_of(cells: list[str], heading: list[str]) -> list[str]:
    """Return every figure that may be the units: one, where the row is understood."""
    worded = [found for cell in cells if (found := _WITH_WORD.fullmatch(cell))]
    if worded:
        return [(found[1] or found[2]).strip() for found in worded]
    columns = [name for name in heading if name not in _NAME_HEADINGS]
    place = next((number for number, name in enumerate(columns) if name in _UNITS_HEADINGS), None)
    if place is not None and len(cells) == len(columns) and _PLAIN.fullmatch(cells[place]):
        return [cells[place]]
    return [cell for cell in cells if _PLAIN.fullmatch(cell)]


def _is_figure(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell) or _WITH_WORD.fullmatch(cell))
