"""The daily report raises the alarm about a loss that would stop a plan."""

import pytest

from tests.database import rows
from tests.database.test_report import MARTS, write
from trading_ops.db.connect import connect


@pytest.mark.parametrize(
    ("lost", "drawdown", "said"),
    [
        ("-0.06", "0.01", "2026-06-12: the book lost 6.00 % in a session, 5.00 % stops a plan"),
        ("-0.01", "0.25", "2026-06-12: the book is 25.00 % below its peak, 20.00 % stops a plan"),
        ("-0.01", "0.01", None),
    ],
)
def test_a_loss_beyond_its_limit_is_told_on_its_own_day(desk, lost, drawdown, said):
    """And not first by Saturday's plan; once, while it lasts."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_policy(desk)
    with rows.superuser(desk) as connection:
        connection.execute(MARTS)
    for attempt in (1, 2):
        run_id = rows.add_run(desk, kind="daily", attempt=attempt)
        with rows.superuser(desk) as connection:
            for mart, figures in (
                ("equity_daily", f"7000, 0, 7000.00, {lost}, 0.7, {drawdown}"),
                ("drawdown_daily", f"'2026-06-01', {drawdown}"),
            ):
                row = f"('{run_id}', 'demo', '2026-06-12', {figures})"
                connection.execute(f"insert into marts.{mart} values {row}")
        text = write(desk, run_id)
    assert ("DRAWDOWN_LIMIT" in text.split("\n")[4]) == bool(said), text
    with connect("desk_planner", desk) as connection:
        found = connection.execute(
            "select detail from desk.incidents where code = 'DRAWDOWN_LIMIT'"
        ).fetchall()
        alerts = connection.execute("select 1 from desk.outbox where kind = 'alert'").fetchall()
    assert [row["detail"] for row in found] == ([said] if said else []) and len(alerts) == len(found)


def test_a_report_shows_the_drawdown_from_the_peak_and_since_its_review(desk):
    """A review lets the desk go on; what was lost stays written."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_run(desk, kind="daily")
    with rows.superuser(desk) as connection:
        connection.execute(MARTS)
        connection.execute(
            "insert into marts.equity_daily values"
            " (%s, 'demo', '2026-06-12', 7000, 0, 7000.00, -0.01, 0.7, 0.3)",
            (run_id,),
        )
        connection.execute(
            "insert into marts.drawdown_daily values (%s, 'demo', '2026-06-12', '2026-06-11', 0.01)",
            (run_id,),
        )
    text = write(desk, run_id)
    assert "| Drawdown from the peak | 30.00 % |\n| Since its review of 2026-06-11 | 1.00 % |" in text
