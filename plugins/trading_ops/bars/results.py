"""What became of each symbol of one load, gathered file by file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from trading_ops.sources.failure import FetchFailure

Series = tuple[str, str]

# A history that has to be loaded again is told whatever else was stored beside it, unless the load
# brought it. Otherwise rows that were written say more than a file that was refused beside them, and
# a refusal more than a file that brought nothing new.
_RANK = (
    "restated", "needs_history", "stored", "refused", "blocked", "limit", "failed", "not_found", "no_data", "unchanged",
)  # fmt: skip


@dataclass(frozen=True)
class SymbolResult:
    """One row of raw.load_results; the `rows_` counts are bars."""

    source: str
    vendor_symbol: str
    outcome: str
    rows_new: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    rows_quarantined: int = 0
    first_written_date: date | None = None
    duration_ms: int = 0
    detail: str = ""


@dataclass
class _Tally:
    outcomes: set[str] = field(default_factory=set)
    rows_new: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    rows_quarantined: int = 0
    first_written_dates: list[date] = field(default_factory=list)
    duration_s: float = 0.0
    details: list[str] = field(default_factory=list)


class Results:
    """The tallies of a load, one per source and vendor symbol."""

    def __init__(self) -> None:
        self._tallies: dict[Series, _Tally] = {}

    def add_bars(
        self,
        series: Series,
        *,
        new_count: int = 0,
        changed_count: int = 0,
        unchanged_count: int = 0,
        first_written_date: date | None = None,
    ) -> None:
        """Count the bars of an accepted file."""
        tally = self._of(series)
        tally.rows_new += new_count
        tally.rows_changed += changed_count
        tally.rows_unchanged += unchanged_count
        if first_written_date is not None:
            tally.first_written_dates.append(first_written_date)
        tally.outcomes.add("stored" if new_count + changed_count else "unchanged")

    def add_quarantined(self, series: Series, count: int) -> None:
        """Count rows left out of an accepted file."""
        self._of(series).rows_quarantined += count

    def add_actions(self, series: Series, new_count: int) -> None:
        """Say that a symbol's splits and dividends were read, and how many of them were new."""
        self._of(series).outcomes.add("stored" if new_count else "unchanged")

    def add_outcome(self, series: Series, outcome: str, detail: str) -> None:
        """Record a refusal, a restatement or a failure with what there is to say about it."""
        tally = self._of(series)
        tally.outcomes.add(outcome)
        tally.details.append(detail)

    def add_failures(self, failures: Iterable[FetchFailure]) -> None:
        """Record what sources did not deliver."""
        for one in failures:
            series = (one.source, one.vendor_symbol)
            self.add_outcome(series, one.outcome, one.detail)
            self.add_duration(series, one.duration_ms / 1000)

    def add_duration(self, series: Series, duration_s: float) -> None:
        """Count time spent on a symbol."""
        self._of(series).duration_s += duration_s

    def rows(self) -> tuple[SymbolResult, ...]:
        """Return one row per symbol, ordered by source and symbol."""
        return tuple(
            SymbolResult(
                source=source,
                vendor_symbol=symbol,
                outcome=min(tally.outcomes, key=_RANK.index),
                rows_new=tally.rows_new,
                rows_changed=tally.rows_changed,
                rows_unchanged=tally.rows_unchanged,
                rows_quarantined=tally.rows_quarantined,
                first_written_date=min(tally.first_written_dates, default=None),
                duration_ms=round(tally.duration_s * 1000),
                detail="; ".join(tally.details),
            )
            for (source, symbol), tally in sorted(self._tallies.items())
        )

    def _of(self, series: Series) -> _Tally:
        return self._tallies.setdefault(series, _Tally())
