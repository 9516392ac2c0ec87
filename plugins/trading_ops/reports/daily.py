"""
The daily report: what the book is worth, whether the data is whole, and what waits for a person.

Written even when nothing was computed, because a morning without a report looks like a morning
without a problem.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from trading_ops.comms.incident_codes import find_code
from trading_ops.comms.incidents import close_over, record_incident
from trading_ops.comms.letters import Attachment, Letter, compose, page_link
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import beside, queries
from trading_ops.exchange import sessions
from trading_ops.ops.absences import coming_absences
from trading_ops.plan.steps import gate_reasons
from trading_ops.reports.pages import rendered, write_pages
from trading_ops.settings import Settings
from trading_ops.tickets.build import label_of
from trading_ops.tickets.owed import Owed, left
from trading_ops.tickets.owed_now import read_owed
from trading_ops.tickets.reasons import Reason, stored_reasons, told
from trading_ops.wording.figures import gbp, ratio
from trading_ops.wording.instants import on_clock, utc_minute

# What a mart that was never built, is half built, or is not for this role looks like from here.
NOT_BUILT = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.InsufficientPrivilege,
)


@dataclass(frozen=True)
class DailyReport:
    """One day as rows; a part that is None or empty was not computed, and `missing` says why."""

    run: Mapping
    label: str
    equity: Mapping | None
    positions: Sequence[Mapping]
    coverage: Mapping | None
    data_reasons: Sequence[Reason]
    plan: Mapping | None
    gates: Sequence[Mapping]
    reasons: Sequence[Reason]
    ticket: Mapping | None
    incidents: Sequence[Mapping]
    open_incidents: Sequence[Mapping]
    owed: Sequence[Owed]
    next_rebalance_date: date | None
    absences: Sequence[str]
    missing: Sequence[str]


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
            report = replace(report, **_incidents(connection, run_id))
        texts = rendered("daily", words_of(report, config))
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
        positions = computed("positions", queries.reports.positions) or ()
        coverage = computed("coverage", queries.reports.coverage)
    plan = queries.reports.newest_plan(connection, portfolio_id=run["portfolio_id"])
    return DailyReport(
        run=run,
        label=label_of(run["portfolio_kind"], run["environment"]),
        equity=equity,
        positions=positions,
        coverage=coverage,
        data_reasons=gate_reasons(connection, run_id, "data_quality"),
        plan=plan,
        gates=list(queries.reports.gates(connection, run_id=plan["run_id"])) if plan else (),
        reasons=stored_reasons(plan["reasons"]) if plan else (),
        ticket=queries.reports.ticket(connection, portfolio_id=run["portfolio_id"]),
        **_incidents(connection, run_id),
        owed=read_owed(connection, run["portfolio_id"]),
        next_rebalance_date=_next_rebalance_date(run["as_of_date"]),
        absences=coming_absences(connection),
        missing=tuple(missing),
    )


def _incidents(connection: psycopg.Connection, run_id: str) -> dict[str, list]:
    return {
        "incidents": list(queries.reports.incidents(connection, run_id=run_id)),
        "open_incidents": list(queries.incidents.still_open(connection)),
    }


def words_of(report: DailyReport, config: Settings) -> dict[str, Any]:
    """Return what the report's page is made of."""
    return vars(report) | {
        "newest_ticket": ticket_status(report.ticket), "told": told, "state": state_in_words(report),
        "to_do": owed_words(report.owed, config.page_url), "open_words": open_words,
    }  # fmt: skip


