"""
What a new universe file would change, said per symbol before anything is written.

Pure: two universes in, lines of text out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from trading_ops.universe.instruments import Universe, UniverseEntry


@dataclass(frozen=True)
class Change:
    """One symbol that is added, removed or changed; a changed one with (field, old, new) per field."""

    symbol: str
    kind: str
    fields: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        if self.kind != "changed":
            return f"{_SIGNS[self.kind]} {self.symbol}: {self.kind}"
        what = "; ".join(f"{name}: {old or '-'} -> {new or '-'}" for name, old, new in self.fields)
        return f"~ {self.symbol}: {what}"


_SIGNS = {"added": "+", "removed": "-"}


def diff(old: Universe, new: Universe) -> tuple[Change, ...]:
    """Return every difference in the rows of two universes, by symbol."""
    before = {entry.internal_symbol: entry for entry in old.entries}
    after = {entry.internal_symbol: entry for entry in new.entries}
    changes = []
    for symbol in sorted({*before, *after}):
        if symbol not in before:
            changes.append(Change(symbol, "added"))
        elif symbol not in after:
            changes.append(Change(symbol, "removed"))
        elif before[symbol] != after[symbol]:
            changed = tuple(_changed_fields(before[symbol], after[symbol]))
            changes.append(Change(symbol, "changed", changed))
    return tuple(changes)


def _changed_fields(old: UniverseEntry, new: UniverseEntry) -> Iterator[tuple[str, str, str]]:
    for field in fields(UniverseEntry):
        values = [_shown(getattr(entry, field.name)) for entry in (old, new)]
        if values[0] != values[1]:
            yield field.name, values[0], values[1]


def _shown(value) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
