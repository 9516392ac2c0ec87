"""
One load into `raw`: append-only, whole files only, once per key.

A load is one transaction, so one that dies on the way leaves nothing behind; its row in raw.loads
is written once everything of it is counted. No row is ever changed: an unchanged bar adds nothing,
a changed one is a new version under the new load_id.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

import psycopg

from trading_ops.bars.compare import Comparison, Waiting, copy_text_into
from trading_ops.bars.files import VendorFile
from trading_ops.bars.parse import ParsedFile
from trading_ops.bars.prepare import PreparedFile, prepare_files
from trading_ops.bars.refusal import FileRefused, QuarantinedRow, Refusal
from trading_ops.bars.report import LoadReport, stored_report
from trading_ops.bars.results import Results, Series
from trading_ops.bars.values import Values, append_values
from trading_ops.db.connect import queries
from trading_ops.progress import Progress
from trading_ops.sources.failure import FetchFailure
from trading_ops.sources.vendors.simulated import SIMULATED


def load_files(
    connection: psycopg.Connection,
    find: Callable[[date], list[VendorFile]],
    idempotency_key: str,
    failures: Iterable[FetchFailure] = (),
    progress: Callable[[str], None] | None = None,
) -> LoadReport:
    """
    Store the files that `find` returns when told the newest date a row may have; commits like load_folder.

    `failures` are what sources did not deliver, read once all files are; they end in
    raw.load_results. `progress` is told every few seconds how far the load is. A file may be read
    twice: when one load holds the same bars under several symbols, it starts again without them.
    """
    with connection.transaction():
        queries.bars.take_load_lock(connection)
        stored = stored_report(connection, idempotency_key)
        if stored is not None:
            return stored
        clock = queries.bars.load_clock(connection)
        found = find(clock["newest_date"])
        copies: dict[str, Refusal] = {}
        while True:
            try:
                with connection.transaction():
                    load = _Load(connection, idempotency_key, clock, copies)
                    steps = Progress(progress, len(found))
                    for prepared in prepare_files(found, load.load_id, clock["newest_date"]):
                        load.take(prepared)
                        steps.step(prepared.parsed.row_count if prepared.parsed else 0)
                    return load.finish(failures)
            except _SameBars as same:
                copies |= same.refusals


class _SameBars(Exception):
    """Files of different symbols hold one series; none of them may be stored, and some of it was."""

    def __init__(self, refusals: dict[str, Refusal]) -> None:
        super().__init__(f"{len(refusals)} files hold the bars of another one")
        self.refusals = refusals


@dataclass(frozen=True)
class _SeenFile:
    """What stays of a file once its bars are written; memory must not grow with the bars of a load."""

    name: str
    sha256: str
    size_bytes: int
    series: Series | None
    row_count: int
    quarantined: tuple[QuarantinedRow, ...]


class _Load:
    """The load under way: what it has taken in so far, and the number it will be stored under."""

    def __init__(
        self, connection: psycopg.Connection, idempotency_key: str, clock: dict, copies: dict[str, Refusal]
    ) -> None:
        self.connection = connection
        self.idempotency_key = idempotency_key
        self.clock = clock
        self.copies = copies
        self.started_s = time.perf_counter()
        # The bars are written before their load can be counted, and raw.loads is never updated. A
        # number once drawn is not given out again, even though its row is rolled back here.
        with connection.transaction(force_rollback=True):
            self.load_id = queries.bars.draw_load_id(
                connection, idempotency_key=idempotency_key, started_at=clock["started_at"]
            )
        self.values = Values()
        self.results = Results()
        self.comparison = Comparison(connection, self.load_id, self.values)
        self.seen: list[_SeenFile] = []
        self.refusals: dict[str, Refusal] = {}
        self.taken: set[Series] = set()
        self.bars_names: dict[tuple[str, bytes], dict[str, str]] = {}

    def take(self, prepared: PreparedFile) -> None:
        """Write a file's bars, or put them aside for comparison when its symbol is stored already."""
        started = time.perf_counter()
        self.seen.append(
            _SeenFile(
                prepared.name,
                prepared.sha256,
                prepared.size_bytes,
                prepared.series,
                prepared.parsed.row_count if prepared.parsed else 0,
                prepared.parsed.quarantined if prepared.parsed else (),
            )
        )
        try:
            if prepared.refusal is not None:
                raise FileRefused(prepared.refusal)
            self._refuse_foreign(prepared)
            self._accept(prepared, prepared.parsed)
        except FileRefused as refused:
            self._refuse(prepared.name, prepared.series, refused)
        if prepared.series is not None and self._is_reported(prepared.parsed):
            duration_s = prepared.duration_s + time.perf_counter() - started
            self.results.add_duration(prepared.series, duration_s)

    def _refuse_foreign(self, prepared: PreparedFile) -> None:
        """
        Refuse what has no place here: fiction on a production desk, a series that other symbols have as well.
        """
        if prepared.name in self.copies:
            raise FileRefused(self.copies[prepared.name])
        if self.clock["is_production"] and prepared.parsed.source == SIMULATED:
            reason = "simulated data has no place in a production database"
            raise FileRefused(Refusal(prepared.name, 1, "source", reason))
        if prepared.bars_digest is not None:
            names = self.bars_names.setdefault((prepared.parsed.source, prepared.bars_digest), {})
            names[prepared.name] = prepared.parsed.symbol

    def _accept(self, prepared: PreparedFile, parsed: ParsedFile) -> None:
        series = (parsed.source, parsed.symbol)
        if parsed.bars is None:
            self.values.add(prepared.name, parsed)
            return
        if self.comparison.holds(series) or self.comparison.is_full:
            self._compare()
        span = queries.bars.stored_span(self.connection, source=parsed.source, vendor_symbol=parsed.symbol)
        if span["first_date"] is None:
            self.values.add(prepared.name, parsed)
            copy_text_into(self.connection, queries.bars.copy_new_bars.sql, prepared.copy_text)
            self.taken.add(series)
            self.results.add_bars(
                series, new_count=parsed.row_count, first_written_date=parsed.dates[0].astype(object)
            )
        else:
            waiting = Waiting(
                prepared.name,
                replace(parsed, bars=None),
                span["first_date"],
                span["last_date"],
                is_alone=series not in self.taken,
            )
            self.comparison.add(waiting, prepared.copy_text)

    def _compare(self) -> None:
        for waiting, refused in self.comparison.run(self.results):
            series = (waiting.parsed.source, waiting.parsed.symbol)
            if refused is not None:
                self._refuse(waiting.name, series, refused)
            else:
                self.taken.add(series)

    def _refuse(self, name: str, series: Series | None, refused: FileRefused) -> None:
        self.refusals[name] = refused.refusal
        if series is not None:
            self.results.add_outcome(series, refused.outcome, str(refused.refusal))

    def _is_reported(self, parsed: ParsedFile | None) -> bool:
        # Exchange rates are no symbol of the universe; raw.fx_rates has their loads.
        return parsed is None or parsed.layout.price_basis is not None

    def finish(self, failures: Iterable[FetchFailure]) -> LoadReport:
        """Write everything that was waiting for the last file, then the load itself."""
        self._compare()
        self._refuse_same_bars()
        actions, rates = self.values.new_rows(self.connection)
        new_counts = Counter(row[:2] for row in actions)
        for series in self.values.series():
            self.results.add_actions(series, new_counts[series])
        accepted = [one for one in self.seen if one.name not in self.refusals]
        for one in accepted:
            if one.quarantined:
                self.results.add_quarantined(one.series, len(one.quarantined))
        self.results.add_failures(failures)
        report = LoadReport(
            load_id=self.load_id,
            sources=tuple(sorted({one.series[0] for one in accepted})),
            results=self.results.rows(),
            actions_new=len(actions),
            rates_new=len(rates),
            refused=tuple(self.refusals[one.name] for one in self.seen if one.name in self.refusals),
            quarantined=tuple(row for one in accepted for row in one.quarantined),
            duration_ms=round((time.perf_counter() - self.started_s) * 1000),
        )
        self._store(report, actions, rates)
        return report

    def _refuse_same_bars(self) -> None:
        """Start again without the files that hold the same bars under several symbols."""
        refusals = {}
        for names in self.bars_names.values():
            if len(set(names.values())) > 1:
                for name, symbol in names.items():
                    refusals[name] = _same_bars(name, symbol, names)
        if refusals:
            raise _SameBars(refusals)

    def _store(self, report: LoadReport, actions: list[tuple], rates: list[tuple]) -> None:
        queries.bars.insert_load(
            self.connection,
            load_id=self.load_id,
            source="+".join(report.sources) or "none",
            idempotency_key=self.idempotency_key,
            rows_new_count=report.rows_new,
            rows_changed_count=report.rows_changed,
            rows_unchanged_count=report.rows_unchanged,
            files_refused_count=len(report.refused),
            started_at=self.clock["started_at"],
            duration_ms=report.duration_ms,
        )
        append_values(self.connection, self.load_id, actions, rates)
        queries.bars.insert_payload(self.connection, [self._payload(one) for one in self.seen])
        queries.bars.insert_load_result(
            self.connection, [{"load_id": self.load_id, **vars(one)} for one in report.results]
        )
        queries.bars.insert_restatement(self.connection, self.comparison.restatements)
        queries.bars.insert_quarantined_row(
            self.connection,
            [
                {
                    "load_id": self.load_id,
                    "source": one.series[0],
                    "vendor_symbol": one.series[1],
                    **vars(row),
                }
                for one in self.seen
                if one.name not in self.refusals
                for row in one.quarantined
            ],
        )

    def _payload(self, seen: _SeenFile) -> dict:
        refusal = self.refusals.get(seen.name)
        return {
            "load_id": self.load_id,
            "source": seen.series[0] if seen.series else "unknown",
            "file_name": seen.name,
            "sha256": seen.sha256,
            "size_bytes": seen.size_bytes,
            "row_count": 0 if refusal else seen.row_count,
            "error": refusal.detail() if refusal else None,
        }


def _same_bars(name: str, symbol: str, names: dict[str, str]) -> Refusal:
    others = [other for other, its_symbol in names.items() if its_symbol != symbol]
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    reason = f"the same bars as {', '.join(others[:3])}{more}; one series cannot be several companies"
    return Refusal(name, 1, "file", reason)
