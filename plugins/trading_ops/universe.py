"""
The universe: which instruments the desk knows, what each vendor calls them, and which may be bought.

Pure: text in, a frozen value out. Two files with the same rows in another order are the same
universe and have the same hash.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property

DEFAULT_BENCHMARK = "SPY"


class UniverseError(Exception):
    """A universe the desk cannot use; the message names file, line, field and the accepted form."""


@dataclass(frozen=True)
class UniverseEntry:
    """
    One instrument.

    `vendor_symbol` is what Alpha Vantage and the simulated market call it; Stooq and Yahoo have a
    name of their own or do not carry it. `etoro_search_name` is what a person types on eToro.
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


COLUMNS = tuple(field.name for field in fields(UniverseEntry))

_SYMBOL_FORM = "a symbol in capitals such as AAPL or BRK.B"
# What each field accepts: a pattern, and how a message says it.
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
}
_UNIQUE = ("internal_symbol", "vendor_symbol", "stooq_symbol", "yahoo_symbol")


@dataclass(frozen=True)
class Universe:
    """A set of instruments; build it with parse_universe or universe_from_symbols, which check it."""

    entries: tuple[UniverseEntry, ...]

    @cached_property
    def universe_hash(self) -> str:
        """SHA-256 of the content, whatever the order of its rows."""
        rows = sorted(
            (asdict(entry) for entry in self.entries), key=lambda row: row["internal_symbol"]
        )
        content = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def benchmark(self) -> UniverseEntry | None:
        """The instrument whose bar proves that the exchange was open, if there is one."""
        return next((entry for entry in self.entries if entry.is_benchmark), None)


def parse_universe(text: str, name: str) -> Universe:
    """Return the universe a csv text describes, or raise UniverseError for the first thing wrong with it."""
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    header = next(reader, [])
    if tuple(header) != COLUMNS:
        _refuse(name, 1, "header", ",".join(header) or "nothing", f"exactly {','.join(COLUMNS)}")
    entries, seen = [], {}
    for cells in reader:
        line = reader.line_num
        if not any(cells):
            continue
        if len(cells) != len(COLUMNS):
            _refuse(name, line, "row", f"{len(cells)} cells", f"{len(COLUMNS)} cells")
        row = dict(zip(COLUMNS, (cell.strip() for cell in cells), strict=True))
        entries.append(_entry(row, name, line))
        _refuse_repeated(row, seen, name, line)
    if not any(entry.is_enabled for entry in entries):
        _refuse(name, 1, "is_enabled", "no row with true", "at least one enabled row")
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


def universe_from_symbols(
    symbols: Iterable[str], known: Universe, benchmark: str | None = None
) -> Universe:
    """
    Return the universe of a folder of vendor files.

    A row of `known` that carries one of the symbols is taken over, enabled or not; any other
    symbol becomes a tradable stock under its own name. The benchmark is SPY when it is among them,
    else the named symbol; it may be a stock. Raises UniverseError when there is none.
    """
    by_symbol = {symbol: entry for entry in known.entries for symbol in _names(entry)}
    entries: dict[str, UniverseEntry] = {}
    for symbol in sorted(set(symbols)):
        entry = by_symbol.get(symbol) or _derived(symbol)
        entries.setdefault(entry.internal_symbol, replace(entry, is_benchmark=False))
    if not entries:
        raise UniverseError(
            "the files: no symbol with bars in them; expected at least one accepted file of bars"
        )
    wanted = (benchmark or "").upper()
    chosen = next((name for name in (DEFAULT_BENCHMARK, wanted) if name in entries), None)
    if chosen is None:
        found = (
            f"{wanted!r} is not among the symbols"
            if wanted
            else f"{DEFAULT_BENCHMARK} is not among the symbols"
        )
        raise UniverseError(
            f"the files, field benchmark: {found}; name one of {', '.join(entries)}"
        )
    entries[chosen] = replace(entries[chosen], is_benchmark=True, is_enabled=True)
    return Universe(tuple(entries.values()))


def _entry(row: dict[str, str], name: str, line: int) -> UniverseEntry:
    for field, (pattern, accepted) in _FORMS.items():
        if not re.fullmatch(pattern, row[field]):
            _refuse(name, line, field, repr(row[field]), accepted)
    entry = UniverseEntry(
        **row
        | {
            field: row[field] == "true"
            for field in ("is_benchmark", "is_tradable_underlying", "is_enabled")
        }
        | {field: row[field] or None for field in ("stooq_symbol", "yahoo_symbol")}
    )
    if entry.is_tradable_underlying and entry.instrument_type != "stock":
        _refuse(
            name,
            line,
            "is_tradable_underlying",
            f"true for an {entry.instrument_type}",
            "true for a stock only",
        )
    if entry.is_benchmark and not entry.is_enabled:
        _refuse(name, line, "is_enabled", "false for the benchmark", "an enabled benchmark")
    return entry


def _refuse_repeated(
    row: dict[str, str], seen: dict[tuple[str, str], int], name: str, line: int
) -> None:
    for field in _UNIQUE:
        earlier = seen.setdefault((field, row[field]), line) if row[field] else line
        if earlier != line:
            _refuse(
                name, line, field, f"{row[field]!r}, already on line {earlier}", "each symbol once"
            )
    if row["is_benchmark"] == "true":
        earlier = seen.setdefault(("is_benchmark", "true"), line)
        if earlier != line:
            _refuse(name, line, "is_benchmark", f"true, already on line {earlier}", "one benchmark")


def _names(entry: UniverseEntry) -> set[str]:
    return {entry.internal_symbol, entry.vendor_symbol, entry.stooq_symbol, entry.yahoo_symbol} - {
        None
    }


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


def _refuse(name: str, line: int, field: str, found: str, accepted: str):
    raise UniverseError(f"{name}, line {line}, field {field}: {found}; accepted is {accepted}")
