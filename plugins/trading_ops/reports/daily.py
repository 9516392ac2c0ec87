"""
The daily report: what the book is worth, whether the data is whole, and what waits for a person.

Written even when nothing was computed, because a morning without a report looks like a morning
without a problem.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg

from trading_ops.comms.incidents import close_over, raise_incident, record_incident
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import beside, queries
from trading_ops.exchange import sessions
from trading_ops.ledger.splits import split_words
from trading_ops.ops.absences import coming_absences
from trading_ops.plan.steps import gate_reasons
from trading_ops.reports.daily_words import DailyReport, daily_letter, loss_beyond_limit, words_of
from trading_ops.reports.pages import rendered, write_pages
from trading_ops.settings import Settings
from trading_ops.tax.book import rebought_now
from trading_ops.tickets.build import label_of
from trading_ops.tickets.owed_now import read_owed
from trading_ops.tickets.reasons import stored_reasons

# What a mart that was never built, is half built, or is not for this role looks like from here.
NOT_BUILT = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.InsufficientPrivilege,
)


def write_daily_report(connection: psycopg.Connection, run_id: str, config: Settings) -> Path:
    """
    Write data/reports/daily_<as_of>.md and .html, put the mail into the outbox once, and commit.

    Works as desk_planner and returns the HTML file. Calling again writes the files anew and mails
    nothing. Raises ValueError for an unknown run.
    """
    with connection.transaction():
        close_over(connection, config)
        report = read_daily_report(connection, run_id)
        as_of_date = report.run["as_of_date"]
        subject = f"{report.run['portfolio_id']}:{as_of_date}"
        if report.data_reasons:
            # The report itself tells of it.
            detail = f"data of {as_of_date}: {'; '.join(reason.sentence for reason in report.data_reasons)}"
            record_incident(connection, "DATA_STALE", f"DATA_STALE:{subject}", detail, run_id)
        loss = loss_beyond_limit(report.equity)
        # A loss that lasts is told once: it is open until a plan passes the gate again.
        if loss and not any(row["code"] == "DRAWDOWN_LIMIT" for row in report.open_incidents):
            raise_incident(connection, "DRAWDOWN_LIMIT", f"DRAWDOWN_LIMIT:{subject}", loss, run_id, config)
        report = replace(report, **_incidents(connection, run_id))
        texts = rendered("daily", words_of(report, config.page_url))
        key = f"daily_report:{subject}"
        number = queries.reports.number_of_report(
            connection, dedupe_key=key, prefix=f"daily_report:{report.run['portfolio_id']}:"
        )
        enqueue(
            connection,
            dedupe_key=key,
            kind="daily_report",
            recipient=config.operator_email,
            letter=daily_letter(report, texts["html"], config.page_url, number),
        )
    connection.commit()
    return write_pages(config, f"daily_{as_of_date}", texts)


def read_daily_report(connection: psycopg.Connection, run_id: str) -> DailyReport:
    """Collect a day's report in the caller's transaction."""
    run = queries.reports.run(connection, run_id=run_id)
    if run is None:
        raise ValueError(f"{run_id} is not a run of this desk")
    missing: list[str] = []

    def computed(name: str, read: Callable):
        """Return what a mart says, or nothing and a note that it does not."""
        try:
            # A savepoint: an error in one part must not take the rest of the report with it.
            with reader.transaction():
                found = read(reader, run_id=run_id)
                found = found if found is None or isinstance(found, Mapping) else list(found)
        except NOT_BUILT as error:
            missing.append(f"{name}: {error.diag.message_primary}")
            return None
        if found is None:
            missing.append(f"{name}: nothing was computed for this run")
        return found

    with beside(connection) as reader:
        equity = computed("equity", queries.reports.equity)
        gains = computed("gains", queries.reports.gains)
        positions = computed("positions", queries.reports.positions) or ()
        coverage = computed("coverage", queries.reports.coverage)
        fills = computed("fills", queries.reports.recent_fills) or ()
    plan = queries.reports.newest_plan(connection, portfolio_id=run["portfolio_id"])
    return DailyReport(
        run=run,
        label=label_of(run["portfolio_kind"], run["environment"]),
        equity=equity,
        gains=gains,
        positions=positions,
        coverage=coverage,
        fills=fills,
        data_reasons=gate_reasons(connection, run_id, "data_quality"),
        plan=plan,
        gates=list(queries.reports.gates(connection, run_id=plan["run_id"])) if plan else (),
        reasons=stored_reasons(plan["reasons"]) if plan else (),
        ticket=queries.reports.ticket(connection, portfolio_id=run["portfolio_id"]),
        **_incidents(connection, run_id),
        owed=read_owed(connection, run["portfolio_id"]),
        next_rebalance_date=_next_rebalance_date(run["as_of_date"]),
        absences=coming_absences(connection),
        rebought=rebought_now(connection, run["portfolio_id"]),
        splits=[split_words(row) for row in queries.reports.recent_splits(connection, run_id=run_id)],
        missing=tuple(missing),
    )


def _incidents(connection: psycopg.Connection, run_id: str) -> dict[str, list]:
    return {
        "incidents": list(queries.reports.incidents(connection, run_id=run_id)),
        "open_incidents": list(queries.incidents.still_open(connection)),
    }


def _next_rebalance_date(as_of_date: date) -> date | None:
    try:
        return sessions.execution_session(as_of_date)
    except sessions.CalendarError:
        # Beyond the last session the calendar package knows.
        return None
