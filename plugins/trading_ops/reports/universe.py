"""
The validation report of the universe: which instrument has bars of which sessions, from whom, and
whether anybody has ever looked it up at the broker.

Read from the stored bars, so it says something on a morning when nothing could be built.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import psycopg

from trading_ops.config.files import read_policy
from trading_ops.db.connect import queries
from trading_ops.exchange import sessions
from trading_ops.reports.daily import NOT_BUILT
from trading_ops.reports.pages import rendered, write_pages
from trading_ops.settings import Settings
from trading_ops.universe.files import read_universe
from trading_ops.universe.instruments import Alias, Universe, UniverseEntry
from trading_ops.universe.stored import names_json
from trading_ops.universe.switches import disabled_symbols

# How many of the newest sessions the heat map shows.
SESSIONS_COUNT = 60

# What a session of an instrument can be, the worst last.
STATES = {
    "bar": "has a bar",
    "before": "before its history",
    "unfinished": "saved before the close",
    "missing": "no bar",
    "left_out": "the vendor's row was left out",
    "broken": "prices cannot be right",
}
_SOUND = ("bar", "before")


@dataclass(frozen=True)
class Stretch:
    """Neighbouring sessions of one state: where they start in the heat map, how many, which and why."""

    start: int
    count: int
    state: str
    title: str


@dataclass(frozen=True)
class Series:
    """One source's history of an instrument; dates and counts are empty when it has no bar."""

    source: str
    names: str
    first_date: date | None
    newest_date: date | None
    bars_count: int
    gaps_count: int
    missing_count: int
    newest_gap_end_date: date | None


