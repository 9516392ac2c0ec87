"""
What the daily report says: its figures as rows, in words, and as a letter.

Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from trading_ops.comms.incident_codes import find_code
from trading_ops.comms.letters import Attachment, Letter, compose, page_link
from trading_ops.exchange import sessions
from trading_ops.tickets.fill_findings import is_checked, questions
from trading_ops.tickets.owed import Owed, left
from trading_ops.tickets.reasons import Reason, told
from trading_ops.wording.figures import gbp, ratio
from trading_ops.wording.instants import on_clock, utc_minute


@dataclass(frozen=True)
class DailyReport:
    """One day as rows; a part that is None or empty was not computed, and `missing` says why."""

    run: Mapping
    label: str
    equity: Mapping | None
    gains: Mapping | None
    positions: Sequence[Mapping]
    coverage: Mapping | None
    fills: Sequence[Mapping]
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
    rebought: Sequence[str]
    splits: Sequence[str]
    missing: Sequence[str]


def words_of(report: DailyReport, page_url: str) -> dict[str, Any]:
    """Return what the report's page is made of."""
    return vars(report) | {
        "newest_ticket": ticket_status(report.ticket), "told": told, "state": state_in_words(report),
        "to_do": owed_words(report.owed, page_url), "open_words": open_words,
        "fills_state": fills_in_words(report.fills), "fill_questions": fill_questions(report.fills),
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
        ("Gain since the start", _gained(report.gains)),
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
        *([("Fills of the week", fills_in_words(report.fills))] if report.fills else []),
        *(("Question", question) for question in fill_questions(report.fills)),
        *(("Split of the week", line) for line in report.splits),
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


def state_in_words(report: DailyReport) -> str:
    """Return the state of the desk in words: what keeps it from trading first, then the open incidents."""
    count = len(report.open_incidents)
    codes = ", ".join(dict.fromkeys(row["code"] for row in report.open_incidents))
    return _state(report) + (f" {count} open incident{'s' * (count > 1)}: {codes}." if count else "")


def _state(report: DailyReport) -> str:
    if report.run["is_halted"]:
        return "The desk is HALTED: no TRADE ticket can be issued."
    if report.data_reasons:
        count = len(report.data_reasons)
        others = f" (and {count - 1} more)" if count > 1 else ""
        first = report.data_reasons[0].sentence
        return f"The data of {report.run['as_of_date']} would block a plan: {first}{others}"
    if report.missing:
        return "The desk runs, and could not compute all of its figures."
    return f"The desk runs, its data is whole, {left(report.owed)}."


def loss_beyond_limit(equity: Mapping | None) -> str:
    """Return what the book lost beyond what its policy allows, as the gate will judge it, or nothing."""
    if equity is None:
        return ""
    losses = (
        ("the book is {} below its peak", equity["unreviewed_drawdown_ratio"], equity["drawdown_ratio_max"]),
        ("the book lost {} in a session", -(equity["return_ratio"] or 0), equity["daily_loss_ratio_max"]),
    )
    found = [
        f"{words.format(ratio(lost))}, {ratio(allowed)} stops a plan"
        for words, lost, allowed in losses
        if lost is not None and allowed is not None and lost >= allowed
    ]
    return f"{equity['session_date']}: {'; '.join(found)}" if found else ""


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


def fills_in_words(fills: Sequence[Mapping]) -> str:
    """Return how many fills of the week were held against the market of their day, and how many are odd."""
    checked = [fill for fill in fills if is_checked(fill)]
    odd_count = sum(1 for fill in checked if questions(fill))
    waiting = f", {len(fills) - len(checked)} without a bar of their day" if len(checked) < len(fills) else ""
    return f"{len(checked) - odd_count} of {len(fills)} plausible, {odd_count} asked about{waiting}"


def fill_questions(fills: Sequence[Mapping]) -> list[str]:
    """Return what is asked about fills, with ticket and line; a line each."""
    return [
        f"line {fill['line_number']} {fill['internal_symbol']} of {fill['ticket_id']}: {question}"
        for fill in fills
        if is_checked(fill)
        for question in questions(fill)
    ]


def ticket_status(ticket: Mapping | None) -> str:
    """Return a ticket's confirmation status in one sentence."""
    if ticket is None:
        return "none yet"
    if ticket["kind"] == "NO-TRADE":
        return f"{ticket['ticket_id']} NO-TRADE, nothing to confirm"
    lines_count, confirmed_count = ticket["lines_count"], ticket["confirmed_count"]
    waiting = f", {lines_count - confirmed_count} still open" if confirmed_count < lines_count else ""
    return f"{ticket['ticket_id']} TRADE, {confirmed_count} of {lines_count} lines confirmed{waiting}"


def _gained(gains: Mapping | None) -> str:
    """Return the whole gain in one line, realised and not, and the benchmark's return beside the book's."""
    if gains is None:
        return "not computed"
    parts = f"{gbp(gains['realised_gbp'])} realised, {gbp(gains['unrealised_gbp'])} unrealised"
    returns = f"{ratio(gains['time_weighted_ratio'])}, benchmark {ratio(gains['benchmark_ratio'])}"
    return f"{gbp(gains['gain_gbp'])} ({parts}); return {returns}"


def _next_due(as_of_date: date) -> str:
    try:
        due_at = sessions.report_due_at(sessions.next_session(as_of_date))
    except sessions.CalendarError:
        return "at an unknown time"
    return f"{on_clock(due_at, 'London')} London"
