"""
Where the books and the broker differ: a case for each difference, opened once, and told with both figures.
"""

from collections.abc import Iterable, Mapping

import psycopg

from trading_ops.comms.incidents import raise_incident
from trading_ops.db.connect import queries
from trading_ops.wording.figures import gbp, units

CASH = "CASH"


def open_cases(connection: psycopg.Connection, drift: Iterable[Mapping], run_id: str) -> list[str]:
    """
    Open a case for each difference that has none, tell the operator once per snapshot, return what was told.

    `drift` has rows of snapshot_id, subject, expected_value (the books') and observed_value (the broker's).
    """
    opened = [case for one in drift if (case := queries.ledger.open_drift_case(connection, **one))]
    told = [drift_words(case) for case in sorted(opened, key=lambda case: case["subject"])]
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


def drift_words(case: Mapping) -> str:
    """Return one difference with both figures, cash in pounds, a position in shares."""
    write = gbp if case["subject"] == CASH else units
    return f"{case['subject']}: books {write(case['expected_value'])}, broker {write(case['observed_value'])}"
