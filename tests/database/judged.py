"""What the judge looks at: verdicts as dbt hands them over, and money as the page books it."""

import json
from datetime import datetime

from tests.database.rows import add_portfolio
from trading_ops.db.connect import connect
from trading_ops.settings import Settings


def add_verdicts(desk: Settings, run_id: str, gate: str, *, failing: tuple[str, ...] = ()) -> None:
    """Hand over a verdict per required check of a gate, as dbt does; those of `failing` are not clear."""
    with connect("desk_dbt", desk) as connection:
        connection.execute(
            """
            insert into desk.verdicts (
                run_id, gate, check_name, observed_value, limit_value, is_clear, reason, fix
            )
            select %s, gate, check_name, 1, 1, check_name <> all(%s), 'said by dbt', ''
            from desk.required_checks where gate = %s
            """,
            (run_id, list(failing), gate),
        )


def judge(desk: Settings, run_id: str, gate: str) -> dict[str, dict]:
    """Let the desk judge a gate and return its checks by their names, the status under `status`."""
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.judge_gate(%s, %s)", (run_id, gate))
        row = connection.execute(
            "select status, checks from desk.gate_results where run_id = %s and gate = %s", (run_id, gate)
        ).fetchone()
    return {check["check_name"]: check for check in row["checks"]} | {"status": row["status"]}


def add_cash(desk: Settings, amount_gbp: str, occurred_at: datetime, kind: str = "deposit") -> None:
    """Book a cash movement of the portfolio through the database function the page uses."""
    request = {
        "portfolio_id": add_portfolio(desk),
        "kind": kind,
        "amount_gbp": amount_gbp,
        "occurred_at": occurred_at.isoformat(),
        "person": "executor",
        "idempotency_key": f"{kind}:{amount_gbp}:{occurred_at}",
    }
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_cash_movement(%s)", (json.dumps(request),))
