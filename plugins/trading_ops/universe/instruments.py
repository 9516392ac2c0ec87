"""
The universe: which instruments the desk knows, what each vendor calls them, and which may be bought.

Pure: text in, a frozen value out. Two files with the same rows in another order are the same
universe and have the same hash. The dated names of `aliases` are part of it.
"""

import csv
import hashlib
import io
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from functools import cached_property

from trading_ops.config.csv_rows import DAY, CsvRow, read_rows, refuse

DEFAULT_BENCHMARK = "SPY"


class UniverseError(Exception):
    """A universe the desk cannot use; the message names file, line, field and the accepted form."""


@dataclass(frozen=True)
class UniverseEntry:
    """
    One instrument.

    `vendor_symbol` is what Alpha Vantage and the simulated market call it; Stooq and Yahoo have a
    name of their own or do not carry it. `etoro_search_name` is what a person types on eToro, and
    `verified_by` and `verified_at` say who found the stock there under that name, and when.
    """

    internal_symbol: str
    vendor_symbol: str
    stooq_symbol: str | None
    yahoo_symbol: str | None
    etoro_search_name: str
    currency: str
    instrument_type: str
    is_benchmark: bool
    is_tradable_underlying: bool
    is_enabled: bool
    notes: str = ""
    verified_by: str = ""
    verified_at: date | None = None

    def name_at(self, source: str) -> str | None:
        """Return what a source calls the instrument today, or None when it does not carry it."""
        own = {"stooq": self.stooq_symbol, "yahoo": self.yahoo_symbol}
        return own.get(source, self.vendor_symbol)


@dataclass(frozen=True)
class Alias:
    """
    A vendor's symbol that meant an instrument from one session to another, both included.

    An open end is date.min or date.max. An instrument with an alias at a source has only its
    aliases there; one without has the name of its universe row at every date.
    """

    source: str
    vendor_symbol: str
    internal_symbol: str
    valid_from_date: date
    valid_to_date: date


_SYMBOL_FORM = "a symbol in capitals such as AAPL or BRK.B"
_FORMS = {
    "internal_symbol": (r"[A-Z][A-Z0-9.-]{0,11}", _SYMBOL_FORM),
    "vendor_symbol": (r"\^?[A-Z][A-Z0-9.=-]{0,11}", _SYMBOL_FORM),
    "stooq_symbol": (r"(\^?[A-Z][A-Z0-9.-]{0,11})?", f"{_SYMBOL_FORM}, without .US, or nothing"),
    "yahoo_symbol": (r"(\^?[A-Z][A-Z0-9.=-]{0,11})?", f"{_SYMBOL_FORM}, or nothing"),
    "etoro_search_name": (r"\S.{0,99}", "1 to 100 characters"),
    "currency": (r"USD", "USD"),
    "instrument_type": (r"stock|etf|index", "stock, etf or index"),
    "is_benchmark": (r"true|false", "true or false"),
    "is_tradable_underlying": (r"true|false", "true or false"),
    "is_enabled": (r"true|false", "true or false"),
    "notes": (r".{0,300}", "at most 300 characters"),
    "verified_by": (r".{0,100}", "a name of at most 100 characters, or nothing"),
    "verified_at": (f"({DAY})?", "a day as YYYY-MM-DD, or nothing"),
}
_UNIQUE = ("internal_symbol", "vendor_symbol", "stooq_symbol", "yahoo_symbol")


@dataclass(frozen=True)
class Universe:
    """A set of instruments; build it with parse_universe or universe_from_symbols, which check it."""

    entries: tuple[UniverseEntry, ...]
    aliases: tuple[Alias, ...] = ()

    @cached_property
    def universe_hash(self) -> str:
        """SHA-256 of the content, whatever the order of its rows."""
        content = {"entries": _rows(self.entries), "aliases": _rows(self.aliases)}
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def benchmark(self) -> UniverseEntry | None:
        """The instrument whose bar proves that the exchange was open, if there is one."""
        return next((entry for entry in self.entries if entry.is_benchmark), None)

    def names(self, sources: Iterable[str]) -> tuple[Alias, ...]:
        """Return every dated name of every instrument at some sources, at all dates where undated."""
        dated = {(alias.source, alias.internal_symbol) for alias in self.aliases}
        sources = tuple(sources)
        undated = (
            Alias(source, name, entry.internal_symbol, date.min, date.max)
            for source in sources
            for entry in self.entries
            if (source, entry.internal_symbol) not in dated and (name := entry.name_at(source)) is not None
        )
        return (*(alias for alias in self.aliases if alias.source in sources), *undated)

    def without(self, symbols: Collection[str]) -> "Universe":
        """
        Return this universe with some internal symbols disabled.

        A benchmark is still needed to judge the data, so it is only taken out of what may be bought.
        """
        return replace(
            self,
            entries=tuple(
                replace(entry, **_NOT_BOUGHT[entry.is_benchmark])
                if entry.internal_symbol in symbols
                else entry
                for entry in self.entries
            ),
        )


_NOT_BOUGHT = {False: {"is_enabled": False}, True: {"is_tradable_underlying": False}}


