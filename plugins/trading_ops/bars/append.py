"""
One load into `raw`: append-only, whole files only, once per key.

A load is one transaction, so one that dies on the way leaves nothing behind; its row in raw.loads
is written once everything of it is counted. No row is ever changed: an unchanged bar adds nothing,
a changed one is a new version under the new load_id.
"""

from collections.abc import Callable
from datetime import date

import numpy as np
import psycopg

from trading_ops.bars.files import VendorFile
from trading_ops.bars.judge import JudgedFile, judge_files
from trading_ops.bars.parse import ParsedFile
from trading_ops.bars.refusal import FileRefused, Refusal
from trading_ops.bars.report import LoadReport, stored_report
from trading_ops.bars.sources.simulated import SIMULATED
from trading_ops.bars.values import Values, refuse_date
from trading_ops.db.connect import queries

# An adjusting vendor rounds its prices; a real rescaling moves them by a dividend, 0.1 % and more.
_RESCALED_RATIO_MIN = 0.0005


def load_files(
    connection: psycopg.Connection, find: Callable[[date], list[VendorFile]], idempotency_key: str
) -> LoadReport:
    """Store the files that `find` returns when told the newest date a row may have; commits like load_folder."""
    with connection.transaction():
        queries.take_load_lock(connection)
        stored = stored_report(connection, idempotency_key)
        if stored is not None:
            return stored
        load = _Load(connection, idempotency_key)
        newest_date = load.clock["newest_date"]
        for judged in judge_files(find(newest_date), load.load_id, newest_date):
            load.take(judged)
        return load.finish()


