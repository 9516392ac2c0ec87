"""
Symbols the desk switches off by itself: bars that keep missing, and stocks the broker does not offer.

Each cause takes effect once, so a person who switches the symbol on again has the last word on it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg

from trading_ops.comms.incidents import raise_incident
from trading_ops.db.connect import queries
from trading_ops.exchange import sessions
from trading_ops.runs.frozen import load_policy
from trading_ops.runs.run import Run, load_run
from trading_ops.settings import Settings
from trading_ops.universe.stored import names_json, stored_universe
from trading_ops.universe.switches import write_switch

# A symbol, the key and the reason of its switch, and the run it was reported in.
_Report = tuple[str, str, str, str | None]


@dataclass(frozen=True)
class MissingBarsReport:
    """
    What a run found: symbols switched off now, or more of them at once than symbols can be at fault for.
    """

    disabled: tuple[str, ...] = ()
    outage: tuple[str, ...] = ()


def disable_missing(
    connection: psycopg.Connection, run_id: str, config: Settings | None = None
) -> MissingBarsReport:
    """
    Switch off the enabled symbols that lack too many sessions in a row as of a run.

    Never the benchmark. When that would be more than the policy's disabled_per_run_max, those
    switched off lately included, the vendor is at fault: nothing is switched off and an incident
    says so, or an outage would shrink the universe until its coverage looked clear.
    """
    with connection.transaction():
        run = load_run(connection, run_id)
        policy = load_policy(connection, run.policy_hash)
        limits = policy.data_quality
        missing = _missing(connection, run, policy.market_data.source_order)
        late = {
            symbol: newest
            for symbol, newest in missing.items()
            if _sessions_after(newest, run.as_of_date) > limits.missing_sessions_max
        }
        keys = {_missing_key(symbol, newest): symbol for symbol, newest in late.items()}
        stored = queries.universe.stored_switch_keys(connection, dedupe_keys=list(keys))
        handled = {keys[row["dedupe_key"]] for row in stored}
        found = {symbol: newest for symbol, newest in late.items() if symbol not in handled}
        if not found:
            return MissingBarsReport()
        together = sorted(set(found) | _recently_disabled(connection, run, limits.missing_sessions_max))
        if len(together) > limits.disabled_per_run_max:
            raise_incident(
                connection,
                "VENDOR_OUTAGE",
                f"VENDOR_OUTAGE:{run.as_of_date}",
                f"more than {limits.missing_sessions_max} sessions missing of {', '.join(together)}; at most "
                f"{limits.disabled_per_run_max} symbols are disabled by themselves, so none was",
                run_id,
                config,
            )
            return MissingBarsReport(outage=tuple(together))
        for symbol, newest in found.items():
            reason = (
                f"no bar since {newest}, more than {limits.missing_sessions_max} sessions as of {run.as_of_date}"
                if newest
                else f"no bar at all as of {run.as_of_date}"
            )
            key = _missing_key(symbol, newest)
            write_switch(connection, symbol, False, "MISSING_BARS", reason, key, run_id)
            detail = f"{symbol}: {reason}"
            raise_incident(connection, "SYMBOL_DISABLED", f"SYMBOL_DISABLED:{key}", detail, run_id, config)
        return MissingBarsReport(disabled=tuple(found))


def disable_untradable(connection: psycopg.Connection, config: Settings | None = None) -> tuple[str, ...]:
    """
    Switch off what a person reported as not offered by the broker, on a line or when looking the symbol up.

    Returns the symbols, once each report.
    """
    with connection.transaction():
        reports = [*_reported_on_lines(connection), *_looked_up(connection)]
        for symbol, key, reason, run_id in reports:
            write_switch(connection, symbol, False, "UNTRADABLE", reason, key, run_id)
            detail = f"{symbol}: {reason}"
            raise_incident(
                connection, "UNTRADABLE_SYMBOL", f"UNTRADABLE_SYMBOL:{key}", detail, run_id, config
            )
    return tuple(symbol for symbol, *_ in reports)


def _reported_on_lines(connection: psycopg.Connection) -> Iterator[_Report]:
    for line in list(queries.universe.untradable_lines(connection)):
        reason = (
            f"{line['person']} reported on line {line['line_number']} of {line['ticket_id']} that the broker "
            f"does not offer the stock itself" + (f": {line['notes']}" if line["notes"] else "")
        )
        yield line["internal_symbol"], f"UNTRADABLE:{line['confirmation_id']}", reason, line["run_id"]


def _looked_up(connection: psycopg.Connection) -> Iterator[_Report]:
    for said in list(queries.universe.not_offered(connection)):
        reason = (
            f"{said['person']} looked up {said['etoro_search_name']!r} and the broker does not offer the stock "
            "itself"
        )
        yield said["internal_symbol"], f"NOT_OFFERED:{said['verification_id']}", reason, None


def _missing(connection: psycopg.Connection, run: Run, sources: Iterable[str]) -> dict[str, date | None]:
    """Return the newest session with a bar per enabled symbol that is not the benchmark."""
    universe = stored_universe(connection, run.universe_hash)
    wanted = {
        entry.internal_symbol: None
        for entry in universe.entries
        if entry.is_enabled and not entry.is_benchmark
    }
    newest = queries.universe.newest_bars(
        connection,
        names=names_json(universe.names(sources)),
        as_of_date=run.as_of_date,
        data_snapshot_id=run.data_snapshot_id,
    )
    found = {row["internal_symbol"]: row["newest_date"] for row in newest}
    return {symbol: found.get(symbol) for symbol in wanted}


def _sessions_after(newest: date | None, as_of_date: date) -> float:
    """Return how many sessions after the newest bar there were; without any bar, all of them."""
    if newest is None:
        return float("inf")
    return len(sessions.sessions_between(newest, as_of_date)) - sessions.is_session(newest)


def _recently_disabled(connection: psycopg.Connection, run: Run, sessions_count: int) -> set[str]:
    # Twice as many days hold so many sessions, holidays and a long weekend included.
    span = timedelta(days=2 * sessions_count + 5)
    first_date = sessions.sessions_between(run.as_of_date - span, run.as_of_date)[-sessions_count - 1]
    rows = queries.universe.disabled_for_missing_bars_since(connection, first_date=first_date)
    return {row["internal_symbol"] for row in rows}


def _missing_key(symbol: str, newest: date | None) -> str:
    # One key per outage of a symbol: its next bar ends it.
    return f"MISSING_BARS:{symbol}:{newest or 'never'}"
