"""
Issuing the one ticket of a plan run.

Whatever happened before, a run ends with exactly one ticket: TRADE when everything allows it,
otherwise a NO-TRADE that names what did not. Ticket, lines, incidents and mail commit together
or not at all, and a second call finds the first ticket.
"""

import json
from collections.abc import Sequence

import psycopg

from trading_ops.comms.channels import announce
from trading_ops.comms.incidents import record_incident
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import queries
from trading_ops.ops.absences import coming_absences
from trading_ops.plan import steps
from trading_ops.plan.decision import undecided
from trading_ops.plan.reasons import Reason
from trading_ops.settings import Settings, settings
from trading_ops.tickets.build import RunRecord, Ticket, build_ticket, canonical_json, content_sha256
from trading_ops.tickets.files import write_ticket_files
from trading_ops.tickets.letters import ticket_letter
from trading_ops.tickets.owed import replan
from trading_ops.tickets.owed_now import read_owed
from trading_ops.tickets.render import render_markdown

# Checks whose incident is another one than their gate's; of a halt its own tells since it was engaged.
_INCIDENT_OF_CHECK = {
    ("risk", "drawdown"): "DRAWDOWN_LIMIT",
    ("risk", "daily_loss"): "DRAWDOWN_LIMIT",
    ("risk", "halt_released"): None,
    ("database", "desk_not_halted"): None,
    # The ticket says it all: what was announced, or booked while the plan was at work, is no incident.
    ("database", "plan_knows_the_book"): None,
    ("window", "executor_known"): None,
    ("database", "executor_is_known"): None,
    ("window", "executor_present"): None,
    ("database", "executor_is_there"): None,
    ("reconciliation", "snapshot_recent"): "SNAPSHOT_MISSING",
    ("reconciliation", "snapshot_after_last_entry"): "SNAPSHOT_MISSING",
}
_INCIDENT_OF_SOURCE = {
    "step": "STEP_FAILED",
    "data_quality": "DATA_STALE",
    "confirmation": "CONFIRMATION_MISSING",
    "reconciliation": "RECONCILIATION_DRIFT",
    "risk": "RISK_BLOCKED",
    "window": "WINDOW_MISSED",
    "database": "TICKET_REFUSED",
}


# What to do about a refusal of the database, by the name of the constraint that refused.
_FIXES = {
    "one_trade_ticket_per_week": "This week has its TRADE ticket already: execute and confirm that one.",
    "one_trade_ticket_per_session": "That session has its TRADE ticket already: execute and confirm that one.",
    "plan_knows_the_ticket_before": "Execute and confirm that ticket. Plan again after it.",
    "plan_knows_the_book": "Plan again: the next plan knows what was booked meanwhile.",
    "newest_plan_trades": "Follow the ticket of the later plan, or plan its session again.",
    "desk_is_ready": "Tick the symbols (page, Symbols), check the mail (`trading-ops ready`), plan again.",
    "executor_is_known": "Add one: `trading-ops people add NAME --role executor`. Then plan again.",
    "executor_is_there": "Nothing: this week is left out. Somebody is there: `trading-ops away cancel`, plan again.",
    "desk_not_halted": "Reconcile, end the halt with `trading-ops release`, then plan again.",
}


def issue_ticket(
    connection: psycopg.Connection,
    run_id: str,
    failed_steps: Sequence[str] = (),
    config: Settings | None = None,
) -> str:
    """
    Issue the ticket of a plan run, or find the one it has, and return its ticket_id.

    Works as desk_planner and commits. `failed_steps` names the steps before this one that did
    not finish; any of them makes a NO-TRADE. The ticket's files are written after the commit and
    again on every call, so a crash between the two is mended by calling again. Raises
    ValueError for a run that is unknown or no plan.
    """
    config = config or settings()
    with connection.transaction():
        queries.tickets.lock_ticketing(connection, run_id=run_id)
        if queries.tickets.ticket_of_run(connection, run_id=run_id) is None:
            _issue(connection, run_id, failed_steps, config)
        stored = queries.tickets.ticket_of_run(connection, run_id=run_id)
    # The caller may have read something first, which makes the block above a savepoint.
    connection.commit()
    write_ticket_files(stored, config.data / "tickets")
    return stored["ticket_id"]


