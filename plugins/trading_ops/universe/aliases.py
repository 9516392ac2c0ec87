"""
Dated vendor names: which sessions of a vendor's symbol belong to which instrument.

A symbol can pass from one company to another (FB was somebody else's until 2003) and a company can
change its symbol (FB became META). Bars are joined by these spans and never by the symbol alone,
so the prices of two companies cannot become one series. Pure: text in, frozen values out.
"""

import csv
import io
from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import date

from trading_ops.config.csv_rows import DAY, CsvRow, read_rows
from trading_ops.universe.instruments import Alias, Universe, UniverseError

_FORMS = {
    "source": (r"[a-z][a-z0-9_]*", "a source name such as yahoo"),
    "vendor_symbol": (r"\^?[A-Z][A-Z0-9.=-]{0,11}", "a symbol in capitals such as FB or BRK-B"),
    "internal_symbol": (r"[A-Z][A-Z0-9.-]{0,11}", "a symbol of the universe"),
    "valid_from_date": (f"({DAY})?", "a day as YYYY-MM-DD, or nothing for an open end"),
    "valid_to_date": (f"({DAY})?", "a day as YYYY-MM-DD, or nothing for an open end"),
}
HEADER = ",".join(_FORMS)
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
    rows: dict[Alias, CsvRow] = {}
    for row in read_rows(text, name, _FORMS, UniverseError):
        alias = _alias(row)
        if sources is not None and alias.source not in sources:
            row.refuse("source", accepted=f"one of {', '.join(sorted(sources))}")
        if alias.internal_symbol not in {entry.internal_symbol for entry in universe.entries}:
            row.refuse("internal_symbol")
        _refuse_overlap(alias, row, rows)
        rows[alias] = row
    _refuse_shared_names(universe, rows)
    return replace(universe, aliases=tuple(rows))


def aliases_text(universe: Universe) -> str:
    """Return the dated names of a universe as the csv text with_aliases reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_FORMS)
    for alias in universe.aliases:
        days = {
            field: "" if getattr(alias, field) == open_end else getattr(alias, field)
            for field, open_end in _OPEN.items()
        }
        row = asdict(alias) | days
        writer.writerow([row[column] for column in _FORMS])
    return text.getvalue()


def _alias(row: CsvRow) -> Alias:
    days = {field: row.day(field) or open_end for field, open_end in _OPEN.items()}
    alias = Alias(**row.cells | days)
    if alias.valid_from_date > alias.valid_to_date:
        found = f"{alias.valid_to_date}, before it began on {alias.valid_from_date}"
        row.refuse("valid_to_date", found, "a day on or after valid_from_date")
    return alias


def _refuse_overlap(alias: Alias, row: CsvRow, rows: dict[Alias, CsvRow]) -> None:
    for other, earlier in rows.items():
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
                found = f"{value!r} in sessions that line {earlier.line} has as well"
                row.refuse(field, found, f"each session of a {field} once per source")


def _refuse_shared_names(universe: Universe, rows: dict[Alias, CsvRow]) -> None:
    """Refuse a dated symbol that is, at every date, another instrument's name at the source."""
    dated = {(alias.source, alias.internal_symbol) for alias in rows}
    for alias, row in rows.items():
        for entry in universe.entries:
            symbol = entry.internal_symbol
            if (alias.source, symbol) in dated or entry.name_at(alias.source) != alias.vendor_symbol:
                continue
            found = f"{alias.vendor_symbol!r}, which the universe gives to {symbol} at every date"
            row.refuse("vendor_symbol", found, f"a line for {symbol} with the sessions it has")
