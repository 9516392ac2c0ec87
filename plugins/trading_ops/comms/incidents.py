"""
Incidents: what went wrong, once each, with a code the operator's documents explain.

Recording one is idempotent by its dedupe key, so a retried task tells of a failure once.
"""

import psycopg

from trading_ops.comms.channels import PREFIX, announce
from trading_ops.comms.letters import alert_letter
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import queries
from trading_ops.settings import Settings, settings

# What the desk itself raises, each with an entry in docs/INCIDENTS.md.
CODES = {
    "STEP_FAILED": "a step of the plan run did not finish",
    "DATA_STALE": "the data quality gate blocked",
    "CONFIRMATION_MISSING": "lines of a TRADE ticket were not confirmed in time",
    "RECONCILIATION_DRIFT": "the reconciliation gate blocked",
    "RISK_BLOCKED": "the risk gate blocked the plan",
    "KILL_SWITCH": "a halt, or the drawdown or daily loss limit, blocked the plan",
    "NO_TICKET": "the week has no ticket although it is due",
    "REPORT_MISSING": "the daily report is not written although it is due",
    "COMPONENT_DOWN": "a part of the desk hung or ended, and was started again",
    "DISK_LOW": "a disk of the desk has little room left, or none",
    "DATABASE_SLOW": "the database did not answer for a while, or only slowly",
    "WINDOW_MISSED": "the ticket came after its execution window had closed",
    "TICKET_REFUSED": "Postgres refused a TRADE ticket Python would have issued",
    "SOURCE_BLOCKED": "a market data source refused to serve the desk",
    "VENDOR_OUTAGE": "more symbols lack bars at once than can be the symbols' own fault",
    "SYMBOL_DISABLED": "a symbol kept missing bars and is not bought any more",
    "UNTRADABLE_SYMBOL": "the broker does not offer a symbol's stock; it is not bought any more",
    "MAIL_REFUSED": "a mail did not reach whom it was for, and is not tried again",
    "SIGN_IN_BRAKED": "somebody guesses passwords of the page, and has to wait",
}
# What a function of the database records for the page, which may write no mail.
RECORDED_BY_POSTGRES = ("SIGN_IN_BRAKED",)


def record_incident(
    connection: psycopg.Connection, code: str, dedupe_key: str, detail: str, run_id: str | None = None
) -> bool:
    """Write an incident in the caller's transaction; say whether it is new."""
    number = queries.incidents.insert_incident(
        connection, code=code, dedupe_key=dedupe_key, run_id=run_id, detail=detail
    )
    return number is not None


def raise_incident(
    connection: psycopg.Connection,
    code: str,
    dedupe_key: str,
    detail: str,
    run_id: str | None = None,
    config: Settings | None = None,
    recipient: str | None = None,
) -> bool:
    """
    Write an incident and, when it is new, its alert, to the operator or a recipient; say whether it is new.

    Both are in the caller's transaction. For a failure another mail already tells of, use
    record_incident.
    """
    is_new = record_incident(connection, code, dedupe_key, detail, run_id)
    if is_new:
        _alert(connection, code, dedupe_key, detail, run_id, config or settings(), recipient)
    return is_new


def tell_recorded(connection: psycopg.Connection, config: Settings) -> None:
    """Write the alert of each incident the database recorded by itself, once; as desk_planner."""
    for row in list(queries.incidents.untold(connection, codes=list(RECORDED_BY_POSTGRES))):
        _alert(connection, row["code"], row["dedupe_key"], row["detail"], row["run_id"], config)


def tell_given_up(connection: psycopg.Connection, config: Settings, attempts_max: int) -> bool:
    """Tell the other person of each mail nobody will get, once; say whether there was one."""
    given_up = list(queries.comms.given_up(connection, attempts_max=attempts_max))
    for mail in given_up:
        is_operators = mail["recipient"] == config.operator_email
        whom = "a channel" if mail["recipient"].startswith(PREFIX) else mail["recipient"]
        raise_incident(
            connection,
            "MAIL_REFUSED",
            f"MAIL_REFUSED:{mail['mail_id']}",
            f"mail {mail['mail_id']} to {whom}, {mail['subject']!r}: {mail['detail']}",
            config=config,
            recipient=config.executor_email if is_operators else config.operator_email,
        )
    return bool(given_up)


def _alert(
    connection: psycopg.Connection,
    code: str,
    dedupe_key: str,
    detail: str,
    run_id: str | None,
    config: Settings,
    recipient: str | None = None,
) -> None:
    letter = alert_letter(code, CODES.get(code, ""), detail, run_id)
    key = f"alert:{dedupe_key}"
    enqueue(
        connection,
        dedupe_key=key,
        kind="alert",
        recipient=recipient or config.operator_email,
        letter=letter,
    )
    announce(connection, dedupe_key=key, kind="alert", letter=letter, config=config)
