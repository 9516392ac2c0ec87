"""
Which DAGs the desk has: one row each, and whatever names a DAG, its runs or its times reads that row.

Plain data without Airflow, so that the demo, the tests and a DAG file read the same. The times themselves are
computed in trading_ops.exchange.sessions, the only place that knows a calendar.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from trading_ops.exchange import sessions


@dataclass(frozen=True)
class Cadence:
    """Which sessions have a run, and the word for it that a DAG's name begins with."""

    name: str
    is_due: Callable[[date], bool]


@dataclass(frozen=True)
class DeskDag:
    """
    One DAG: the kind of its runs in desk.runs, the sessions that have one and when that is due.

    The reminders freeze no run and are bound to no session: they run whenever a letter may be due.

    A run that could not start in time still does until `lateness_max` after it was due, and no run takes
    longer than `duration_max`. Tier 1 is what a ticket hangs on.
    """

    dag_id: str
    kind: str | None
    cadence: Cadence
    run_at: Callable[[date], datetime] | None
    lateness_max: timedelta
    duration_max: timedelta
    tier: int
    summary: str

    @property
    def tags(self) -> list[str]:
        """The words a DAG is found by in Airflow."""
        return [f"cadence/{self.cadence.name}", f"tier/{self.tier}"]


DAILY = Cadence("daily", sessions.is_session)
WEEKLY = Cadence("weekly", sessions.is_last_of_week)
MONTHLY = Cadence("monthly", sessions.is_training_session)

DAILY_MARKET_DATA = DeskDag(
    dag_id="daily_market_data",
    kind="daily",
    cadence=DAILY,
    run_at=sessions.daily_run_at,
    lateness_max=timedelta(hours=12),
    duration_max=timedelta(hours=2),
    tier=2,
    summary="08:00 London after each NYSE session",
)
WEEKLY_RECONCILIATION = DeskDag(
    dag_id="weekly_reconciliation",
    kind="reconciliation",
    cadence=WEEKLY,
    run_at=sessions.reconciliation_run_at,
    lateness_max=timedelta(hours=12),
    duration_max=timedelta(hours=2),
    tier=2,
    summary="08:30 London after the week's last NYSE session",
)
DAILY_FOLLOWUP = DeskDag(
    dag_id="daily_followup",
    kind="followup",
    cadence=DAILY,
    run_at=sessions.followup_run_at,
    lateness_max=timedelta(hours=6),
    duration_max=timedelta(hours=2),
    tier=2,
    summary="30 minutes after the close of each NYSE session",
)
WEEKLY_PLAN = DeskDag(
    dag_id="weekly_plan",
    kind="plan",
    cadence=WEEKLY,
    run_at=sessions.plan_run_at,
    # Until Monday's window a late plan still makes a ticket.
    lateness_max=timedelta(hours=48),
    duration_max=sessions.PLAN_DURATION_MAX,
    tier=1,
    summary="Saturday 09:00 London, for the week's last NYSE session",
)
MONTHLY_TRAINING = DeskDag(
    dag_id="monthly_training",
    kind="training",
    cadence=MONTHLY,
    run_at=sessions.training_run_at,
    # The room is idle until Tuesday morning, and a model that is a day younger is not a better one.
    lateness_max=timedelta(hours=36),
    duration_max=timedelta(hours=3),
    tier=3,
    summary="The month's first Sunday 10:00 London, for the week's last NYSE session",
)

DAILY_REMINDERS = DeskDag(
    dag_id="daily_reminders",
    kind=None,
    cadence=DAILY,
    run_at=None,
    # The newest letter that is due is as true some hours later; those before it are not sent any more.
    lateness_max=timedelta(hours=6),
    duration_max=timedelta(minutes=30),
    tier=2,
    summary="Each morning in London, and around the window and its deadline, by the policy's `reminders`",
)

# In the order in which they let each other go first when two runs are due at once.
SESSION_DAGS = (DAILY_MARKET_DATA, WEEKLY_RECONCILIATION, DAILY_FOLLOWUP, WEEKLY_PLAN, MONTHLY_TRAINING)
DAGS = (*SESSION_DAGS, DAILY_REMINDERS)


def find_dag(dag_id: str | None) -> DeskDag | None:
    """Return the DAG of an id, None when the desk has none of that name."""
    return next((dag for dag in DAGS if dag.dag_id == dag_id), None)


def dags_before(dag: DeskDag) -> tuple[DeskDag, ...]:
    """Return the DAGs that go first when a run of this one is due at once with theirs."""
    return DAGS[: DAGS.index(dag)]
