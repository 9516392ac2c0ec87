"""
Intended against executed: one report per ticket, as files and as a mail to both people.

It speaks once every line is confirmed and the bars of the days of execution are in, which the week's
reconciliation, the last run before the next plan, no longer waits for. What the market says of a fill is kept
as soon as it is known, whether its ticket is whole or not: the page shows it.
"""

from collections.abc import Mapping
from pathlib import Path

import psycopg

from trading_ops.comms.letters import Attachment, Letter, compose
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import beside, queries
from trading_ops.reports.pages import rendered, write_pages
from trading_ops.runs.run import load_run
from trading_ops.settings import Settings
from trading_ops.tickets.build import label_of, skip_price_usd
from trading_ops.tickets.executed import Executed, done, remarks, slippage
from trading_ops.tickets.executed_now import read_executed
from trading_ops.tickets.letters import ticket_link
from trading_ops.wording.figures import gbp


def report_executions(connection: psycopg.Connection, run_id: str, config: Settings) -> list[str]:
    """
    Write data/reports/executions_<ticket>.md and .html of each ticket that is due, mail it once, and commit.

    Works as desk_planner on a run whose book is built, and returns a line per ticket: the file, or what it
    waits for. A correction within a week writes the files anew and mails nothing. Raises ValueError for an
    unknown run, psycopg.errors.UndefinedTable when no book was ever built.
    """
    told = []
    run = load_run(connection, run_id)
    tickets = list(queries.reports.tickets_executed(connection, portfolio_id=run.portfolio_id))
    _keep_findings(connection, run_id)
    for ticket in tickets:
        executed = read_executed(connection, ticket["ticket_id"])
        missing = [
            line.order.internal_symbol for line in executed.lines if line.units and not line.is_checked
        ]
        if missing and run.kind != "reconciliation":
            told.append(f"{ticket['ticket_id']} waits for the bars of its fills: {', '.join(missing)}")
        else:
            path = _write(connection, ticket, executed, config)
            told.append(f"{ticket['ticket_id']}: {done(executed)}, slippage {slippage(executed)}: {path}")
    connection.commit()
    return told


def executions_letter(ticket: Mapping, executed: Executed, html: str, confirm_url: str) -> Letter:
    """Return the mail, its lines attached; `ticket` is a row of queries.reports.tickets_executed."""
    label = label_of(ticket["portfolio_kind"], ticket["environment"])
    prefix = f"[{label}] " if label else ""
    facts = [
        ("Lines", done(executed)),
        ("Executed", f"{gbp(executed.value_gbp)} of {gbp(executed.intended_gbp)}"),
        ("Slippage", slippage(executed)),
        ("Fees", gbp(executed.fee_gbp)),
    ]
    return compose(
        f"{prefix}Executed {ticket['plan_week']}: {done(executed)}",
        ["What the ticket asked for against what was done. Line by line it is attached, and on the page."],
        facts=facts,
        link=ticket_link(confirm_url, ticket["ticket_id"]),
        attachments=[Attachment(f"executions_{ticket['ticket_id']}.html", "text/html", html)],
    )


def _write(connection: psycopg.Connection, ticket: Mapping, executed: Executed, config: Settings) -> Path:
    """Write a ticket's report, put its mails into the outbox once and return the HTML file."""
    ticket_id = ticket["ticket_id"]
    words = {
        "ticket": ticket,
        "executed": executed,
        "label": label_of(ticket["portfolio_kind"], ticket["environment"]),
        "done": done,
        "slippage": slippage,
        "remarks": remarks,
        "skip_price_usd": skip_price_usd,
    }
    texts = rendered("executions", words)
    letter = executions_letter(ticket, executed, texts["html"], config.page_url)
    for actor, address in (("operator", config.operator_email), ("executor", config.executor_email)):
        enqueue(
            connection,
            dedupe_key=f"executions:{ticket_id}:{actor}",
            kind="executions",
            recipient=address,
            letter=letter,
            ticket_id=ticket_id,
        )
    return write_pages(config, f"executions_{ticket_id}", texts)


def _keep_findings(connection: psycopg.Connection, run_id: str) -> None:
    """Write down what the run found of each fill whose bar it knows, where that is news."""
    with beside(connection) as reader:
        found = list(queries.reports.fills_checked(reader, run_id=run_id))
    queries.ledger.keep_fill_finding(connection, [{"run_id": run_id, **finding} for finding in found])
