"""
Incidents: what went wrong, once each, until it is over.

Recording one is idempotent by its dedupe key, so a retried task tells of a failure once. It ends by the rule
of its code, or an operator closes it.
"""

from collections.abc import Mapping, Sequence

import psycopg

from trading_ops.comms.channels import PREFIX, announce
from trading_ops.comms.incident_codes import find_code
from trading_ops.comms.incident_manual import what_to_do
from trading_ops.comms.letters import Letter, alert_letter, page_link, release_letter
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import queries
from trading_ops.settings import Settings, settings

# What a function of the database records for the page, which may write no mail.
RECORDED_BY_POSTGRES = ("SIGN_IN_BRAKED", "KILL_SWITCH")


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
    Write an incident and, when it is new, its alert, to its owner or a recipient; say whether it is new.

    Both are in the caller's transaction. For a failure another mail already tells of, use
    record_incident.
    """
    is_new = record_incident(connection, code, dedupe_key, detail, run_id)
    if is_new:
        _alert(connection, code, dedupe_key, detail, run_id, config or settings(), recipient)
    return is_new


def tell_recorded(connection: psycopg.Connection, config: Settings) -> list[str]:
    """
    Write the alert of each incident the database recorded by itself, once; return what was told.

    Works as desk_planner.
    """
    found = list(queries.incidents.untold(connection, codes=list(RECORDED_BY_POSTGRES)))
    for row in found:
        _alert(connection, row["code"], row["dedupe_key"], row["detail"], row["run_id"], config)
    return [f"{row['code']}: {row['detail']}" for row in found]


def close_over(connection: psycopg.Connection, config: Settings) -> list[str]:
    """
    Close each incident that is over by its rule, in the caller's transaction; return a line for each.

    Works as desk_planner. The end of what concerns both people is told to both.
    """
    lines = []
    for row in list(queries.incidents.over(connection)):
        code = find_code(row["code"])
        if not queries.incidents.close_incident(
            connection, incident_id=row["incident_id"], person="desk", reason=code.ends
        ):
            continue
        lines.append(f"{row['code']} of {row['detail']} is over: {code.ends}")
        if code.concerns_both:
            said = queries.incidents.release_said(connection)
            _tell(
                connection,
                f"over:{row['dedupe_key']}",
                release_letter(said, incidents_page(config)),
                config,
                (config.operator_email, config.executor_email),
            )
    return lines


def tell_again(connection: psycopg.Connection, row: Mapping, config: Settings) -> None:
    """Tell whom its alert did not go to of an open incident that nobody acknowledged, and the channels."""
    key = f"alert:{row['dedupe_key']}"
    first = queries.incidents.told_to(connection, dedupe_key=key) or owner_email(row["code"], config)
    letter = alert_letter(
        row["code"],
        row["detail"],
        row["run_id"],
        what_to_do(row["code"]),
        incidents_page(config),
        since_at=row["created_at"],
    )
    _tell(connection, f"{key}:again", letter, config, (other_email(first, config),))


def incidents_page(config: Settings) -> str:
    """Return the address of the page of open incidents."""
    return page_link(config.page_url, "/incidents")


def owner_email(code: str, config: Settings) -> str:
    """Return where mail about a code goes first."""
    return {"operator": config.operator_email, "executor": config.executor_email}[find_code(code).owner]


def other_email(address: str, config: Settings) -> str:
    """Return the other person's address."""
    return config.executor_email if address == config.operator_email else config.operator_email


def tell_given_up(connection: psycopg.Connection, config: Settings) -> bool:
    """Tell the other person of each mail nobody will get, once; say whether there was one."""
    given_up = list(queries.comms.given_up(connection))
    for mail in given_up:
        whom = "a channel" if mail["recipient"].startswith(PREFIX) else mail["recipient"]
        raise_incident(
            connection,
            "MAIL_REFUSED",
            f"MAIL_REFUSED:{mail['mail_id']}",
            f"mail {mail['mail_id']} to {whom}, {mail['subject']!r}: {mail['detail']}",
            config=config,
            recipient=other_email(mail["recipient"], config),
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
    letter = alert_letter(code, detail, run_id, what_to_do(code), incidents_page(config))
    first = recipient or owner_email(code, config)
    both = (other_email(first, config),) if find_code(code).concerns_both else ()
    _tell(connection, f"alert:{dedupe_key}", letter, config, (first, *both))


def _tell(
    connection: psycopg.Connection, key: str, letter: Letter, config: Settings, recipients: Sequence[str]
) -> None:
    """Write a letter to one person or two, and to the channels; the first has the key to himself."""
    for place, recipient in enumerate(recipients):
        enqueue(
            connection,
            dedupe_key=f"{key}:other" if place else key,
            kind="alert",
            recipient=recipient,
            letter=letter,
        )
    announce(connection, dedupe_key=key, kind="alert", letter=letter, config=config)
