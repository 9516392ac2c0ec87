"""
Fetching what is missing: from the enabled sources, through the loader, with everything told.

The database is not held while vendors are waited for: it is asked what is missing, then the
sources are asked, then one load stores the files and the failures together.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psycopg

from trading_ops.bars.append import load_files
from trading_ops.bars.fetch import Fetched, Wanted, fetch
from trading_ops.bars.report import LoadReport
from trading_ops.comms.incidents import raise_incident
from trading_ops.db.connect import queries
from trading_ops.exchange.sessions import session_close_at
from trading_ops.settings import Settings
from trading_ops.sources.config import ReadySource
from trading_ops.sources.vendors import LAYOUTS
from trading_ops.universe.instruments import Universe

BLOCKED = "SOURCE_BLOCKED"
PAIR = "GBPUSD"


class SourcesUnreachable(OSError):
    """No source could be reached at all; another try may find them."""


@dataclass(frozen=True)
class RefreshReport:
    """What was missing, what the sources gave, and the load it went into (None: nothing was missing)."""

    wanted: tuple[str, ...]
    fetched: Fetched
    load: LoadReport | None

    @property
    def missing(self) -> tuple[str, ...]:
        """What no source delivered."""
        return tuple(name for name in self.wanted if name not in self.fetched.sources)

    def text(self) -> str:
        """Return the outcome for a person, one line per source and one for what is still missing."""
        sources = list(self.fetched.sources.values())
        lines = [
            f"{len(sources)} of {len(self.wanted)} delivered"
            + "".join(f", {sources.count(one)} by {one}" for one in dict.fromkeys(sources))
        ]
        lines += [
            f"{source} was left at {one.vendor_symbol}: {one.outcome}: {one.detail}"
            for source, one in self.fetched.left.items()
        ]
        if self.missing:
            lines.append(f"still missing: {', '.join(self.missing)}")
        return "\n".join(lines)


def refresh(
    connection: psycopg.Connection,
    universe: Universe,
    sources: list[ReadySource],
    session: date,
    idempotency_key: str,
    tell: Callable[[str], None],
    symbols: tuple[str, ...] | None = None,
) -> RefreshReport:
    """
    Fetch what lacks the session's bar, or the named symbols whether they lack it or not, and load it.

    `connection` works as desk_loader; `symbols` are internal ones. The load is stored even when
    nothing was delivered, because it holds the failures.
    """
    with connection.transaction():
        newest_date = queries.bars.load_clock(connection)["newest_date"]
        wanted = _wanted(connection, universe, sources, session, symbols)
    if not wanted or not sources:
        return RefreshReport(tuple(one.name for one in wanted), Fetched(), None)
    with tempfile.TemporaryDirectory(prefix="fetched-") as folder:
        fetched = fetch(wanted, sources, newest_date, session, Path(folder), tell)
        load = load_files(connection, lambda _: fetched.files, idempotency_key, failures=fetched.failures)
    return RefreshReport(tuple(one.name for one in wanted), fetched, load)


def tell_of_blocked(
    connection: psycopg.Connection, fetched: Fetched, dedupe_key: str, config: Settings | None = None
) -> None:
    """Raise an incident for each source that refuses the desk; `connection` works as desk_planner."""
    for source, failure in fetched.left.items():
        if failure.outcome == "blocked":
            detail = f"{source} at {failure.vendor_symbol}: {failure.detail}"
            key = f"{BLOCKED}:{source}:{dedupe_key}"
            raise_incident(connection, BLOCKED, key, detail, config=config)


def _wanted(
    connection: psycopg.Connection,
    universe: Universe,
    sources: list[ReadySource],
    session: date,
    symbols: tuple[str, ...] | None,
) -> list[Wanted]:
    """Return what to fetch: a disabled symbol too, because one that is held is still valued."""
    names: dict[str, dict[str, str]] = {}
    for one in universe.names([source.online.name for source in sources]):
        if one.valid_from_date <= session <= one.valid_to_date:
            names.setdefault(one.internal_symbol, {})[one.source] = one.vendor_symbol
    if symbols is not None:
        return [_pair(sources) if one == PAIR else Wanted(one, names.get(one, {})) for one in symbols]
    # Any source counts, also one that is not asked: a file from the inbox is as good.
    known = universe.names(sorted({layout.source for layout in LAYOUTS}))
    every = [one for one in known if one.valid_from_date <= session <= one.valid_to_date]
    lacking = {
        (row["source"], row["vendor_symbol"])
        for row in queries.bars.names_without_bar(
            connection,
            sources=[one.source for one in every],
            symbols=[one.vendor_symbol for one in every],
            session_date=session,
            close_at=session_close_at(session),
        )
    }
    covered = {one.internal_symbol for one in every if (one.source, one.vendor_symbol) not in lacking}
    wanted = [
        Wanted(entry.internal_symbol, names[entry.internal_symbol])
        for entry in universe.entries
        if entry.internal_symbol in names and entry.internal_symbol not in covered
    ]
    pair = _pair(sources)
    if pair.names and not queries.bars.has_rate(
        connection, base_currency=PAIR[:3], quote_currency=PAIR[3:], rate_date=session
    ):
        wanted.append(pair)
    return wanted


def _pair(sources: list[ReadySource]) -> Wanted:
    carriers = [one.online.name for one in sources if one.online.fetch_rates]
    return Wanted(PAIR, dict.fromkeys(carriers, PAIR), is_pair=True)
