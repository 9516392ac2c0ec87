"""The ladder: to whom a letter goes at each rung of a ticket, once each, and silence when nothing is owed."""

from datetime import timedelta

import pytest

from tests.database import judged, rows
from trading_ops.config.files import read_policy
from trading_ops.db.connect import connect
from trading_ops.settings import Settings
from trading_ops.tickets.reminders import remind

TICKET = "demo-2026-W25-1"
POLICY = read_policy(Settings())
MINUTE = timedelta(minutes=1)
OPENED_AT = rows.WINDOW_OPEN_AT + MINUTE
CLOSED_AT = rows.WINDOW_CLOSE_AT + 15 * MINUTE
SOON_AT = rows.DEADLINE_AT - 60 * MINUTE
LATE_AT = rows.DEADLINE_AT
# 07:00 in London.
TUESDAY_AT = rows.DEADLINE_AT + timedelta(hours=9)


@pytest.fixture
def traded(desk):
    """The desk with a TRADE ticket of two lines, nothing confirmed."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_trade_ticket(desk)
    return desk


def remind_at(desk, now_at):
    """Remind as the planner would at an instant."""
    rows.set_clock(desk, now_at)
    with connect("desk_planner", desk) as connection:
        return remind(connection, desk, POLICY.reminders, now_at)


def mails(desk) -> list[dict]:
    """Return every mail in the outbox."""
    with connect("desk_planner", desk) as connection:
        return connection.execute("select * from desk.outbox order by mail_id").fetchall()


def told(desk) -> list[tuple[str, str]]:
    """Return (subject, to whom) of every mail."""
    people = {desk.executor_email: "executor", desk.operator_email: "operator"}
    return [(mail["subject"].removeprefix("[SIMULATED] "), people[mail["recipient"]]) for mail in mails(desk)]


def incidents(desk) -> list[str]:
    """Return the code of every incident."""
    with connect("desk_planner", desk) as connection:
        return [row["code"] for row in connection.execute("select code from desk.incidents")]


def test_nobody_is_written_to_before_the_window_opens(traded):
    """The executor reads ahead."""
    report = remind_at(traded, rows.WINDOW_OPEN_AT - MINUTE)
    assert (report.rung, report.owed, mails(traded)) == ("none", (), [])


def test_nobody_hears_of_an_open_window_that_has_closed(traded):
    """The desk was off until then; the letter that follows the window is due in some minutes."""
    assert remind_at(traded, rows.WINDOW_CLOSE_AT + MINUTE).rung == "none"
    assert remind_at(traded, CLOSED_AT).rung == "closed"


def test_each_rung_is_one_letter_to_the_right_person_until_the_lines_are_recorded(traded):
    """However often the task runs: five letters to the executor, one to the operator, one incident."""
    at = (OPENED_AT, CLOSED_AT, SOON_AT, LATE_AT, LATE_AT + 30 * MINUTE, TUESDAY_AT)
    assert [remind_at(traded, now_at).rung for now_at in at for _ in range(2)][::2] == [
        "opens",
        "closed",
        "soon",
        "late",
        "late",
        "morning:2026-06-16",
    ]
    asked = f"1 thing left: record lines 1, 2 of {TICKET}"
    assert told(traded) == [
        (f"Window open, {asked}", "executor"),
        (asked, "executor"),
        (asked, "executor"),
        (f"Not done in time, {asked}", "executor"),
        (f"Not done in time, {asked}", "operator"),
        (asked, "executor"),
    ]
    assert [mail["kind"] for mail in mails(traded)].count("escalation") == 1
    assert incidents(traded) == ["CONFIRMATION_MISSING"]


def test_a_letter_says_what_where_and_by_when_on_both_clocks(traded):
    """Line 1 is confirmed; the letter names line 2."""
    rows.set_clock(traded, OPENED_AT)
    rows.confirm_line(traded, TICKET, 1)
    remind_at(traded, CLOSED_AT)
    [mail] = mails(traded)
    assert f"For the executor: record line 2 of {TICKET}\n" in mail["body_text"]
    assert f"Where: http://127.0.0.1:8075/confirm/{TICKET}\n" in mail["body_text"]
    assert "17:00 New York (EDT) = 22:00 London (BST)" in mail["body_text"]
    assert mail["subject"].startswith("[SIMULATED]")


def test_a_desk_that_was_off_at_the_deadline_tells_the_operator_in_the_morning(traded):
    """Also after a run that began too late in the evening: nothing goes out in quiet hours."""
    assert remind_at(traded, rows.DEADLINE_AT + timedelta(hours=2)).rung == "none"
    assert remind_at(traded, TUESDAY_AT).rung == "morning:2026-06-16"
    assert [to for _, to in told(traded)] == ["executor", "operator"]
    assert incidents(traded) == ["CONFIRMATION_MISSING"]


def test_after_the_lines_the_snapshot_is_asked_for(traded):
    """What was typed in is no confirmation of the account, so the ladder goes on; done, it ends."""
    judged.add_cash(traded, "10000.00", rows.SATURDAY_AT - MINUTE)
    rows.set_clock(traded, OPENED_AT)
    for number in (1, 2):
        rows.confirm_line(traded, TICKET, number)
    remind_at(traded, CLOSED_AT)
    assert told(traded) == [("1 thing left: type in what eToro shows", "executor")]
    assert "it was never done" in mails(traded)[0]["body_text"]
    assert "http://127.0.0.1:8075/snapshots/new" in mails(traded)[0]["body_text"]
    rows.add_snapshot(traded, CLOSED_AT)
    for now_at in (SOON_AT, LATE_AT, TUESDAY_AT):
        assert remind_at(traded, now_at).rung == "none"
    assert (len(mails(traded)), incidents(traded)) == (1, [])


def test_the_operator_hears_of_figures_that_do_not_agree(traded):
    """Each morning, and nobody hears of a thing not done in time; the figure is not in the subject."""
    judged.add_cash(traded, "10000.00", rows.SATURDAY_AT - MINUTE)
    rows.set_clock(traded, OPENED_AT)
    for number in (1, 2):
        rows.confirm_line(traded, TICKET, number)
    rows.add_snapshot(traded, OPENED_AT, "9000.00")
    for day in (0, 0, 1):
        remind_at(traded, TUESDAY_AT + timedelta(days=day))
    assert told(traded) == [("1 thing left: find the missing entry, or the mistyped figure", "operator")] * 2
    assert "differ by -1000.00 GBP" in mails(traded)[0]["body_text"]
    assert incidents(traded) == []


def test_a_week_without_orders_has_mornings_only(desk):
    """Its mail said on Saturday what is owed."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_plan_run(desk)
    with connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, rows.ticket_row(desk, run_id, "NO-TRADE"))
    assert remind_at(desk, rows.SATURDAY_AT + timedelta(hours=1)).rung == "none"
    assert remind_at(desk, rows.SATURDAY_AT + timedelta(days=1)).rung == "morning:2026-06-14"
    assert remind_at(desk, LATE_AT).rung == "morning:2026-06-15"
    assert told(desk) == [("1 thing left: type in what eToro shows", "executor")] * 2


def test_a_halt_is_said_first_and_nobody_is_chased_to_end_it(traded):
    """The letter that says the window is open also says that nothing is to be done in it."""
    with connect("desk_app", traded) as connection:
        connection.execute("select desk.engage_halt('look', 'operator')")
    remind_at(traded, OPENED_AT)
    [mail] = mails(traded)
    assert mail["body_text"].index("The desk is halted: do not trade.") < mail["body_text"].index(
        "The window"
    )
    assert "release" not in mail["body_text"]


def test_a_desk_without_a_ticket_has_nobody_to_remind(desk):
    """The first days of a desk."""
    assert remind_at(desk, LATE_AT).ticket_id is None
