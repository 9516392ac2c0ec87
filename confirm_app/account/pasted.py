"""
A portfolio table as a person copies it from the broker's page, read into names and units.

Pure. Columns lie between tabs or several blanks, or each cell stands on a line of its own. What can be read
in two ways is not read: it is handed back with the reason. Units stay text, the form's own field reads them;
only where a table's other figures show which mark is before its decimals, `1.375` is written unmistakably.
"""

import re
from collections.abc import Iterator, Mapping
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
    """One stock of the table by its symbol, or by a name nobody knows; its units as they stand there."""

    name: str
    units: str
    line: str


@dataclass(frozen=True)
class UnreadRow:
    """A line that is not understood and why, or one that says nothing of units and is left out."""

    line: str
    why: str
    is_left_out: bool = False


def rows_of_table(text: str, symbol_of: Mapping[str, str]) -> tuple[list[PastedRow], list[UnreadRow]]:
    """Return what a copied table says; `symbol_of` has the stock of each name, as names.as_named writes."""
    read: list[PastedRow] = []
    unread: list[UnreadRow] = []
    heading: list[str] = []
    has_points = bool(_POINT_DECIMALS.search(text)) and not _COMMA_DECIMALS.search(text)
    for cells in _records(text, symbol_of):
        if any(as_named(cell) in _UNITS_HEADINGS for cell in cells):
            heading = [as_named(cell) for cell in cells]
            continue
        row = _read_row(cells, heading, symbol_of)
        if isinstance(row, UnreadRow):
            unread.append(row)
        elif has_points and _TWO_READINGS.fullmatch(row.units):
            read.append(replace(row, units=as_typed(Decimal(row.units.replace(",", "")))))
        else:
            read.append(row)
    return read, unread


def _records(text: str, symbol_of: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the cells of each row; cells on lines of their own belong to the name above them."""
    stacked: list[str] = []
    for line in filter(str.strip, text.splitlines()):
        cells = _cells(line.strip(), symbol_of)
        is_name = len(cells) == 1 and _stock(cells[0], symbol_of) is not None
        # Symbol and full name stand below each other, and a heading above the first name.
        is_next = is_name and (
            any(map(_is_figure, stacked)) or not any(_stock(cell, symbol_of) for cell in stacked)
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


def _cells(line: str, symbol_of: Mapping[str, str]) -> list[str]:
    if "\t" in line:
        return [cell.strip() for cell in line.split("\t")]
    cells = _BLANKS.split(line)
    return cells if len(cells) > 1 and not _stock(line, symbol_of) else _split_words(line, symbol_of)


def _split_words(cell: str, symbol_of: Mapping[str, str]) -> list[str]:
    """Return a name and the figures behind it, where single blanks are all there is between them."""
    words = cell.split()
    if _stock(cell, symbol_of) or _is_figure(cell):
        return [cell]
    for count in range(len(words) - 1, 0, -1):
        if _stock(" ".join(words[:count]), symbol_of) and _NUMBER.fullmatch(words[count]):
            return [" ".join(words[:count]), *_figures(words[count:])]
    count = next((place for place, word in enumerate(words) if _NUMBER.fullmatch(word)), 0)
    return [" ".join(words[:count]), *_figures(words[count:])] if count else [cell]


def _figures(words: list[str]) -> list[str]:
    if len(words) == 2 and words[1].lower() in ("unit", "units"):
        return [" ".join(words)]
    return words


def _read_row(cells: list[str], heading: list[str], symbol_of: Mapping[str, str]) -> PastedRow | UnreadRow:
    line = "\t".join(cells)
    known = {cell: stock for cell in cells if (stock := _stock(cell, symbol_of))}
    if len(set(known.values())) > 1:
        return UnreadRow(line, f"it names {' and '.join(known)}: one stock to a line")
    words = [cell for cell in cells if cell and not _is_figure(cell)]
    name = next(iter(known or words), "")
    found = _units_of([cell for cell in cells if cell not in (known or [name])], heading)
    if name and len(found) == 1:
        return PastedRow(known.get(name, " ".join(name.split())), found[0], line)
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


def _stock(cell: str, symbol_of: Mapping[str, str]) -> str | None:
    """Return the stock a cell names, also as what was bought of it: `Buy ALDR`."""
    name = as_named(cell)
    return symbol_of.get(name) or symbol_of.get(name.removeprefix("BUY "))


def _is_figure(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(cell) or _WITH_WORD.fullmatch(cell))
