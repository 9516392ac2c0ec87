"""
Splits, dividends and rates: few rows, compared here and appended where they are new or changed.

A split or dividend that a vendor takes back is not deleted: it gets a version that says nothing
happened (a split of 1, a dividend of 0).
"""

from datetime import date
from decimal import Decimal
from typing import NoReturn

import numpy as np
import psycopg

from trading_ops.bars.parse import ParsedFile
from trading_ops.bars.refusal import FileRefused, Refusal
from trading_ops.db.connect import queries
from trading_ops.sources.layout import DIVIDEND, SPLIT

_NOTHING = {SPLIT: "1", DIVIDEND: "0"}


class Values:
    """The splits, dividends and rates of the files one load has accepted so far."""

    def __init__(self) -> None:
        self._actions: dict[tuple[str, str], dict[tuple[str, str], str]] = {}
        self._spans: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._rates: dict[str, dict[tuple[str, str, str], str]] = {}

    def add(self, name: str, parsed: ParsedFile) -> None:
        """Take the values of a file, or raise FileRefused when an earlier file says otherwise."""
        actions = {(ex_date, kind): value for ex_date, kind, value in parsed.actions}
        rates = {(day, base, quote): rate for day, base, quote, rate in parsed.rates}
        known_actions = self._actions.setdefault((parsed.source, parsed.symbol), {})
        known_rates = self._rates.setdefault(parsed.source, {})
        _refuse_conflict(name, parsed, actions, known_actions)
        _refuse_conflict(name, parsed, rates, known_rates)
        known_actions.update(actions)
        known_rates.update(rates)
        if parsed.row_count:
            first, last = str(parsed.dates[0]), str(parsed.dates[-1])
            for kind in parsed.action_kinds:
                span = self._spans.get((parsed.source, parsed.symbol, kind), (first, last))
                self._spans[parsed.source, parsed.symbol, kind] = (min(first, span[0]), max(last, span[1]))

    def series(self) -> list[tuple[str, str]]:
        """Return source and symbol of every file that had splits and dividends, or could have had."""
        return sorted({(source, symbol) for source, symbol, _ in self._spans})

    def new_rows(self, connection: psycopg.Connection) -> tuple[list[tuple], list[tuple]]:
        """Return the actions and the rates that are new or changed, as rows without their load_id."""
        actions = [
            (source, symbol, ex_date, kind, value)
            for (source, symbol), values in self._actions.items()
            for (ex_date, kind), value in self._new_actions(connection, source, symbol, values)
        ]
        rates = [
            (source, *key, rate)
            for source, values in self._rates.items()
            for key, rate in _new_rates(connection, source, values)
        ]
        return actions, rates

    def first_difference(
        self, connection: psycopg.Connection, parsed: ParsedFile, stored_first: date
    ) -> str | None:
        """Return the first day on which a file's actions are other than the stored ones, where both tell."""
        first, last = max(str(parsed.dates[0]), stored_first.isoformat()), str(parsed.dates[-1])
        stored = self._stored(connection, parsed.source, parsed.symbol)
        told = {(ex_date, kind): Decimal(value) for ex_date, kind, value in parsed.actions}
        different = [
            key[0]
            for key in stored.keys() | told.keys()
            if key[1] in parsed.action_kinds
            and first <= key[0] <= last
            and stored.get(key, Decimal(_NOTHING[key[1]])) != told.get(key, Decimal(_NOTHING[key[1]]))
        ]
        return min(different, default=None)

    def _new_actions(
        self, connection, source: str, symbol: str, values: dict
    ) -> list[tuple[tuple[str, str], str]]:
        stored = self._stored(connection, source, symbol)
        withdrawn = {
            key: _NOTHING[key[1]]
            for key in stored.keys() - values.keys()
            if self._covers(source, symbol, key)
        }
        return _differing({**values, **withdrawn}, stored)

    def _stored(
        self, connection: psycopg.Connection, source: str, symbol: str
    ) -> dict[tuple[str, str], Decimal]:
        rows = queries.bars.newest_actions(connection, source=source, vendor_symbol=symbol)
        return {(row["ex_date"], row["kind"]): row["value"] for row in rows}

    def _covers(self, source: str, symbol: str, key: tuple[str, str]) -> bool:
        first, last = self._spans.get((source, symbol, key[1]), ("", ""))
        return first <= key[0] <= last


def append_values(
    connection: psycopg.Connection, load_id: int, actions: list[tuple], rates: list[tuple]
) -> None:
    """Append the rows of `new_rows` under a load."""
    for statement, rows in ((queries.bars.copy_actions.sql, actions), (queries.bars.copy_rates.sql, rates)):
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row((load_id, *row))


def _new_rates(
    connection: psycopg.Connection, source: str, values: dict
) -> list[tuple[tuple[str, str, str], str]]:
    if not values:
        return []
    rows = queries.bars.newest_rates(connection, source=source)
    stored = {(row["rate_date"], row["base_currency"], row["quote_currency"]): row["rate"] for row in rows}
    return _differing(values, stored)


def _differing(values: dict, stored: dict) -> list[tuple]:
    return sorted(
        (key, text) for key, text in values.items() if key not in stored or Decimal(text) != stored[key]
    )


def _refuse_conflict(name: str, parsed: ParsedFile, values: dict, known: dict) -> None:
    for key, text in values.items():
        if key in known and Decimal(known[key]) != Decimal(text):
            refuse_date(
                name,
                parsed,
                key[0],
                "value",
                f"{text} contradicts {known[key]} in another file of this load; keep one of the two",
            )


def refuse_date(
    name: str, parsed: ParsedFile, day: str, field: str, reason: str, outcome: str = "refused"
) -> NoReturn:
    """Refuse a parsed file for its row of a date, or for the row that stands where it would."""
    place = int(np.searchsorted(parsed.dates, np.datetime64(day)))
    line = int(parsed.lines[min(place, len(parsed.lines) - 1)])
    raise FileRefused(Refusal(name, line, field, f"{day}: {reason}"), outcome)
