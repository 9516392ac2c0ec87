"""
What is said about a statement that was not accepted: where, what was expected there, and what was found.

Pure.
"""

from typing import NamedTuple

# More of a cell than this says nothing more, and a cell may hold anything.
_SHOWN_LENGTH_MAX = 60


class Place(NamedTuple):
    """Where a cell stands, as a person finds it in the file."""

    sheet: str
    row_number: int
    column: str = ""

    def __str__(self) -> str:
        column = f", column {quoted(self.column)}" if self.column else ""
        return f"sheet {quoted(self.sheet)}, row {self.row_number}{column}"


class StatementRefused(Exception):
    """
    Nothing of a statement may be stored; the message names the place, what was expected and what was found.
    """

    def __init__(self, where: Place | str, expected: str, found: str) -> None:
        super().__init__(f"{where}: expected {expected}; found {found}")


def quoted(cell: object) -> str:
    """Return what a cell holds as one short line that shows what cannot be seen."""
    if cell is None or cell == "":
        return "nothing"
    text = repr(cell)
    text = text if text.isprintable() else ascii(cell)
    return text if len(text) <= _SHOWN_LENGTH_MAX else f"{text[:_SHOWN_LENGTH_MAX]}..."
