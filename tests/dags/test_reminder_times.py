"""
Two years of the reminders' own runs, as Airflow asks for them, over every session: each letter finds its run.

No clock is set for the letters: a run is made when the timetable says so, some minutes late at that, and
what is due is asked then.
"""

import dataclasses
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from airflow.timetables.base import DagRunInfo, TimeRestriction

from trading_ops.config.files import read_policy
from trading_ops.config.policy import PolicyError
from trading_ops.exchange import sessions
from trading_ops.exchange.clocks import LONDON, both_clocks
from trading_ops.settings import Settings
from trading_ops.tickets.ladder import CLOSED, LATE, MORNING, OPENS, SOON, rung_at, rungs
from trading_ops_airflow.reminder_timetable import ReminderTimetable
from trading_ops_airflow.schedule import DAILY_REMINDERS, WEEKLY_PLAN

AUTOMATIC = TimeRestriction(earliest=None, latest=None, catchup=False)
FIRST_AT, LAST_AT = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
POLICY = read_policy(Settings())
RULES = POLICY.reminders
# How late a busy scheduler starts a run.
DELAY = timedelta(minutes=10)


def runs_between(first_at: datetime, last_at: datetime) -> list[datetime]:
    """Return the runs a scheduler makes that asks for the next one when each has been made."""
    timetable, last, found = ReminderTimetable(), None, []
    with pytest.MonkeyPatch.context() as patch, time_machine.travel(first_at, tick=False) as clock:
        # The file is read anew for each run; a thousand times it would take a minute.
        patch.setattr("trading_ops.config.files.read_policy", lambda _: POLICY)
        while True:
            last = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=AUTOMATIC)
            if last.run_after > last_at:
                return found
            clock.move_to(max(last.run_after, first_at))
            found.append(last.run_after)


@pytest.fixture(scope="module")
def runs() -> list[datetime]:
    """Every run of two years, and of the days until the plan after them."""
    return runs_between(FIRST_AT, LAST_AT + timedelta(days=7))


def weeks() -> list[tuple[datetime, sessions.Window, datetime]]:
    """Return of each week when its ticket is issued, its window, and when the next ticket is."""
    lasts = [
        day
        for day in sessions.sessions_between(FIRST_AT.date(), LAST_AT.date())
        if sessions.is_last_of_week(day)
    ]
    return [
        (
            WEEKLY_PLAN.run_at(last),
            sessions.execution_window(sessions.execution_session(last), POLICY.execution),
            WEEKLY_PLAN.run_at(following),
        )
        for last, following in pairwise(lasts)
    ]


def letters(runs: list[datetime], issued_at: datetime, window, until_at: datetime) -> list[tuple]:
    """Return (rung, when) of each letter about a ticket that nobody confirms until the next one is issued."""
    found: dict[str, tuple] = {}
    for run_at in runs:
        at = run_at + DELAY
        if issued_at <= at < until_at and (rung := rung_at(at, window, issued_at, RULES)):
            found.setdefault(rung.name, (rung.kind, at))
    return list(found.values())


def test_a_run_lies_in_every_interval_a_letter_needs(runs):
    """
    Of each ticket: while its window is open, after it, in the last hour, after the deadline before the night,
    and on every morning until the next plan; both countries' clock changes lie in these weeks.
    """
    assert len(weeks()) == 104
    differences = set()
    for issued_at, window, planned_at in weeks():
        differences.add(both_clocks(window.open_at).difference_hours)
        found = letters(runs, issued_at, window, planned_at)
        (opens, at_open), (closed, at_closed), (soon, at_soon), (late, at_late), *mornings = found
        assert (opens, closed, soon, late) == (OPENS, CLOSED, SOON, LATE)
        assert window.open_at < at_open < window.close_at
        assert window.close_at + timedelta(minutes=RULES.after_close_minutes) < at_closed < at_soon
        assert (
            window.deadline_at - timedelta(minutes=RULES.before_deadline_minutes)
            < at_soon
            < window.deadline_at
        )
        assert timedelta() < at_late - window.deadline_at <= DELAY
        days = [at.astimezone(LONDON) for _, at in mornings]
        assert {kind for kind, _ in mornings} == {MORNING}
        assert {(day.hour, day.minute) for day in days} == {(RULES.quiet_until_hour, 10)}
        first, last = window.deadline_at.astimezone(LONDON).date(), planned_at.astimezone(LONDON).date()
        assert [day.date() for day in days] == [
            first + timedelta(days=n) for n in range(1, (last - first).days + 1)
        ]
    assert differences == {4, 5}


