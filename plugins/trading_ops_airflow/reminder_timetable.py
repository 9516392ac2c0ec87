"""
When the desk looks whether a letter is due: each morning, and at each rung of a ticket that may be open.

The instants follow from the exchange's calendar and the policy's `reminders`, so a run lies where each letter
is due and hardly any where none is. Of those that passed while the desk was down only the newest still runs.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

from trading_ops.exchange.sessions import CalendarError
from trading_ops_airflow.schedule import DAILY_REMINDERS

if TYPE_CHECKING:
    from airflow.timetables.base import TimeRestriction

# A ticket may be confirmed up to a week after its window, and a quiet night more.
_LONGEST_LADDER = timedelta(days=9)


class ReminderTimetable(Timetable):
    """One run per instant at which a letter may be due."""

    def __init__(self, is_automatic: bool = True) -> None:
        """Take whether the real clock starts runs: a simulated desk has its own time."""
        self.is_automatic = self.can_be_scheduled = is_automatic
        self.description = (
            DAILY_REMINDERS.summary if is_automatic else "Started by hand: this desk is simulated"
        )

    def serialize(self) -> dict[str, Any]:
        """Return what deserialize needs."""
        return {"is_automatic": self.is_automatic}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> ReminderTimetable:
        """Return the timetable that serialize described."""
        return cls(data["is_automatic"])

    @property
    def summary(self) -> str:
        """The words shown beside the DAG."""
        return self.description

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """
        Return the first run after the last scheduled one that is not too late.

        Raises PolicyError for a policy that cannot be used; Airflow asks again when it has read the DAG anew.
        """
        if not self.is_automatic:
            return None
        now_at = datetime.now(UTC)
        after_at = (
            restriction.earliest or now_at if restriction.catchup else now_at - DAILY_REMINDERS.lateness_max
        )
        if last_dagrun_info is not None:
            after_at = max(after_at, last_dagrun_info.run_after)
        found = _instants_after(after_at)
        missed = [] if restriction.catchup else [at for at in found if at <= now_at]
        chosen_at = missed[-1] if missed else next(iter(found), None)
        if chosen_at is None or (restriction.latest is not None and chosen_at > restriction.latest):
            return None
        return DagRunInfo.exact(_as_airflow(chosen_at))

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        """Return an interval of no length: a letter is due or not at an instant."""
        return DataInterval.exact(run_after)


def _instants_after(after_at: datetime) -> list[datetime]:
    """Return the instants of the next days, or none where the exchange's calendar ends."""
    from trading_ops.config.files import read_policy
    from trading_ops.settings import settings
    from trading_ops.tickets.ladder import instants

    policy = read_policy(settings())
    days = _day(after_at - _LONGEST_LADDER), _day(after_at + timedelta(days=2))
    try:
        return [at for at in instants(*days, policy.execution, policy.reminders) if at > after_at]
    except CalendarError:
        return []


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _as_airflow(at: datetime):
    from airflow.sdk.timezone import coerce_datetime

    return coerce_datetime(at)


def reminder_schedule() -> ReminderTimetable:
    """Return the timetable of the reminders on this desk."""
    from trading_ops.settings import settings

    return ReminderTimetable(is_automatic=settings().environment == "production")
