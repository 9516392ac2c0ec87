"""When the desk runs by itself: a table over holidays, half-days, both clock changes and missed weeks."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from airflow.exceptions import InvalidPartitionKeyError
from airflow.timetables.base import DagRunInfo, TimeRestriction

from trading_ops_airflow.timetable import CADENCES, SessionTimetable

OPEN = TimeRestriction(earliest=None, latest=None, catchup=False)

# (cadence, now in UTC, partition, due in UTC, what is special)
TABLE = [
    ("daily", "2026-11-18T23:00", "2026-11-18", "2026-11-19T08:00", "an ordinary day in winter"),
    ("daily", "2026-07-01T23:00", "2026-07-01", "2026-07-02T07:00", "08:00 in London is 07:00 UTC in summer"),
    ("daily", "2026-11-26T21:00", "2026-11-27", "2026-11-28T08:00", "Thanksgiving has no session, the half-day after it has"),
    ("daily", "2026-11-20T23:00", "2026-11-20", "2026-11-21T08:00", "Friday's bar is loaded on Saturday"),
    ("daily", "2026-11-21T12:00", "2026-11-20", "2026-11-21T08:00", "missed by four hours: still made"),
    ("daily", "2026-11-22T12:00", "2026-11-23", "2026-11-24T08:00", "missed by a day: not made up for"),
    ("daily", "2026-03-27T23:00", "2026-03-27", "2026-03-28T08:00", "the last morning before London's clocks change"),
    ("daily", "2026-03-30T23:00", "2026-03-30", "2026-03-31T07:00", "the first session after London's change"),
    ("daily", "2025-01-09T23:00", "2025-01-10", "2025-01-11T08:00", "a day of mourning closed the exchange"),
    ("plan", "2026-11-18T12:00", "2026-11-20", "2026-11-21T09:00", "Saturday, for Friday's session"),
    ("plan", "2026-04-01T12:00", "2026-04-02", "2026-04-04T08:00", "Good Friday: the week ends on Thursday"),
    ("plan", "2026-11-24T12:00", "2026-11-27", "2026-11-28T09:00", "a half-day is a session"),
    ("plan", "2026-11-22T20:00", "2026-11-20", "2026-11-21T09:00", "Sunday evening: a late plan still makes Monday's ticket"),
    ("plan", "2026-11-23T20:00", "2026-11-27", "2026-11-28T09:00", "Monday evening: the week is over"),
    ("plan", "2026-10-22T12:00", "2026-10-23", "2026-10-24T08:00", "before London's autumn change"),
    ("plan", "2026-10-29T12:00", "2026-10-30", "2026-10-31T09:00", "after it, New York not yet"),
    ("weekly", "2026-11-18T12:00", "2026-11-20", "2026-11-21T08:30", "the reconciliation: after the daily run, before the plan"),
    ("monthly", "2026-11-18T12:00", "2026-12-04", "2026-12-06T10:00", "the month's first Sunday"),
    ("monthly", "2026-07-08T12:00", "2026-07-31", "2026-08-02T09:00", "a Sunday on the second, in summer"),
    ("monthly", "2026-12-07T12:00", "2026-12-04", "2026-12-06T10:00", "missed by a day: still made"),
    ("monthly", "2026-12-08T12:00", "2026-12-31", "2027-01-03T10:00", "missed by two: waits for the next month, a Thursday's bars"),
    ("followup", "2026-11-23T12:00", "2026-11-23", "2026-11-23T22:30", "90 minutes after the close"),
    ("followup", "2026-11-27T12:00", "2026-11-27", "2026-11-27T19:30", "an early close"),
    ("followup", "2026-03-16T12:00", "2026-03-16", "2026-03-16T21:30", "New York changed its clocks, London did not"),
]  # fmt: skip


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cadence", "now", "partition", "due", "special"), TABLE, ids=[row[4] for row in TABLE]
)
def test_the_next_run_is_this_session_at_this_instant(cadence, now, partition, due, special):
    """Each row is a week someone would remember."""
    with time_machine.travel(_at(now), tick=False):
        info = SessionTimetable(cadence).next_dagrun_info_v2(last_dagrun_info=None, restriction=OPEN)
    assert (info.partition_key, info.run_after) == (partition, _at(due))
    assert info.partition_date == _at(partition)
    assert info.data_interval is None


@pytest.mark.parametrize("cadence", sorted(CADENCES))
def test_three_missed_weeks_yield_at_most_one_run(cadence):
    """After three weeks off, only the newest due session runs, and the next one is in the future."""
    timetable = SessionTimetable(cadence)
    now_at = _at("2026-11-21T10:00")
    last = DagRunInfo(_at("2026-10-31T09:00"), None, _at("2026-10-30"), "2026-10-30")
    runs = []
    with time_machine.travel(now_at, tick=False):
        while True:
            last = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=OPEN)
            if last.run_after > now_at:
                break
            runs.append(last.partition_key)
    assert runs in ([], ["2026-11-20"])


def test_a_session_is_never_scheduled_twice():
    """The run after a partition is a later partition, also when asked in the same minute."""
    timetable = SessionTimetable("daily")
    with time_machine.travel(_at("2026-11-20T08:30"), tick=False):
        first = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=OPEN)
        second = timetable.next_dagrun_info_v2(last_dagrun_info=first, restriction=OPEN)
    assert (first.partition_key, second.partition_key) == ("2026-11-19", "2026-11-20")


def test_a_simulated_desk_is_never_started_by_the_real_calendar():
    """Its time is its own; a run for the real today would find no data and spoil the story."""
    timetable = SessionTimetable("daily", is_automatic=False)
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
        SessionTimetable("plan").resolve_partition_date(key)


def test_a_plan_may_be_asked_for_on_any_session():
    """`make run ASOF=` plans on a Tuesday if that is the newest bar."""
    assert SessionTimetable("plan").resolve_partition_date("2021-04-20") == _at("2021-04-20")


def test_a_backfill_covers_sessions_only():
    """The week of Thanksgiving has four of them."""
    infos = SessionTimetable("daily").iter_partition_dagrun_infos(
        earliest=_at("2026-11-23"), latest=_at("2026-11-29")
    )
    assert [info.partition_key for info in infos] == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27"]


def test_a_scheduled_run_is_named_by_its_session_so_two_schedulers_make_one():
    """The name is unique in Airflow; a run started by hand carries the instant as well."""
    from airflow.utils.types import DagRunType

    timetable, at = SessionTimetable("daily"), _at("2026-11-21T08:00")
    named = {
        run_type: timetable.generate_run_id(
            run_type=run_type, run_after=at, data_interval=None, partition_key="2026-11-20"
        )
        for run_type in (DagRunType.SCHEDULED, DagRunType.MANUAL)
    }
    assert named[DagRunType.SCHEDULED] == "scheduled__2026-11-20"
    assert named[DagRunType.MANUAL] == "manual__2026-11-20__2026-11-21T08:00:00+00:00"


@pytest.mark.parametrize("cadence", sorted(CADENCES))
def test_the_timetable_survives_airflows_database(cadence):
    """What the scheduler reads back schedules like what the file said."""
    timetable = SessionTimetable(cadence, is_automatic=False)
    again = SessionTimetable.deserialize(timetable.serialize())
    assert (again.cadence, again.is_automatic, again.summary) == (cadence, False, timetable.summary)


def test_years_of_sessions_are_all_due_after_their_close():
    """Over 2026 and 2027 every cadence runs after its session, in order, and never between 01:00 and 02:00 in London."""
    from zoneinfo import ZoneInfo

    for cadence in CADENCES:
        infos = list(
            SessionTimetable(cadence).iter_partition_dagrun_infos(
                earliest=_at("2026-01-01"), latest=_at("2027-12-31")
            )
        )
        least = {"is_session": 495, "is_last_of_week": 100, "is_training_session": 23}
        assert len(infos) > least[CADENCES[cadence].is_due]
        dues = [info.run_after for info in infos]
        assert dues == sorted(set(dues))
        for info in infos:
            assert info.run_after > _at(info.partition_key) + timedelta(hours=17)
            assert info.run_after.astimezone(ZoneInfo("Europe/London")).hour != 1
            assert info.run_after.date() - date.fromisoformat(info.partition_key) <= timedelta(days=3)
