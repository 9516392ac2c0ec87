"""
Switching symbols off, and on again.

A switched-off symbol is never bought; what is held of it may still be sold. The newest switch of a
symbol counts, and a run is frozen with what it says.
"""

import psycopg

from trading_ops.db.connect import queries
from trading_ops.universe.instruments import Universe


class SwitchError(Exception):
    """A switch the desk does not make; the message says why."""


def disabled_symbols(connection: psycopg.Connection) -> dict[str, str]:
    """Return the internal symbols that are switched off now, each with the reason."""
    return {row["internal_symbol"]: row["reason"] for row in queries.universe.disabled_symbols(connection)}


def switch_symbol(
    connection: psycopg.Connection,
    universe: Universe,
    symbol: str,
    is_enabled: bool,
    reason: str,
    person: str,
) -> None:
    """
    Switch a symbol off or on for a person, from the next run on (as desk_planner, one transaction).

    Raises SwitchError for a symbol the universe does not have, the benchmark, an empty reason, and
    a symbol that is switched that way already or disabled in the universe file itself.
    """
    entry = next((one for one in universe.entries if one.internal_symbol == symbol), None)
    if entry is None:
        raise SwitchError(f"the universe has no symbol {symbol!r}")
    if entry.is_benchmark:
        raise SwitchError(f"{symbol} is the benchmark; name another in the universe file first")
    if not entry.is_enabled:
        raise SwitchError(f"{symbol} is disabled in the universe file; change it there")
    if not reason.strip() or not person.strip():
        raise SwitchError("a switch needs a reason and the name of a person")
    with connection.transaction():
        queries.universe.lock_switches(connection)
        if (symbol not in disabled_symbols(connection)) == is_enabled:
            raise SwitchError(f"{symbol} is {'enabled' if is_enabled else 'disabled'} already")
        number = queries.universe.newest_switch(connection, internal_symbol=symbol)
        write_switch(
            connection,
            symbol,
            is_enabled,
            "PERSON",
            reason.strip(),
            f"PERSON:{symbol}:{number}",
            None,
            person.strip(),
        )


def write_switch(
    connection: psycopg.Connection,
    symbol: str,
    is_enabled: bool,
    reason_code: str,
    reason: str,
    dedupe_key: str,
    run_id: str | None,
    person: str = "desk",
) -> None:
    """Write a switch in the caller's transaction, once per dedupe_key."""
    queries.universe.record_switch(
        connection,
        internal_symbol=symbol,
        is_enabled=is_enabled,
        reason_code=reason_code,
        reason=reason,
        run_id=run_id,
        dedupe_key=dedupe_key,
        person=person,
    )
