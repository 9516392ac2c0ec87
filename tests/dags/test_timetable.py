"""When the desk runs by itself: a table over holidays, half-days, both clock changes and missed weeks."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import DagRunInfo, TimeRestriction

from trading_ops.exchange import sessions
from trading_ops.exchange.calendar import OverridesError
from trading_ops_airflow.schedule import (
    DAILY_FOLLOWUP,
    DAILY_MARKET_DATA,
    MONTHLY_TRAINING,
    SESSION_DAGS,
    WEEKLY_PLAN,
    WEEKLY_RECONCILIATION,
)
from trading_ops_airflow.timetable import SessionTimetable, require_session

OPEN = TimeRestriction(earliest=None, latest=None, catchup=False)
IDS = [dag.dag_id for dag in SESSION_DAGS]

# (DAG, now in UTC, partition, due in UTC, what is special)
TABLE = [
    (DAILY_MARKET_DATA, "2026-11-18T23:00", "2026-11-18", "2026-11-19T08:00", "an ordinary day in winter"),
    (DAILY_MARKET_DATA, "2026-07-01T23:00", "2026-07-01", "2026-07-02T07:00", "08:00 in London is 07:00 UTC in summer"),
    (DAILY_MARKET_DATA, "2026-11-26T21:00", "2026-11-27", "2026-11-28T08:00", "Thanksgiving has no session, the half-day after it has"),
    (DAILY_MARKET_DATA, "2026-11-20T23:00", "2026-11-20", "2026-11-21T08:00", "Friday's bar is loaded on Saturday"),
    (DAILY_MARKET_DATA, "2026-11-21T12:00", "2026-11-20", "2026-11-21T08:00", "missed by four hours: still made"),
    (DAILY_MARKET_DATA, "2026-11-22T12:00", "2026-11-23", "2026-11-24T08:00", "missed by a day: not made up for"),
    (DAILY_MARKET_DATA, "2026-03-27T23:00", "2026-03-27", "2026-03-28T08:00", "the last morning before London's clocks change"),
    (DAILY_MARKET_DATA, "2026-03-30T23:00", "2026-03-30", "2026-03-31T07:00", "the first session after London's change"),
    (DAILY_MARKET_DATA, "2025-01-09T23:00", "2025-01-10", "2025-01-11T08:00", "a day of mourning closed the exchange"),
    (WEEKLY_PLAN, "2026-11-18T12:00", "2026-11-20", "2026-11-21T09:00", "Saturday, for Friday's session"),
    (WEEKLY_PLAN, "2026-04-01T12:00", "2026-04-02", "2026-04-04T08:00", "Good Friday: the week ends on Thursday"),
    (WEEKLY_PLAN, "2026-11-24T12:00", "2026-11-27", "2026-11-28T09:00", "a half-day is a session"),
    (WEEKLY_PLAN, "2026-11-22T20:00", "2026-11-20", "2026-11-21T09:00", "Sunday evening: a late plan still makes Monday's ticket"),
    (WEEKLY_PLAN, "2026-11-23T20:00", "2026-11-27", "2026-11-28T09:00", "Monday evening: the week is over"),
    (WEEKLY_PLAN, "2026-10-22T12:00", "2026-10-23", "2026-10-24T08:00", "before London's autumn change"),
    (WEEKLY_PLAN, "2026-10-29T12:00", "2026-10-30", "2026-10-31T09:00", "after it, New York not yet"),
    (WEEKLY_RECONCILIATION, "2026-11-18T12:00", "2026-11-20", "2026-11-21T08:30", "the reconciliation: after the daily run, before the plan"),
    (MONTHLY_TRAINING, "2026-11-18T12:00", "2026-12-04", "2026-12-06T10:00", "the month's first Sunday"),
    (MONTHLY_TRAINING, "2026-07-08T12:00", "2026-07-31", "2026-08-02T09:00", "a Sunday on the second, in summer"),
    (MONTHLY_TRAINING, "2026-12-07T12:00", "2026-12-04", "2026-12-06T10:00", "missed by a day: still made"),
    (MONTHLY_TRAINING, "2026-12-08T12:00", "2026-12-31", "2027-01-03T10:00", "missed by two: waits for the next month, a Thursday's bars"),
    (DAILY_FOLLOWUP, "2026-11-23T12:00", "2026-11-23", "2026-11-23T21:30", "half an hour after the close"),
    (DAILY_FOLLOWUP, "2026-11-27T12:00", "2026-11-27", "2026-11-27T18:30", "an early close"),
    (DAILY_FOLLOWUP, "2026-03-16T12:00", "2026-03-16", "2026-03-16T20:30", "New York changed its clocks, London did not"),
]  # fmt: skip

# The newest session each DAG has a run for in a week with a first Sunday, and when that is due.
NEWEST = {
    DAILY_MARKET_DATA: ("2026-12-04", "2026-12-05T08:00"),
    WEEKLY_RECONCILIATION: ("2026-12-04", "2026-12-05T08:30"),
    DAILY_FOLLOWUP: ("2026-12-04", "2026-12-04T21:30"),
    WEEKLY_PLAN: ("2026-12-04", "2026-12-05T09:00"),
    MONTHLY_TRAINING: ("2026-12-04", "2026-12-06T10:00"),
}


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _runs_due(timetable: SessionTimetable, now_at: datetime, last: DagRunInfo | None) -> list[str]:
    """Return the partitions a scheduler would start at an instant, one after the other."""
    keys = []
    with time_machine.travel(now_at, tick=False):
        while (last := timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=OPEN)).run_after <= (
            now_at
        ):
            keys.append(last.partition_key)
    return keys


@pytest.mark.parametrize(("dag", "now", "partition", "due", "special"), TABLE, ids=[row[4] for row in TABLE])
def test_the_next_run_is_this_session_at_this_instant(dag, now, partition, due, special):
    """Each row is a week someone would remember."""
    with time_machine.travel(_at(now), tick=False):
        info = SessionTimetable(dag).next_dagrun_info_v2(last_dagrun_info=None, restriction=OPEN)
    assert (info.partition_key, info.run_after) == (partition, _at(due))
    assert info.partition_date == _at(partition)
    assert info.data_interval is None


@pytest.mark.parametrize("dag", SESSION_DAGS, ids=IDS)
def test_three_missed_weeks_yield_one_run_while_it_is_of_use_and_none_after(dag):
    """
    After three weeks off the newest session runs until its time is over, and nothing else is made up for.
    """
    timetable, (newest, due) = SessionTimetable(dag), NEWEST[dag]
    last = DagRunInfo(_at("2026-11-14T09:00"), None, _at("2026-11-13"), "2026-11-13")
    assert newest not in _runs_due(timetable, _at(due) - timedelta(seconds=1), last)
    assert _runs_due(timetable, _at(due), last) == [newest]
    assert _runs_due(timetable, _at(due) + dag.lateness_max, last) == [newest]
    assert _runs_due(timetable, _at(due) + dag.lateness_max + timedelta(seconds=1), last) == []


def test_a_session_is_never_scheduled_twice():
    """The run after a partition is a later partition, also when asked in the same minute."""
    timetable = SessionTimetable(DAILY_MARKET_DATA)
    with time_machine.travel(_at("2026-11-20T08:30"), tick=False):
        first = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=OPEN)
        second = timetable.next_dagrun_info_v2(last_dagrun_info=first, restriction=OPEN)
    assert (first.partition_key, second.partition_key) == ("2026-11-19", "2026-11-20")


def test_a_simulated_desk_is_never_started_by_the_real_calendar():
    """Its time is its own; a run for the real today would find no data and spoil the story."""
    timetable = SessionTimetable(DAILY_MARKET_DATA, is_automatic=False)
    assert timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=OPEN) is None


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("2026-11-26", "the NYSE is closed that day; the session before it is 2026-11-25"),
        ("2026-11-21", "the session before it is 2026-11-20"),
        ("20261120", "not a session date like 2026-11-20"),
        ("2026-13-01", "not a session date"),
        ("latest", "not a session date"),
        ("1890-01-02", "1960"),
    ],
)
def test_a_manual_key_that_names_no_session_is_refused(key, complaint):
    """Airflow answers HTTP 400 with these words."""
    with pytest.raises(InvalidPartitionKeyError, match=complaint):
        SessionTimetable(WEEKLY_PLAN).resolve_partition_date(key)


def test_a_plan_may_be_asked_for_on_any_session():
    """`make run ASOF=` plans on a Tuesday if that is the newest bar."""
    assert SessionTimetable(WEEKLY_PLAN).resolve_partition_date("2021-04-20") == _at("2021-04-20")


def test_a_backfill_covers_sessions_only():
    """The week of Thanksgiving has four of them."""
    infos = SessionTimetable(DAILY_MARKET_DATA).iter_partition_dagrun_infos(
        earliest=_at("2026-11-23"), latest=_at("2026-11-29")
    )
    assert [info.partition_key for info in infos] == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27"]


def test_a_scheduled_run_is_named_by_its_session_so_two_schedulers_make_one():
    """The name is unique in Airflow; a run started by hand carries the instant as well."""
    from airflow.utils.types import DagRunType

    timetable, at = SessionTimetable(DAILY_MARKET_DATA), _at("2026-11-21T08:00")
    named = {
        run_type: timetable.generate_run_id(
            run_type=run_type, run_after=at, data_interval=None, partition_key="2026-11-20"
        )
        for run_type in (DagRunType.SCHEDULED, DagRunType.MANUAL)
    }
    assert named[DagRunType.SCHEDULED] == "scheduled__2026-11-20"
    assert named[DagRunType.MANUAL] == "manual__2026-11-20__2026-11-21T08:00:00+00:00"


@pytest.mark.parametrize("is_automatic", [True, False])
@pytest.mark.parametrize("dag", SESSION_DAGS, ids=IDS)
def test_the_timetable_survives_airflows_database(dag, is_automatic):
    """What the scheduler reads back schedules like what the file said."""
    timetable = SessionTimetable(dag, is_automatic)
    again = SessionTimetable.deserialize(timetable.serialize())
    assert (again.dag, again.is_automatic, again.can_be_scheduled) == (dag, is_automatic, is_automatic)
    assert again.summary == timetable.summary
    assert (dag.summary in again.summary) == is_automatic


@pytest.mark.parametrize("written", [{"dag_id": "model_training"}, {"cadence": "plan"}], ids=str)
def test_a_timetable_of_an_earlier_desk_is_readable_and_starts_nothing(written):
    """
    Airflow shows an old run by the DAG of then, and its scheduler reads the old DAGs until the new files are
    parsed.

    The second one is how a timetable was written before DAGs had one table.
    """
    again = SessionTimetable.deserialize(written | {"is_automatic": True})
    with time_machine.travel(_at("2026-11-21T10:00"), tick=False):
        assert again.next_dagrun_info_v2(last_dagrun_info=None, restriction=OPEN) is None
    assert list(again.iter_partition_dagrun_infos(earliest=_at("2026-01-01"), latest=_at("2026-02-01"))) == []
    assert (again.can_be_scheduled, again.summary) == (False, "This desk no longer has this schedule")
    assert SessionTimetable.deserialize(again.serialize()).summary == again.summary


def test_a_broken_override_file_is_no_end_of_the_calendar(monkeypatch):
    """A timetable that took it for one would start nothing any more, and say nothing."""

    def refuse():
        raise OverridesError("config/market_overrides.csv, line 2, field kind: 'shut'")

    monkeypatch.setattr(sessions, "desk_calendar", refuse)
    with pytest.raises(OverridesError):
        SessionTimetable(DAILY_MARKET_DATA).next_dagrun_info_v2(last_dagrun_info=None, restriction=OPEN)
    with pytest.raises(InvalidPartitionKeyError, match="field kind: 'shut'"):
        require_session("2026-06-15")