@dataclass(frozen=True)
class SymbolReport:
    """One instrument: its row of the universe, its switch, its histories and its strip of the heat map."""

    entry: UniverseEntry
    switched_off: str
    series: tuple[Series, ...]
    stretches: tuple[Stretch, ...]
    bars_count: int
    problems: tuple[str, ...]

    @property
    def is_used(self) -> bool:
        """Whether runs ask for its bars."""
        return self.entry.is_enabled and not self.switched_off

    @property
    def best(self) -> Series | None:
        """The history that ends last, of the most trusted source where several do."""
        found = [one for one in self.series if one.newest_date]
        return max(found, key=lambda one: one.newest_date, default=None)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything a person should look at, the switch first."""
        off = (f"switched off: {self.switched_off}",) if self.switched_off else ()
        return off + self.problems


@dataclass(frozen=True)
class UniverseReport:
    """The whole report; `groups` are (heading, symbols) in the order they are read."""

    as_of_date: date
    is_simulated: bool
    universe_hash: str
    sources: Sequence[str]
    sessions: Sequence[date]
    groups: Sequence[tuple[str, Sequence[SymbolReport]]]
    counts: Mapping[str, int]
    coverage: Sequence[tuple[str, int, int]]
    is_examined: bool
    states: Mapping[str, str]


def write_universe_report(connection: psycopg.Connection, config: Settings) -> Path:
    """
    Write data/reports/universe_<session>.md and .html and return the HTML file.

    Works as desk_reader. Raises UniverseError, PolicyError or SettingsError for files of the desk
    that cannot be used.
    """
    universe, sources = read_universe(config), read_policy(config).market_data.source_order
    with connection.transaction():
        report = read_universe_report(connection, universe, sources)
    return write_pages(config, f"universe_{report.as_of_date}", rendered("universe", vars(report)))


def read_universe_report(
    connection: psycopg.Connection, universe: Universe, sources: Sequence[str]
) -> UniverseReport:
    """
    Collect the report of a universe as of the newest session whose bars are due, in the caller's transaction.
    """
    desk = queries.universe.desk(connection)
    as_of_date = sessions.newest_complete_session(desk["now_at"])
    known = sessions.sessions_between(date(1970, 1, 2), as_of_date)
    shown = known[-SESSIONS_COUNT:]
    names = universe.names(sources)
    span = {"names": names_json(names), "first_date": shown[0], "last_date": shown[-1]}
    histories = {
        (row["internal_symbol"], row["source"]): row
        for row in queries.universe.series(connection, names=span["names"], sessions=list(known))
    }
    found = _by_symbol(queries.universe.recent(connection, **span))
    left_out = _by_symbol(queries.universe.quarantined(connection, **span))
    examined = _examined(connection, shown[0])
    off = disabled_symbols(connection)
    symbols = []
    for entry in sorted(universe.entries, key=lambda one: one.internal_symbol):
        symbol = entry.internal_symbol
        series = tuple(_series(symbol, source, names, histories) for source in sources)
        states = _states(
            shown,
            min((one.first_date for one in series if one.first_date), default=None),
            found.get(symbol, {}),
            left_out.get(symbol, {}),
            (examined or {}).get(symbol, {}),
        )
        symbols.append(_symbol_report(entry, off.get(symbol, ""), series, shown, states))
    return UniverseReport(
        as_of_date=as_of_date,
        is_simulated=desk["environment"] == "simulated",
        universe_hash=universe.universe_hash,
        sources=sources,
        sessions=shown,
        groups=_groups(symbols),
        counts=_counts(symbols, as_of_date),
        coverage=_coverage(symbols, sources, as_of_date),
        is_examined=examined is not None,
        states=STATES,
    )


def _examined(connection: psycopg.Connection, first_date: date) -> dict[str, dict] | None:
    """Return what the newest build found per symbol and session, None when nothing is built."""
    try:
        with connection.transaction():
            return _by_symbol(queries.universe.unfit_bars(connection, first_date=first_date))
    except NOT_BUILT:
        return None


def _by_symbol(rows: Iterable[Mapping]) -> dict[str, dict[date, Mapping]]:
    found: dict[str, dict[date, Mapping]] = {}
    for row in rows:
        found.setdefault(row["internal_symbol"], {})[row["session_date"]] = row
    return found


def _series(symbol: str, source: str, names: Sequence[Alias], histories: Mapping[tuple, Mapping]) -> Series:
    row = histories.get((symbol, source), {})
    called = [one for one in names if (one.internal_symbol, one.source) == (symbol, source)]
    return Series(
        source=source,
        names=", ".join(_dated(one) for one in sorted(called, key=lambda one: one.valid_from_date)),
        first_date=row.get("first_date"),
        newest_date=row.get("newest_date"),
        bars_count=row.get("bars_count", 0),
        gaps_count=row.get("gaps_count", 0),
        missing_count=row.get("missing_count", 0),
        newest_gap_end_date=row.get("newest_gap_end_date"),
    )


def _dated(name: Alias) -> str:
    begins = "" if name.valid_from_date == date.min else f" from {name.valid_from_date}"
    ends = "" if name.valid_to_date == date.max else f" to {name.valid_to_date}"
    return f"{name.vendor_symbol}{begins}{ends}"


def _states(
    shown: Sequence[date],
    first_date: date | None,
    found: Mapping[date, Mapping],
    left_out: Mapping[date, Mapping],
    examined: Mapping[date, Mapping],
) -> list[tuple[str, str]]:
    """Return (state, why) of each session shown."""
    states = []
    for session in shown:
        if session in found:
            unfit = examined.get(session, {})
            state = "unfinished" if unfit.get("is_unfinished") else "bar"
            states.append(("broken" if unfit.get("is_broken") else state, ""))
        elif session in left_out:
            row = left_out[session]
            states.append(("left_out", f"{row['source']}: {row['reason']}"))
        elif first_date is not None and session < first_date:
            states.append(("before", ""))
        else:
            states.append(("missing", ""))
    return states


def _symbol_report(
    entry: UniverseEntry,
    switched_off: str,
    series: tuple[Series, ...],
    shown: Sequence[date],
    states: Sequence[tuple[str, str]],
) -> SymbolReport:
    stretches, start = [], 0
    for (state, why), group in groupby(states):
        count = len(list(group))
        dates = f"{shown[start]}" + (f" to {shown[start + count - 1]}" if count > 1 else "")
        title = f"{dates}: {STATES[state]}" + (f" ({why})" if why else "")
        stretches.append(Stretch(start, count, state, title))
        start += count
    problems = [one.title for one in stretches if one.state not in _SOUND]
    if not any(one.bars_count for one in series):
        problems = ["no bar from any vendor"]
    return SymbolReport(
        entry=entry,
        switched_off=switched_off,
        series=series,
        stretches=tuple(stretches),
        bars_count=sum(state == "bar" for state, _ in states),
        problems=tuple(problems),
    )


def _groups(symbols: Sequence[SymbolReport]) -> list[tuple[str, list[SymbolReport]]]:
    groups = [
        ("Switched off", [one for one in symbols if one.switched_off and one.entry.is_enabled]),
        ("Needs a look", [one for one in symbols if one.is_used and one.problems]),
        ("Complete", [one for one in symbols if one.is_used and not one.problems]),
        ("Not in use", [one for one in symbols if not one.entry.is_enabled]),
    ]
    return [(heading, members) for heading, members in groups if members]


def _counts(symbols: Sequence[SymbolReport], as_of_date: date) -> dict[str, int]:
    used = [one for one in symbols if one.is_used]
    stocks = [one for one in symbols if one.entry.is_tradable_underlying]
    return {
        "used": len(used),
        "current": sum(any(s.newest_date == as_of_date for s in one.series) for one in used),
        "stocks": len(stocks),
        "verified": sum(one.entry.verified_at is not None for one in stocks),
        "switched_off": sum(bool(one.switched_off) for one in symbols),
        "with_problems": sum(bool(one.problems) for one in used),
    }


def _coverage(
    symbols: Sequence[SymbolReport], sources: Sequence[str], as_of_date: date
) -> list[tuple[str, int, int]]:
    """Return (source, symbols with any bar, symbols with the newest bar) of what is in use."""
    series = [one for symbol in symbols if symbol.is_used for one in symbol.series]
    return [
        (
            source,
            sum(one.bars_count > 0 for one in series if one.source == source),
            sum(one.newest_date == as_of_date for one in series if one.source == source),
        )
        for source in sources
    ]
