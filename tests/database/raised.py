"""Incidents on record, what is open of them, and what was written about them."""

from tests.database import rows
from trading_ops.comms.incidents import record_incident
from trading_ops.db.connect import connect


def select(desk, query: str) -> list[dict]:
    """Return what the planner sees."""
    with connect("desk_planner", desk) as connection:
        return connection.execute(query).fetchall()


def still_open(desk) -> list[str]:
    """Return the code of every open incident."""
    return [row["code"] for row in select(desk, "select code from desk.open_incidents order by incident_id")]


def record(desk, code: str, subject: str = "", run_id: str | None = None) -> int:
    """Record an incident and return its number."""
    with connect("desk_planner", desk) as connection:
        record_incident(connection, code, f"{code}:{subject or 'it'}", "what went wrong", run_id)
        return connection.execute("select max(incident_id) as n from desk.incidents").fetchone()["n"]


def mails(desk) -> list[tuple[str, str]]:
    """Return (subject, to whom) of every mail."""
    people = {desk.executor_email: "executor", desk.operator_email: "operator"}
    found = select(desk, "select subject, recipient from desk.outbox order by mail_id")
    return [(mail["subject"], people[mail["recipient"]]) for mail in found]


def serve(desk) -> None:
    """Let a source deliver."""
    load_id = rows.add_load(desk, "later")
    with connect("desk_loader", desk) as connection:
        connection.execute(
            "insert into raw.load_results (load_id, source, vendor_symbol, outcome)"
            " values (%s, 'stooq', 'ALDR', 'stored')",
            (load_id,),
        )
