"""
Dated vendor names: which sessions of a vendor's symbol belong to which instrument.

A symbol can pass from one company to another (FB was somebody else's until 2003) and a company can
change its symbol (FB became META). Bars are joined by these spans and never by the symbol alone,
so the prices of two companies cannot become one series. Pure: text in, frozen values out.
"""

import csv
import io
import re
from collections.abc import Collection
from dataclasses import asdict, fields, replace
from datetime import date

from trading_ops.universe.instruments import Alias, Universe, UniverseError

COLUMNS = tuple(field.name for field in fields(Alias))
HEADER = ",".join(COLUMNS)

_FORMS = {
    "source": (r"[a-z][a-z0-9_]*", "a source name such as yahoo"),
    "vendor_symbol": (r"\^?[A-Z][A-Z0-9.=-]{0,11}", "a symbol in capitals such as FB or BRK-B"),
    "internal_symbol": (r"[A-Z][A-Z0-9.-]{0,11}", "a symbol of the universe"),
    "valid_from_date": (r"(\d{4}-\d\d-\d\d)?", "a day as YYYY-MM-DD, or nothing for an open end"),
    "valid_to_date": (r"(\d{4}-\d\d-\d\d)?", "a day as YYYY-MM-DD, or nothing for an open end"),
}
# The end of a span that is left open.
_OPEN = {"valid_from_date": date.min, "valid_to_date": date.max}


def with_aliases(
    universe: Universe, text: str, name: str, sources: Collection[str] | None = None
) -> Universe:
    """
    Return the universe with the dated names a csv text lists.

    `sources` are the names a source may have, any by default. Raises UniverseError naming file,
    line, field and accepted form when a row is malformed or when a session of a vendor's symbol
    could belong to two instruments, or one of an instrument to two symbols of a vendor.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = next(reader, [])
    if tuple(header) != COLUMNS:
        _refuse(name, 1, "header", ",".join(header) or "nothing", f"exactly {HEADER}")
    lines: dict[Alias, int] = {}
    for cells in reader:
        line = reader.line_num
        if not any(cells):
            continue
        if len(cells) != len(COLUMNS):
            _refuse(name, line, "row", f"{len(cells)} cells", f"{len(COLUMNS)} cells")
        row = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))
        alias = _alias(row, name, line)
        if sources is not None and alias.source not in sources:
            accepted = f"one of {', '.join(sorted(sources))}"
            _refuse(name, line, "source", repr(alias.source), accepted)
        if alias.internal_symbol not in {entry.internal_symbol for entry in universe.entries}:
            _refuse(name, line, "internal_symbol", repr(alias.internal_symbol), _FORMS["internal_symbol"][1])
        _refuse_overlap(alias, lines, name, line)
        lines[alias] = line
    _refuse_shared_names(universe, lines, name)
    return replace(universe, aliases=tuple(lines))


def aliases_text(universe: Universe) -> str:
    """Return the dated names of a universe as the csv text with_aliases reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for alias in universe.aliases:
        days = {
            field: "" if getattr(alias, field) == open_end else getattr(alias, field)
            for field, open_end in _OPEN.items()
        }
        row = asdict(alias) | days
        writer.writerow([row[column] for column in COLUMNS])
    return text.getvalue()


def _alias(row: dict[str, str], name: str, line: int) -> Alias:
    for field, (pattern, accepted) in _FORMS.items():
        if not re.fullmatch(pattern, row[field]):
            _refuse(name, line, field, repr(row[field]), accepted)
    days = {}
    for field, open_end in _OPEN.items():
        try:
            days[field] = date.fromisoformat(row[field]) if row[field] else open_end
        except ValueError:
            _refuse(name, line, field, repr(row[field]), _FORMS[field][1])
    alias = Alias(**row | days)
    if alias.valid_from_date > alias.valid_to_date:
        found = f"{alias.valid_to_date}, before it began on {alias.valid_from_date}"
        _refuse(name, line, "valid_to_date", found, "a day on or after valid_from_date")
    return alias


def _refuse_overlap(alias: Alias, lines: dict[Alias, int], name: str, line: int) -> None:
    for other, earlier_line in lines.items():
        is_apart = (
            other.source != alias.source
            or other.valid_to_date < alias.valid_from_date
            or alias.valid_to_date < other.valid_from_date
        )
        if is_apart:
            continue
        for field in ("vendor_symbol", "internal_symbol"):
            value = getattr(alias, field)
            if value == getattr(other, field):
                found = f"{value!r} in sessions that line {earlier_line} has as well"
                _refuse(name, line, field, found, f"each session of a {field} once per source")


def _refuse_shared_names(universe: Universe, lines: dict[Alias, int], name: str) -> None:
    """Refuse a dated symbol that is, at every date, another instrument's name at the source."""
    dated = {(alias.source, alias.internal_symbol) for alias in lines}
    for alias, line in lines.items():
        for entry in universe.entries:
            symbol = entry.internal_symbol
            if (alias.source, symbol) in dated or entry.name_at(alias.source) != alias.vendor_symbol:
                continue
            found = f"{alias.vendor_symbol!r}, which the universe gives to {symbol} at every date"
            _refuse(name, line, "vendor_symbol", found, f"a line for {symbol} with the sessions it has")


def _refuse(name: str, line: int, field: str, found: str, accepted: str):
    raise UniverseError(f"{name}, line {line}, field {field}: {found}; accepted is {accepted}")
