"""What a load did, as told to its caller, as read back for a repeated key, and as text for a person."""

from dataclasses import dataclass

import psycopg

from trading_ops.bars.refusal import QuarantinedRow, Refusal, read_refusal
from trading_ops.bars.results import SymbolResult
from trading_ops.db.connect import queries
from trading_ops.wording.instants import utc_minute


@dataclass(frozen=True)
class LoadReport:
    """
    One committed load, whole files only; the `rows_` counts are bars.

    `sources` are those of the accepted files; `results` has one row per source and vendor symbol,
    `refused` one per file, `quarantined` one per row left out of an accepted file.
    """

    load_id: int
    sources: tuple[str, ...]
    results: tuple[SymbolResult, ...]
    actions_new: int
    rates_new: int
    refused: tuple[Refusal, ...]
    quarantined: tuple[QuarantinedRow, ...]
    duration_ms: int

    @property
    def rows_new(self) -> int:
        """Bars of dates that had none."""
        return sum(one.rows_new for one in self.results)

    @property
    def rows_changed(self) -> int:
        """Bars that are a new version of stored ones."""
        return sum(one.rows_changed for one in self.results)

    @property
    def rows_unchanged(self) -> int:
        """Bars that were stored already, digit for digit."""
        return sum(one.rows_unchanged for one in self.results)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The vendor symbols whose bars were accepted, changed or not."""
        accepted = {
            one.vendor_symbol for one in self.results if one.rows_new + one.rows_changed + one.rows_unchanged
        }
        return tuple(sorted(accepted))


def stored_report(connection: psycopg.Connection, idempotency_key: str) -> LoadReport | None:
    """Return the report of the load that used this key, or None if no load did."""
    load_id = queries.bars.load_id_of_key(connection, idempotency_key=idempotency_key)
    return None if load_id is None else report_of_load(connection, load_id)


def report_of_load(connection: psycopg.Connection, load_id: int) -> LoadReport | None:
    """Return the report of a stored load, equal to what its caller was told, or None if there is none."""
    load = queries.bars.load_with_contents(connection, load_id=load_id)
    if load is None:
        return None
    return LoadReport(
        load_id=load_id,
        sources=() if load["source"] == "none" else tuple(load["source"].split("+")),
        results=tuple(
            SymbolResult(**row) for row in queries.bars.results_of_load(connection, load_id=load_id)
        ),
        actions_new=load["actions_new_count"],
        rates_new=load["rates_new_count"],
        refused=tuple(
            read_refusal(row["file_name"], row["error"])
            for row in queries.bars.refused_files_of_load(connection, load_id=load_id)
        ),
        quarantined=tuple(
            QuarantinedRow(**row)
            for row in queries.bars.quarantined_rows_of_load(connection, load_id=load_id)
        ),
        duration_ms=load["duration_ms"],
    )


def report_text(report: LoadReport) -> str:
    """Return a load as a table of its symbols, with every refused file and quarantined row under it."""
    head = (
        f"load {report.load_id} from {', '.join(report.sources) or 'no source'}: {report.rows_new:,} new, "
        f"{report.rows_changed:,} changed, {report.rows_unchanged:,} unchanged, {len(report.quarantined):,} "
        f"quarantined bars of {len(report.symbols)} symbols; {report.actions_new:,} new splits and dividends, "
        f"{report.rates_new:,} new rates; {len(report.refused)} files refused; {report.duration_ms / 1000:.1f} s"
    )
    return "\n".join(
        [
            head,
            *_symbol_lines(report.results),
            *(f"refused      {one}" for one in report.refused),
            *(f"quarantined  {one}" for one in report.quarantined),
        ]
    )


def loads_text(connection: psycopg.Connection, load_count: int = 20) -> str:
    """Return the newest loads as a table, newest first."""
    header = ("load", "known at", "source", "new", "changed", "unchanged", "quarantined", "refused files", "s", "symbols")  # fmt: skip
    rows = [
        (
            str(row["load_id"]),
            utc_minute(row["known_at"]),
            row["source"],
            f"{row['rows_new_count']:,}",
            f"{row['rows_changed_count']:,}",
            f"{row['rows_unchanged_count']:,}",
            f"{row['rows_quarantined_count']:,}",
            str(row["files_refused_count"]),
            f"{row['duration_ms'] / 1000:.1f}",
            row["outcomes"],
        )
        for row in queries.bars.newest_loads(connection, load_count=load_count)
    ]
    return "\n".join(_table(header, rows, right=range(3, 9)))


def _symbol_lines(results: tuple[SymbolResult, ...]) -> list[str]:
    if not results:
        return []
    header = ("source", "symbol", "outcome", "new", "changed", "unchanged", "quarantined", "ms", "detail")
    rows = [
        (
            one.source,
            one.vendor_symbol,
            one.outcome,
            f"{one.rows_new:,}",
            f"{one.rows_changed:,}",
            f"{one.rows_unchanged:,}",
            f"{one.rows_quarantined:,}",
            f"{one.duration_ms:,}",
            one.detail,
        )
        for one in results
    ]
    return _table(header, rows, right=range(3, 8))


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]], right: range) -> list[str]:
    """Return aligned lines; the columns in `right` are numbers."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (header, *rows)
    ]
