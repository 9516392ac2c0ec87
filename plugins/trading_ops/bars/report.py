"""What a load did, as told to its caller and as read back for a repeated idempotency key."""

from dataclasses import dataclass, field

import psycopg

from trading_ops.bars.refusal import Refusal, read_refusal
from trading_ops.bars.sources import any_symbol_in_name
from trading_ops.db.connect import queries


@dataclass(frozen=True)
class LoadReport:
    """
    One committed load; the `rows_` counts are bars.

    `symbols` are the vendor symbols whose bars were accepted, changed or not. `left_out` names old
    rows dropped from accepted files; it is told once and not stored.
    """

    load_id: int
    rows_new: int
    rows_changed: int
    rows_unchanged: int
    actions_new: int
    rates_new: int
    refused: tuple[Refusal, ...]
    symbols: tuple[str, ...]
    left_out: tuple[Refusal, ...] = field(default=(), compare=False)


def stored_report(connection: psycopg.Connection, idempotency_key: str) -> LoadReport | None:
    """Return the report of the load that used this key, or None if no load did."""
    load = queries.load_by_key(connection, idempotency_key=idempotency_key)
    if load is None:
        return None
    contents = queries.load_contents(connection, load_id=load["load_id"])
    payloads = list(queries.payloads_of_load(connection, load_id=load["load_id"]))
    accepted = {
        (one["source"], any_symbol_in_name(one["file_name"]))
        for one in payloads
        if one["error"] is None
    }
    with_bars = (
        symbol
        for source, symbol in accepted
        if queries.stored_span(connection, source=source, vendor_symbol=symbol)["first_date"]
        is not None
    )
    return LoadReport(
        load_id=load["load_id"],
        rows_new=load["rows_new_count"],
        rows_changed=load["rows_changed_count"],
        rows_unchanged=load["rows_unchanged_count"],
        actions_new=contents["actions_new_count"],
        rates_new=contents["rates_new_count"],
        refused=tuple(
            read_refusal(one["file_name"], one["error"])
            for one in payloads
            if one["error"] is not None
        ),
        symbols=tuple(sorted(set(with_bars))),
    )