class _Load:
    """The load under way: what it has taken in so far, and the number it will be stored under."""

    def __init__(self, connection: psycopg.Connection, idempotency_key: str) -> None:
        self.connection = connection
        self.idempotency_key = idempotency_key
        self.clock = queries.load_clock(connection)
        # The bars are written before their load can be counted, and raw.loads is never updated. A
        # number once drawn is not given out again, even though its row is rolled back here.
        with connection.transaction(force_rollback=True):
            self.load_id = queries.draw_load_id(
                connection, idempotency_key=idempotency_key, started_at=self.clock["started_at"]
            )
        self.new_count = self.changed_count = self.unchanged_count = 0
        self.values = Values()
        self.judged: list[JudgedFile] = []
        self.refusals: dict[str, Refusal] = {}
        self.waiting: dict[tuple[str, str], JudgedFile] = {}
        self.taken: set[tuple[str, str]] = set()

    def take(self, judged: JudgedFile) -> None:
        """Write a file's bars, or put them aside for comparison when its symbol is stored already."""
        self.judged.append(judged)
        try:
            if judged.refusal is not None:
                raise FileRefused(judged.refusal)
            self._accept(judged, judged.parsed)
        except FileRefused as refused:
            self.refusals[judged.name] = refused.refusal

    def _accept(self, judged: JudgedFile, parsed: ParsedFile) -> None:
        if self.clock["is_production"] and parsed.source == SIMULATED:
            raise FileRefused(
                Refusal(
                    judged.name, 1, "source", "simulated data has no place in a production database"
                )
            )
        key = (parsed.source, parsed.symbol)
        if parsed.bars is None:
            self.values.add(judged.name, parsed)
        elif key not in self.waiting and self._stored_span(key)["first_date"] is None:
            self.values.add(judged.name, parsed)
            self._copy(queries.copy_new_bars.sql, judged)
            self.new_count += parsed.row_count
            self.taken.add(key)
        else:
            if key in self.waiting:
                self._compare_waiting()
            queries.create_incoming_bars(self.connection)
            self._copy(queries.copy_incoming_bars.sql, judged)
            self.waiting[key] = judged

    def _stored_span(self, key: tuple[str, str]) -> dict:
        return queries.stored_span(self.connection, source=key[0], vendor_symbol=key[1])

    def _copy(self, statement: str, judged: JudgedFile) -> None:
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(judged.copy_text)

    def _compare_waiting(self) -> None:
        """Append what is new or changed among the bars put aside, refusing symbol by symbol."""
        if not self.waiting:
            return
        queries.compare_incoming_bars(self.connection)
        for row in list(
            queries.comparison_by_symbol(self.connection, ratio_tolerance=_RESCALED_RATIO_MIN)
        ):
            key = (row["source"], row["vendor_symbol"])
            judged = self.waiting[key]
            try:
                self._refuse_mixture(key, judged, row)
                self.values.add(judged.name, judged.parsed)
            except FileRefused as refused:
                self.refusals[judged.name] = refused.refusal
                queries.forget_compared_bars(self.connection, source=key[0], vendor_symbol=key[1])
            else:
                self.new_count += row["new_count"]
                self.changed_count += row["changed_count"]
                self.unchanged_count += row["unchanged_count"]
                self.taken.add(key)
        queries.append_compared_bars(self.connection)
        queries.drop_compared_bars(self.connection)
        self.waiting.clear()

    def _refuse_mixture(self, key: tuple[str, str], judged: JudgedFile, row: dict) -> None:
        """Refuse bars that would stand beside others of another download or another scale."""
        parsed = judged.parsed
        if key in self.taken and row["changed_date"] is not None:
            reason = "another file of this load has other prices for it; keep the newest download of a symbol"
            refuse_date(judged.name, parsed, row["changed_date"].isoformat(), "close", reason)
        span = self._stored_span(key)
        first, last = span["first_date"], span["last_date"]
        is_whole = (
            parsed.dates[0] <= np.datetime64(first) and np.datetime64(last) <= parsed.dates[-1]
        )
        if parsed.layout.price_basis == "raw" or is_whole:
            return
        accepted = f"accepted is a file that reaches from {first} to {last} or beyond"
        if row["changed_count"] + row["unchanged_count"] == 0:
            reason = (
                f"no bar in common with the stored history, so its scale is unknown; {accepted}"
            )
            refuse_date(judged.name, parsed, str(parsed.dates[0]), "date", reason)
        if row["rescaled_date"] is not None:
            reason = f"the vendor has rescaled its history between this download and the stored one; {accepted}"
            refuse_date(judged.name, parsed, row["rescaled_date"].isoformat(), "close", reason)

    def finish(self) -> LoadReport:
        """Write everything that was waiting for the last file, then the load itself."""
        self._compare_waiting()
        accepted = [one for one in self.judged if one.name not in self.refusals]
        sources = {one.parsed.source for one in accepted}
        queries.insert_load(
            self.connection,
            load_id=self.load_id,
            source="+".join(sorted(sources)) or "none",
            idempotency_key=self.idempotency_key,
            rows_new_count=self.new_count,
            rows_changed_count=self.changed_count,
            rows_unchanged_count=self.unchanged_count,
            files_refused_count=len(self.refusals),
            started_at=self.clock["started_at"],
        )
        actions_new, rates_new = self.values.store(self.connection, self.load_id)
        queries.insert_payload(self.connection, [self._payload(one) for one in self.judged])
        return LoadReport(
            load_id=self.load_id,
            rows_new=self.new_count,
            rows_changed=self.changed_count,
            rows_unchanged=self.unchanged_count,
            actions_new=actions_new,
            rates_new=rates_new,
            refused=tuple(
                self.refusals[one.name] for one in self.judged if one.name in self.refusals
            ),
            symbols=tuple(
                sorted({one.parsed.symbol for one in accepted if one.parsed.bars is not None})
            ),
            left_out=tuple(row for one in accepted for row in one.parsed.left_out),
        )

    def _payload(self, judged: JudgedFile) -> dict:
        refusal = self.refusals.get(judged.name)
        return {
            "load_id": self.load_id,
            "source": judged.parsed.source if judged.parsed else "unknown",
            "file_name": judged.name,
            "sha256": judged.sha256,
            "size_bytes": judged.size_bytes,
            "row_count": 0 if refusal else judged.parsed.row_count,
            "error": refusal.detail() if refusal else None,
        }