def daily_letter(report: DailyReport, html: str, page_url: str, number: int) -> Letter:
    """
    Return the mail: the figures a person looks at first, the whole report attached.

    `number` counts the portfolio's reports, so that one which did not come is missed.
    """
    as_of_date, equity = report.run["as_of_date"], report.equity
    facts = [
        ("Equity", gbp(equity["equity_gbp"]) if equity else "not computed"),
        ("Return of the session", ratio(equity["return_ratio"]) if equity else "not computed"),
        ("Drawdown", ratio(equity["drawdown_ratio"]) if equity else "not computed"),
        ("Coverage", ratio(report.coverage["coverage_ratio"]) if report.coverage else "not computed"),
        (f"Data of {as_of_date}", "FAIL" if report.data_reasons else "PASS"),
        *(("Why", told(reason)) for reason in report.data_reasons),
        (
            f"Gates of the plan of {report.plan['as_of_date']}" if report.plan else "Gates",
            ", ".join(f"{row['gate']} {row['status']}" for row in report.gates) or "no plan run yet",
        ),
        *(("Why no trade", told(reason)) for reason in report.reasons),
        ("Account read from eToro", report.run["account_read"]),
        ("Newest ticket", ticket_status(report.ticket)),
        ("Next rebalance", str(report.next_rebalance_date or "unknown")),
        *(("Away", line) for line in report.absences),
        ("Incidents", "; ".join(f"{row['code']}: {row['detail']}" for row in report.incidents) or "none"),
        ("Open incidents", "; ".join(open_words(row) for row in report.open_incidents) or "none"),
    ]
    paragraphs = [state_in_words(report), *owed_words(report.owed, page_url)]
    if report.missing:
        paragraphs.append("Not everything could be computed: " + "; ".join(report.missing) + ".")
    paragraphs.append(f"#{number:04d}, next due {_next_due(as_of_date)}.")
    prefix = f"[{report.label}] " if report.label else ""
    return compose(
        f"{prefix}Daily report {as_of_date}",
        paragraphs,
        facts=facts,
        attachments=[Attachment(f"daily_{as_of_date}.html", "text/html", html)],
    )


def open_words(incident: Mapping) -> str:
    """Return an open incident in one line: whose it is, since when, who has it in hand."""
    in_hand = f", in hand with {incident['acknowledged_by']}" if incident["acknowledged_by"] else ""
    since = utc_minute(incident["created_at"])
    return f"{incident['code']} ({find_code(incident['code']).owner}, since {since}{in_hand})"


def owed_words(owed: Sequence[Owed], page_url: str) -> list[str]:
    """Return who has to do what, where and by when, before the next plan; a line each."""
    return [
        f"{one.actor}: {one.words} ({page_link(page_url, one.path)}), by {utc_minute(one.deadline_at)}"
        for one in owed
    ]


def state_in_words(report: DailyReport) -> str:
    """Return the state of the desk in one sentence, what keeps it from trading first."""
    if report.run["is_halted"]:
        return "The desk is HALTED: no TRADE ticket can be issued."
    if report.data_reasons:
        count = len(report.data_reasons)
        others = f" (and {count - 1} more)" if count > 1 else ""
        return f"The data of {report.run['as_of_date']} would block a plan: {report.data_reasons[0].sentence}{others}"
    if report.missing:
        return "The desk runs, and could not compute all of its figures."
    return f"The desk runs, its data is whole, {left(report.owed)}."


def ticket_status(ticket: Mapping | None) -> str:
    """Return a ticket's confirmation status in one sentence."""
    if ticket is None:
        return "none yet"
    if ticket["kind"] == "NO-TRADE":
        return f"{ticket['ticket_id']} NO-TRADE, nothing to confirm"
    lines_count, confirmed_count = ticket["lines_count"], ticket["confirmed_count"]
    waiting = f", {lines_count - confirmed_count} still open" if confirmed_count < lines_count else ""
    return f"{ticket['ticket_id']} TRADE, {confirmed_count} of {lines_count} lines confirmed{waiting}"


def _next_due(as_of_date: date) -> str:
    try:
        due_at = sessions.report_due_at(sessions.next_session(as_of_date))
    except sessions.CalendarError:
        return "at an unknown time"
    return f"{on_clock(due_at, 'London')} London"


def _next_rebalance_date(as_of_date: date) -> date | None:
    try:
        return sessions.execution_session(as_of_date)
    except sessions.CalendarError:
        # Beyond the last session the calendar package knows.
        return None
