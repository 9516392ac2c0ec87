"""
NYSE sessions as Airflow partitions: a run belongs to one session date, never to "now".

The key of a partition is the session date. Nothing catches up: of the sessions that passed while
the desk was down only the newest one still runs, and only while its result is of use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import DagRunInfo, DataInterval, Timetable

from trading_ops.exchange import sessions
from trading_ops.exchange.asked_day import session_named
from trading_ops.exchange.calendar import OverridesError
from trading_ops_airflow.schedule import DeskDag, find_dag

if TYPE_CHECKING:
    from airflow.timetables.base import TimeRestriction


class SessionTimetable(Timetable):
    """One run per NYSE session (or per week), keyed by the session date."""

    partitioned = True

    def __init__(self, dag: DeskDag | None, is_automatic: bool = True) -> None:
        """Take a DAG of the schedule, or None for one it no longer has; a run of that is never started."""
        self.dag = dag
        self.is_automatic = self.can_be_scheduled = is_automatic and dag is not None
        if dag is None:
            self.description = "This desk no longer has this schedule"
        else:
            self.description = dag.summary if is_automatic else "Started by hand: this desk is simulated"

    def serialize(self) -> dict[str, Any]:
        """Return what deserialize needs."""
        return {"dag_id": self.dag and self.dag.dag_id, "is_automatic": self.is_automatic}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> SessionTimetable:
        """
        Return the timetable that serialize described.

        Airflow keeps what each version of the desk wrote, to show the runs of then, so what this one does not
        know must be readable too.
        """
        return cls(find_dag(data.get("dag_id")), data["is_automatic"])

    @property
    def summary(self) -> str:
        """The words shown beside the DAG."""
        return self.description

    def next_dagrun_info_v2(
        self, *, last_dagrun_info: DagRunInfo | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the first partition after the last scheduled one that is not too late to run."""
        if not self.is_automatic:
            return None
        now_at = datetime.now(UTC)
        oldest_run_at = now_at - self.dag.lateness_max
        first_date = (now_at - timedelta(days=14)).date()
        if restriction.catchup:
            oldest_run_at, first_date = datetime.min.replace(tzinfo=UTC), date(1970, 1, 1)
        if restriction.earliest is not None:
            first_date = max(first_date, restriction.earliest.date())
        if last_dagrun_info is not None and last_dagrun_info.partition_key:
            after = date.fromisoformat(last_dagrun_info.partition_key) + timedelta(days=1)
            first_date = max(first_date, after)
        chosen = None
        for info in self._infos(first_date):
            if restriction.latest is not None and info.run_after > restriction.latest:
                return None
            if info.run_after < oldest_run_at:
                continue
            if restriction.catchup or info.run_after > now_at:
                # A run that is due but missed is still made, unless a newer one is due as well.
                return chosen or info
            chosen = info
        return chosen

    def iter_partition_dagrun_infos(self, *, earliest: datetime, latest: datetime) -> Iterable[DagRunInfo]:
        """Yield the partitions whose session lies in [earliest, latest], for a backfill."""
        for info in self._infos(earliest.date()):
            if info.partition_date > latest:
                return
            if info.partition_date >= earliest:
                yield info

    def infer_manual_data_interval(self, *, run_after: datetime) -> DataInterval:
        """Return an interval of no length: a session run covers a partition, not a span of time."""
        return DataInterval.exact(run_after)

    def generate_run_id(
        self, *, run_type: Any, run_after: datetime, data_interval: DataInterval | None, **extra: Any
    ) -> str:
        """Return e.g. scheduled__2026-11-20; the same for a second scheduler, so a session runs once."""
        key = extra.get("partition_key")
        suffix = key or run_after.isoformat()
        if key and str(run_type) == "manual":
            suffix = f"{key}__{run_after.isoformat()}"
        return run_type.generate_run_id(suffix=suffix)

    def _decode_partition_date(self, partition_key: str) -> datetime:
        session = require_session(partition_key)
        # A simulated desk has another clock, which its tasks ask.
        if self.is_automatic and sessions.session_close_at(session) > datetime.now(UTC):
            raise InvalidPartitionKeyError(f"partition key {partition_key}: that session is not over")
        return _midnight(session)

    def _infos(self, first_date: date) -> Iterator[DagRunInfo]:
        """Yield the partitions from first_date on, as far as the exchange's calendar reaches."""
        from airflow.sdk.timezone import coerce_datetime

        if self.dag is None:
            return
        session = first_date
        while True:
            try:
                if not sessions.is_session(session):
                    session = sessions.next_session(session)
                is_due = self.dag.cadence.is_due(session)
                run_after = coerce_datetime(self.dag.run_at(session)) if is_due else None
            except sessions.CalendarError:
                return
            if run_after is not None:
                yield DagRunInfo(
                    run_after=run_after,
                    data_interval=None,
                    partition_date=coerce_datetime(_midnight(session)),
                    partition_key=session.isoformat(),
                )
            session += timedelta(days=1)


def session_schedule(dag: DeskDag) -> SessionTimetable:
    """
    Return the timetable of a DAG on this desk.

    A simulated desk has its own time, so the real calendar never starts a run on it.
    """
    from trading_ops.settings import settings

    return SessionTimetable(dag, is_automatic=settings().environment == "production")


def require_session(key: str) -> date:
    """
    Return the session a partition key names. Raises InvalidPartitionKeyError, a ValueError, with the accepted
    form.
    """
    try:
        return session_named(key)
    except (sessions.CalendarError, OverridesError) as error:
        raise InvalidPartitionKeyError(f"partition key {key!r} {error}") from error


def _midnight(session: date) -> datetime:
    return datetime(session.year, session.month, session.day, tzinfo=UTC)
