"""
Where the books and the broker differ: a case for each difference, opened once, told with both figures and
what most likely explains it; and the dividends that should have come.
"""

from collections.abc import Iterable, Mapping

import psycopg

from trading_ops.comms.incidents import raise_incident
from trading_ops.db.connect import queries
from trading_ops.runs.run import load_run
from trading_ops.wording.figures import gbp, units

CASH = "CASH"


def open_cases(connection: psycopg.Connection, drift: Iterable[Mapping], run_id: str) -> list[str]:
    """
    Open a case for each difference that has none, tell the operator once per snapshot, return what was told.

    `drift` has rows of snapshot_id, subject, expected_value (the books') and observed_value (the broker's).
    """
    opened = [case for one in drift if (case := queries.ledger.open_drift_case(connection, **one))]
    causes = _likeliest_causes(connection, run_id) if opened else {}
    told = [
        drift_words(case, causes.get(case["subject"]))
        for case in sorted(opened, key=lambda case: case["subject"])
    ]
    if opened:
        snapshot_id = opened[0]["snapshot_id"]
        raise_incident(
            connection,
            "RECONCILIATION_DRIFT",
            f"RECONCILIATION_DRIFT:snapshot:{snapshot_id}",
            f"snapshot {snapshot_id} and the books differ: {'; '.join(told)}",
            run_id=run_id,
        )
    return told


def drift_words(case: Mapping, cause: str | None = None) -> str:
    """Return one difference with both figures, in pounds or in shares, and its likeliest cause."""
    write = gbp if case["subject"] == CASH else units
    return (
        f"{case['subject']}: books {write(case['expected_value'])}, broker {write(case['observed_value'])}"
        + (f" (perhaps {cause})" if cause else "")
    )


def ask_for_dividends(connection: psycopg.Connection, run_id: str) -> list[str]:
    """Tell the operator once of each dividend of the run's book that is overdue; return what was told."""
    portfolio_id = load_run(connection, run_id).portfolio_id
    told = []
    for due in list(queries.ledger.overdue_dividends(connection, portfolio_id=portfolio_id)):
        about = f", about {gbp(due['gross_gbp'])} before tax," if due["gross_gbp"] else ""
        words = f"the dividend of {due['symbol']} of {due['ex_date']}{about} is not booked"
        key = f"DIVIDEND_OVERDUE:{portfolio_id}:{due['symbol']}:{due['ex_date']}"
        if raise_incident(connection, "DIVIDEND_OVERDUE", key, words, run_id=run_id):
            told.append(words)
    return told


def _likeliest_causes(connection: psycopg.Connection, run_id: str) -> dict[str, str]:
    rows = queries.ledger.likeliest_causes(connection, portfolio_id=load_run(connection, run_id).portfolio_id)
    return {row["subject"]: row["words"] for row in rows}
