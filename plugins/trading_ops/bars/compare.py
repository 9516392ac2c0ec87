"""
Bars of symbols that are stored already, set beside what is stored before anything is appended.

Files wait here until enough of them are together, so the server compares many symbols at once and
memory holds few. What a vendor changed is appraised symbol by symbol, and recorded.
"""

import time
from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg

from trading_ops.bars.parse import ParsedFile
from trading_ops.bars.refusal import FileRefused
from trading_ops.bars.restatement import Objection, Overlap, Restatement, appraise_change, needs_whole_history
from trading_ops.bars.results import Results, Series
from trading_ops.bars.values import Values, refuse_date
from trading_ops.db.connect import queries

# How many bars may wait: some twenty whole histories, or hundreds of daily files.
WAITING_BARS_MAX = 100_000


@dataclass(frozen=True)
class Waiting:
    """
    A file whose bars wait in the temporary table; `is_alone` unless the load has taken another of its symbol.
    """

    name: str
    parsed: ParsedFile
    stored_first: date
    stored_last: date
    is_alone: bool

    def refuse(self, day: date, reason: str, outcome: str = "refused"):
        """Refuse the file for its row of a date."""
        refuse_date(self.name, self.parsed, day.isoformat(), "close", reason, outcome)


class Comparison:
    """The files that wait, and what became of the symbols that were compared."""

    def __init__(self, connection: psycopg.Connection, load_id: int, values: Values) -> None:
        self._connection = connection
        self._load_id = load_id
        self._values = values
        self._waiting: dict[Series, Waiting] = {}
        self._bar_count = 0
        self.restatements: list[dict] = []

    def holds(self, series: Series) -> bool:
        """Say whether a file of this symbol waits."""
        return series in self._waiting

    @property
    def is_full(self) -> bool:
        """Whether it is time to compare."""
        return self._bar_count >= WAITING_BARS_MAX

    def add(self, waiting: Waiting, copy_text: bytes) -> None:
        """Put a file's bars aside."""
        if not self._waiting:
            queries.bars.create_incoming_bars(self._connection)
        copy_text_into(self._connection, queries.bars.copy_incoming_bars.sql, copy_text)
        self._waiting[waiting.parsed.source, waiting.parsed.symbol] = waiting
        self._bar_count += waiting.parsed.row_count

    def run(self, results: Results) -> list[tuple[Waiting, FileRefused | None]]:
        """Append what is new or changed among the waiting bars; return each file with its refusal, if any."""
        if not self._waiting:
            return []
        started = time.perf_counter()
        queries.bars.compare_incoming_bars(self._connection)
        done = [
            (self._waiting[row["source"], row["vendor_symbol"]], self._settle(row, results))
            for row in list(queries.bars.comparison_by_symbol(self._connection))
        ]
        queries.bars.append_compared_bars(self._connection)
        queries.bars.drop_compared_bars(self._connection)
        share_s = (time.perf_counter() - started) / len(self._waiting)
        for series in self._waiting:
            results.add_duration(series, share_s)
        self._waiting.clear()
        self._bar_count = 0
        return done

    def _settle(self, row: dict, results: Results) -> FileRefused | None:
        series = (row["source"], row["vendor_symbol"])
        waiting = self._waiting[series]
        try:
            restatement = self._restatement(waiting, row)
            self._values.add(waiting.name, waiting.parsed)
        except FileRefused as refused:
            queries.bars.forget_compared_bars(self._connection, source=series[0], vendor_symbol=series[1])
            return refused
        results.add_bars(
            series,
            new_count=row["new_count"],
            changed_count=row["changed_count"],
            unchanged_count=row["unchanged_count"],
            first_written_date=row["first_written_date"],
        )
        if restatement is not None:
            self._record(series, row, restatement, results)
        return None

    def _restatement(self, waiting: Waiting, row: dict) -> Restatement | None:
        """
        Return what the vendor changed, or raise FileRefused where the bars must not stand beside the stored
        ones.
        """
        parsed = waiting.parsed
        if not waiting.is_alone and row["changed_count"]:
            waiting.refuse(
                row["changed_first_date"],
                "another file of this load has other prices for it; keep the newest download of a symbol",
            )
        is_adjusted = parsed.layout.price_basis != "raw"
        overlap_count = row["changed_count"] + row["unchanged_count"]
        reach = (
            f"accepted is a file that reaches from {waiting.stored_first} to {waiting.stored_last} or beyond"
        )
        if is_adjusted and overlap_count == 0:
            waiting.refuse(
                parsed.dates[0].astype(object),
                f"no bar in common with the stored history, so its scale is unknown; {reach}, or a "
                "name of its own if the symbol belongs to another company now",
                "needs_history",
            )
        if waiting.is_alone and parsed.dates[-1] < np.datetime64(waiting.stored_last):
            self._refuse_older_actions(waiting)
        if row["changed_count"] == 0:
            return None
        overlap = self._overlap(waiting)
        appraisal = appraise_change(overlap)
        if isinstance(appraisal, Restatement) and appraisal.is_scale_changed:
            hole = queries.bars.stored_date_not_compared(
                self._connection, source=parsed.source, vendor_symbol=parsed.symbol
            )
            if hole is not None:
                appraisal = needs_whole_history(overlap, hole)
        if isinstance(appraisal, Objection):
            waiting.refuse(appraisal.day, appraisal.reason, appraisal.outcome)
        return appraisal

    def _refuse_older_actions(self, waiting: Waiting) -> None:
        day = self._values.first_difference(self._connection, waiting.parsed, waiting.stored_first)
        if day is not None:
            reason = (
                f"an older download: it ends before the stored history ({waiting.stored_last}) and has "
                "another split or dividend on this day; the newer history stays"
            )
            refuse_date(waiting.name, waiting.parsed, day, "value", reason)

    def _overlap(self, waiting: Waiting) -> Overlap:
        parsed = waiting.parsed
        rows = queries.bars.compared_closes(
            self._connection, source=parsed.source, vendor_symbol=parsed.symbol
        )
        prices = {
            name: np.array(rows[name], dtype=float)
            for name in ("old_close", "new_close", "old_adj", "new_adj")
        }
        return Overlap(
            is_adjusted=parsed.layout.price_basis != "raw",
            dates=np.array(rows["dates"], dtype="datetime64[D]"),
            **prices,
            stored_first=waiting.stored_first,
            stored_last=waiting.stored_last,
            file_first=parsed.dates[0].astype(object),
            file_last=parsed.dates[-1].astype(object),
        )

    def _record(self, series: Series, row: dict, restatement: Restatement, results: Results) -> None:
        self.restatements.append(
            {
                "load_id": self._load_id,
                "source": series[0],
                "vendor_symbol": series[1],
                "kind": restatement.kind,
                "ratio": restatement.ratio,
                "largest_ratio": restatement.largest_ratio,
                "bars_count": row["changed_count"],
                "first_date": row["changed_first_date"],
                "last_date": row["changed_last_date"],
            }
        )
        if restatement.kind == "rescaled":
            detail = f"the vendor rescaled its history by {restatement.ratio.normalize():f}"
            results.add_outcome(series, "restated", detail)
        else:
            detail = f"{row['changed_count']} bars revised, by {restatement.largest_ratio:.4%} at most"
            results.add_outcome(series, "stored", detail)


def copy_text_into(connection: psycopg.Connection, statement: str, text: bytes) -> None:
    """Append finished COPY text."""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(text)
