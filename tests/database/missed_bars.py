"""Bars of single sessions, for symbols that miss the others."""

from datetime import date, timedelta

from tests.database.rows import AS_OF_DATE, insert_load
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.settings import Settings


def session_before(count: int, day: date = AS_OF_DATE) -> date:
    """Return the session so many sessions before a day."""
    return sessions.sessions_between(day - timedelta(days=200), day)[-1 - count]


def add_bar(
    desk: Settings, symbol: str, session: date, source: str = "simulated", load: str = "load-1"
) -> None:
    """Insert one bar and what its load says of it."""
    add_bars(desk, [(symbol, session, source)], load)


def add_bars(desk: Settings, bars: list[tuple[str, date, str]], load: str = "load-1") -> None:
    """Insert the bars of a load, each of a symbol, a session and a source, and what it says of them."""
    with connect("desk_loader", desk) as connection:
        load_id = insert_load(connection, load)
        for symbol, session, source in bars:
            connection.execute(
                "insert into raw.eod_bars values (%s, %s, %s, %s, 'raw', 10, 11, 9, 10, null, 1000)",
                (load_id, source, symbol, session),
            )
        for symbol, source in {(symbol, source) for symbol, _, source in bars}:
            connection.execute(
                "insert into raw.load_results"
                " (load_id, source, vendor_symbol, outcome, rows_new_count, first_written_date)"
                " values (%s, %s, %s, 'stored', 1, '1990-01-01') on conflict do nothing",
                (load_id, source, symbol),
            )
