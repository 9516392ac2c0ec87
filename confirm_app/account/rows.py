"""
The rows of the snapshot form: one per holding of the books, and those a person adds.

Pure. A row has a name, units, and a tick for a holding that the broker no longer shows; units are never
filled in by the page, because a person is to read them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ROWS_MAX = 500
_MORE = 3


@dataclass(frozen=True)
class Row:
    """
    What one row holds, as it was typed.

    `is_holding` says that the page made it for a holding, whose symbol is its name; `gone` is what its tick
    sent.
    """

    number: int
    name: str = ""
    units: str = ""
    gone: str = ""
    is_holding: bool = False

    @property
    def fields(self) -> dict[str, str]:
        """The row as the form's fields."""
        held = {f"row-{self.number}-holding": "yes"} if self.is_holding else {}
        gone = {f"row-{self.number}-gone": self.gone} if self.gone else {}
        return {f"row-{self.number}-name": self.name, f"row-{self.number}-units": self.units} | held | gone

    @property
    def is_empty(self) -> bool:
        """Whether nobody has written into a row that is nobody's."""
        return not (self.is_holding or self.name.strip() or self.units.strip())


def read_rows(fields: Mapping[str, str]) -> tuple[Row, ...]:
    """Return the rows of a form, the empty ones among them; what it says beyond the limit is not read."""
    text = fields.get("rows", "0")
    count = int(text) if text.isascii() and text.isdecimal() and len(text) < 5 else 0
    return tuple(
        Row(
            number,
            fields.get(f"row-{number}-name", ""),
            fields.get(f"row-{number}-units", ""),
            fields.get(f"row-{number}-gone", ""),
            fields.get(f"row-{number}-holding") == "yes",
        )
        for number in range(1, min(count, ROWS_MAX) + 1)
    )


def with_holdings(fields: Mapping[str, str], symbols: Iterable[str]) -> dict[str, str]:
    """Return a form's fields with a row for each symbol that has none, and one to write into."""
    rows = list(read_rows(fields))
    known = {row.name for row in rows if row.is_holding}
    rows = _added(rows, (Row(0, symbol, is_holding=True) for symbol in symbols if symbol not in known))
    return _as_fields(fields, rows if any(row.is_empty for row in rows) else _added(rows, [Row(0)]))


def with_more_rows(fields: Mapping[str, str]) -> dict[str, str]:
    """Return a form's fields with some more rows to write into."""
    return _as_fields(fields, _added(read_rows(fields), (Row(0) for _ in range(_MORE))))


def has_room(fields: Mapping[str, str]) -> bool:
    """Say whether one more stock finds a row."""
    rows = read_rows(fields)
    return len(rows) < ROWS_MAX or any(row.is_empty for row in rows)


def with_units(fields: Mapping[str, str], name: str, units: str, row: Row | None) -> dict[str, str]:
    """Return a form's fields with the units of a stock in its row, or in the first one that is empty."""
    rows = list(read_rows(fields))
    place = row or next((other for other in rows if other.is_empty), None)
    if place is None:
        return _as_fields(fields, _added(rows, [Row(0, name, units)]))
    filled = Row(place.number, place.name if row else name, units, place.gone, place.is_holding)
    return dict(fields) | filled.fields


def _added(rows: Iterable[Row], new: Iterable[Row]) -> list[Row]:
    found = list(rows)
    for row in new:
        if len(found) < ROWS_MAX:
            found.append(Row(len(found) + 1, row.name, row.units, is_holding=row.is_holding))
    return found


def _as_fields(fields: Mapping[str, str], rows: list[Row]) -> dict[str, str]:
    merged = dict(fields)
    for row in rows:
        merged |= row.fields
    return merged | {"rows": str(len(rows))}