def test_hardly_a_run_finds_nothing_to_look_at_and_none_disturbs_a_night(runs):
    """A run a morning and four a week: nobody waits for the desk, and it waits for nobody."""
    assert runs == sorted(set(runs))
    assert len([at for at in runs if at < LAST_AT]) == pytest.approx(2 * (365 + 4 * 52), abs=6)
    assert {at.astimezone(LONDON).hour for at in runs} <= set(range(7, 23))


@pytest.mark.parametrize("deadline_minutes", [400, 480, 600, 1440, 10080])
def test_what_would_fall_into_the_night_waits_for_the_morning(deadline_minutes):
    """And the deadline is told of whatever the policy makes of it: once, in the words of a deadline."""
    execution = POLICY.execution.model_copy(update={"confirm_within_minutes": deadline_minutes})
    window = sessions.execution_window(sessions.execution_session(weeks()[20][0].date()), execution)
    climbed = rungs(window, RULES)
    assert [rung.due_at for rung in climbed] == sorted(rung.due_at for rung in climbed)
    assert all(7 <= rung.due_at.astimezone(LONDON).hour < 23 for rung in climbed)
    late = climbed[-1]
    assert late.due_at >= window.deadline_at
    assert rung_at(late.due_at, window, window.open_at, RULES) == late


def test_after_a_day_off_the_newest_run_alone_is_made_while_it_is_of_use():
    """A desk that was off from the window on sends the letter of now, not the three before it."""
    [window] = {window for _, window, _ in weeks()[20:21]}
    last = DagRunInfo.exact(window.open_at - timedelta(hours=7))
    timetable = ReminderTimetable()
    with time_machine.travel(window.deadline_at - timedelta(minutes=30), tick=False):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=AUTOMATIC)
        assert info.run_after == window.deadline_at - timedelta(minutes=60)
        info = timetable.next_dagrun_info_v2(last_dagrun_info=info, restriction=AUTOMATIC)
        assert info.run_after == window.deadline_at
    with time_machine.travel(window.deadline_at + DAILY_REMINDERS.lateness_max + DELAY, tick=False):
        info = timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=AUTOMATIC)
        assert info.run_after.astimezone(LONDON).hour == RULES.quiet_until_hour


def test_a_simulated_desk_writes_no_letter_by_the_real_calendar():
    """Its time is its own; and what Airflow keeps of the timetable says so too."""
    simulated = ReminderTimetable.deserialize(ReminderTimetable(is_automatic=False).serialize())
    assert simulated.next_dagrun_info_v2(last_dagrun_info=None, restriction=AUTOMATIC) is None
    assert not simulated.can_be_scheduled and "simulated" in simulated.summary
    assert ReminderTimetable.deserialize(ReminderTimetable().serialize()).is_automatic


def test_a_policy_that_cannot_be_used_is_named_when_the_next_run_is_asked_for(tmp_path, monkeypatch):
    """Airflow logs it and asks again; the file's path and line are in the message."""
    (tmp_path / "policy.yml").write_text("policy_version: 2\n")
    broken = dataclasses.replace(Settings(), policy=tmp_path / "policy.yml")
    monkeypatch.setattr("trading_ops.settings.settings", lambda: broken)
    with pytest.raises(PolicyError, match="policy.yml:1"):
        ReminderTimetable().next_dagrun_info_v2(last_dagrun_info=None, restriction=AUTOMATIC)