def parse_universe(text: str, name: str, today: date = date.max) -> Universe:
    """Return the universe of a csv text, nothing of it verified after `today`. Raises UniverseError."""
    entries, seen = [], {}
    for row in read_rows(text, name, _FORMS, UniverseError):
        entries.append(_entry(row, today))
        _refuse_repeated(row, seen)
    if not any(entry.is_enabled for entry in entries):
        refuse(UniverseError, name, 1, "is_enabled", "no row with true", "at least one enabled row")
    return Universe(tuple(entries))


def universe_text(universe: Universe) -> str:
    """Return a universe as the csv that parse_universe reads."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = [field.name for field in fields(UniverseEntry)]
    writer.writerow(names)
    for entry in universe.entries:
        values = (getattr(entry, name) for name in names)
        writer.writerow(
            "" if value is None else str(value).lower() if isinstance(value, bool) else value
            for value in values
        )
    return buffer.getvalue()


def universe_from_symbols(symbols: Iterable[str], known: Universe, benchmark: str | None = None) -> Universe:
    """
    Return the universe of a folder of vendor files.

    A row of `known` that carries one of the symbols is taken over, enabled or not and with its dated names;
    any other symbol becomes a tradable stock under its own name. The benchmark is SPY when it is among them,
    else the named symbol; it may be a stock. Raises UniverseError when there is none.
    """
    by_name = {entry.internal_symbol: entry for entry in known.entries}
    by_symbol = {alias.vendor_symbol: by_name[alias.internal_symbol] for alias in known.aliases}
    by_symbol |= {symbol: entry for entry in known.entries for symbol in _names(entry)}
    entries: dict[str, UniverseEntry] = {}
    for symbol in sorted(set(symbols)):
        entry = by_symbol.get(symbol) or _derived(symbol)
        entries.setdefault(entry.internal_symbol, replace(entry, is_benchmark=False))
    if not entries:
        raise UniverseError(
            "the files: no symbol with bars in them; expected at least one accepted file of bars"
        )
    wanted = (benchmark or DEFAULT_BENCHMARK).upper()
    chosen = next((name for name in (DEFAULT_BENCHMARK, wanted) if name in entries), None)
    if chosen is None:
        found = f"{wanted!r} is not among the symbols"
        raise UniverseError(f"the files, field benchmark: {found}; name one of {', '.join(entries)}")
    entries[chosen] = replace(entries[chosen], is_benchmark=True, is_enabled=True)
    aliases = tuple(alias for alias in known.aliases if alias.internal_symbol in entries)
    return Universe(tuple(entries.values()), aliases)


def _entry(row: CsvRow, today: date) -> UniverseEntry:
    flags = ("is_benchmark", "is_tradable_underlying", "is_enabled")
    entry = UniverseEntry(
        **row.cells
        | {field: row[field] == "true" for field in flags}
        | {field: row[field] or None for field in ("stooq_symbol", "yahoo_symbol")}
        | {"verified_at": row.day("verified_at")}
    )
    if bool(entry.verified_by) != (entry.verified_at is not None):
        found = "empty" if entry.verified_at else f"empty, but verified by {entry.verified_by!r}"
        field = "verified_by" if entry.verified_at else "verified_at"
        row.refuse(field, found, "both verified_by and verified_at, or neither")
    if entry.verified_at and not date(2000, 1, 1) <= entry.verified_at <= today:
        row.refuse("verified_at", accepted=f"a day from 2000-01-01 to {today}")
    if entry.is_tradable_underlying and entry.instrument_type != "stock":
        row.refuse("is_tradable_underlying", f"true for an {entry.instrument_type}", "true for a stock only")
    if entry.is_benchmark and not entry.is_enabled:
        row.refuse("is_enabled", "false for the benchmark", "an enabled benchmark")
    return entry


def _refuse_repeated(row: CsvRow, seen: dict[tuple[str, str], int]) -> None:
    for field in _UNIQUE:
        earlier = seen.setdefault((field, row[field]), row.line) if row[field] else row.line
        if earlier != row.line:
            row.refuse(field, f"{row[field]!r}, already on line {earlier}", "each symbol once")
    if row["is_benchmark"] == "true":
        earlier = seen.setdefault(("is_benchmark", "true"), row.line)
        if earlier != row.line:
            row.refuse("is_benchmark", f"true, already on line {earlier}", "one benchmark")


def _rows(records: Iterable) -> list[str]:
    return sorted(json.dumps(asdict(record), sort_keys=True, default=str) for record in records)


def _names(entry: UniverseEntry) -> set[str]:
    return {entry.internal_symbol, entry.vendor_symbol, entry.stooq_symbol, entry.yahoo_symbol} - {None}


def _derived(symbol: str) -> UniverseEntry:
    return UniverseEntry(
        internal_symbol=symbol,
        vendor_symbol=symbol,
        stooq_symbol=symbol,
        yahoo_symbol=symbol,
        etoro_search_name=symbol,
        currency="USD",
        instrument_type="stock",
        is_benchmark=False,
        is_tradable_underlying=True,
        is_enabled=True,
        notes="derived from a file name; what it is was not checked",
    )