def _issue(
    connection: psycopg.Connection, run_id: str, failed_steps: Sequence[str], config: Settings
) -> None:
    record = _read_record(connection, run_id, failed_steps)
    now_at = queries.clock.now_at(connection)
    ticket = build_ticket(record, now_at=now_at, failed_steps=failed_steps)
    if ticket.kind == "TRADE":
        refusal = _try_to_store(connection, ticket)
        if refusal is not None:
            ticket = build_ticket(record, now_at=now_at, failed_steps=failed_steps, refusal=refusal)
    if ticket.kind == "NO-TRADE":
        _store(connection, ticket)
        _record_incidents(connection, ticket)
    content_hash = content_sha256(canonical_json(ticket))
    newer_ticket_id = queries.tickets.newer_ticket(connection, run_id=ticket.run["run_id"])
    owed = read_owed(connection, ticket.run["portfolio_id"])
    if ticket.kind == "NO-TRADE" and newer_ticket_id is None:
        week = ticket.run["plan_week"]
        owed += replan(ticket.ticket_id, week, ticket.reasons, ticket.window_close_at, now_at)
    letter = ticket_letter(
        ticket,
        content_hash,
        config.page_url,
        config.mail_from,
        now_at,
        newer_ticket_id,
        owed,
        coming_absences(connection),
    )
    for role, recipient in (("operator", config.operator_email), ("executor", config.executor_email)):
        enqueue(
            connection,
            dedupe_key=f"ticket:{ticket.ticket_id}:{role}",
            kind="ticket",
            recipient=recipient,
            letter=letter,
            ticket_id=ticket.ticket_id,
        )
    announce(
        connection,
        dedupe_key=f"ticket:{ticket.ticket_id}",
        kind="ticket",
        letter=letter,
        config=config,
        ticket_id=ticket.ticket_id,
    )


def _read_record(connection: psycopg.Connection, run_id: str, failed_steps: Sequence[str]) -> RunRecord:
    run = queries.tickets.run(connection, run_id=run_id)
    if run is None or run["kind"] != "plan":
        raise ValueError(f"{run_id} is not a plan run of this desk")
    evidence = steps.read_evidence(connection, run_id, failed_steps)
    return RunRecord(run, steps.stored_decision(connection, run_id) or undecided(evidence), evidence)


def _try_to_store(connection: psycopg.Connection, ticket: Ticket) -> Reason | None:
    """Store a TRADE and return nothing, or return why the database refused it."""
    try:
        with connection.transaction():
            _store(connection, ticket)
            queries.tickets.check_ticket_now(connection)
    except psycopg.OperationalError:
        # A lost connection or a deadlock says nothing about the ticket: the step is to be retried.
        raise
    except psycopg.DatabaseError as error:
        return _refusal(error)
    return None


def _refusal(error: psycopg.DatabaseError) -> Reason:
    said = error.diag.message_primary or str(error)
    fix = _FIXES.get(
        error.diag.constraint_name,
        "Read the log of issue_ticket in Airflow, mend what the message names, plan again.",
    )
    return Reason(
        "database", error.diag.constraint_name or "ticket_lock", f"Postgres refused the TRADE: {said}.", fix
    )


def _store(connection: psycopg.Connection, ticket: Ticket) -> None:
    body_json = canonical_json(ticket)
    queries.tickets.insert_ticket(
        connection,
        ticket_id=ticket.ticket_id,
        run_id=ticket.run["run_id"],
        portfolio_id=ticket.run["portfolio_id"],
        plan_week=ticket.run["plan_week"],
        kind=ticket.kind,
        reasons=json.dumps([reason.as_json() for reason in ticket.reasons]),
        body_json=body_json,
        body_markdown=render_markdown(ticket),
        content_sha256=content_sha256(body_json),
        window_open_at=ticket.window_open_at,
        window_close_at=ticket.window_close_at,
        deadline_at=ticket.deadline_at,
    )
    for line in ticket.lines:
        queries.tickets.insert_ticket_line(
            connection,
            ticket_id=ticket.ticket_id,
            line_number=line.line_number,
            run_id=ticket.run["run_id"],
            etoro_search_name=line.etoro_search_name,
            order_type=line.order_type,
        )


def _record_incidents(connection: psycopg.Connection, ticket: Ticket) -> None:
    found: dict[str, list[str]] = {}
    for reason in ticket.reasons:
        of_source = _INCIDENT_OF_SOURCE.get(reason.source)
        code = _INCIDENT_OF_CHECK.get((reason.source, reason.check_name), of_source)
        if code:
            found.setdefault(code, []).append(f"{reason.check_name}: {reason.sentence}")
    for code, details in found.items():
        record_incident(
            connection, code, f"{code}:{ticket.ticket_id}", "; ".join(details), run_id=ticket.run["run_id"]
        )
