"""Incidents: open until what they tell of is over, in somebody's hand, told again when in nobody's."""

import dataclasses
from datetime import date, datetime, timedelta

import psycopg
import pytest
from psycopg import errors

from tests.conftest import at_a_shell
from tests.database import judged, rows
from tests.database.raised import mails, record, select, serve, still_open
from tests.database.test_watch import look_at, write_report
from trading_ops.cli.main import main as verb
from trading_ops.comms.incident_codes import CODES
from trading_ops.comms.incident_manual import what_to_do
from trading_ops.comms.incidents import raise_incident
from trading_ops.db.connect import connect, queries
from trading_ops.ops import halt
from trading_ops.plan import steps
from trading_ops.reports.daily import write_daily_report
from trading_ops.tickets.issue import issue_ticket
from trading_ops_stack.readiness import findings

MINUTE = timedelta(minutes=1)
LATER_AT = rows.SATURDAY_AT + timedelta(hours=1)


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def test_a_halt_is_an_incident_wherever_it_is_pressed_and_its_release_is_told(saturday, monkeypatch):
    """Pressed twice it is one; both people hear of it and of its end, and no hand closes it before."""
    at_a_shell(monkeypatch, saturday)
    rows.add_policy(saturday)
    judged.add_cash(saturday, "10000.00", rows.SATURDAY_AT - timedelta(days=2))
    for reason in ("odd prices", "still odd"):
        with connect("desk_app", saturday) as connection:
            halt.engage(connection, reason, "executor")
    look_at(saturday, rows.SATURDAY_AT + MINUTE)
    [incident] = select(saturday, "select code, detail, incident_id from desk.open_incidents")
    assert (incident["code"], incident["detail"]) == ("KILL_SWITCH", "executor halted the desk: odd prices")
    with connect("desk_app", saturday) as connection, pytest.raises(errors.CheckViolation, match="release"):
        queries.incidents.close_incident(
            connection, incident_id=incident["incident_id"], person="operator", reason="r"
        )
    rows.add_snapshot(saturday, rows.SATURDAY_AT + MINUTE)
    with connect("desk_app", saturday) as connection:
        assert halt.release(connection, "prices were right", "operator")
    for minutes in (2, 3):
        look_at(saturday, rows.SATURDAY_AT + minutes * MINUTE)
    halted = "Incident KILL_SWITCH: the desk was halted"
    assert mails(saturday) == [
        (halted, "operator"), (halted, "executor"), ("The halt is over", "operator"), ("The halt is over", "executor"),
    ]  # fmt: skip
    bodies = [row["body_text"] for row in select(saturday, "select body_text from desk.outbox order by 1")]
    assert any("operator released the halt: prices were right." in body for body in bodies), bodies
    assert len(list((saturday.data / "mail").glob("*alert*.eml"))) == 4


def test_a_blocked_plan_names_the_incident_of_each_check(saturday):
    """A drawdown is no halt, a snapshot that is not there no drift, and of a halt its own incident tells."""
    run_id = rows.add_plan_run(saturday)
    for gate in ("data_quality", "confirmation"):
        rows.pass_gate(saturday, run_id, gate)
    rows.fail_gate(saturday, run_id, "reconciliation", "snapshot_recent", "no snapshot", "Type one in.")
    rows._judge(
        saturday,
        run_id,
        "risk",
        {"drawdown": ("25 % below", "Review it."), "halt_released": ("halted", "Release.")},
    )
    with connect("desk_planner", saturday) as connection:
        steps.decide(connection, run_id)
        issue_ticket(connection, run_id, (), saturday)
    assert set(still_open(saturday)) == {"DRAWDOWN_LIMIT", "SNAPSHOT_MISSING"}


def test_a_day_whose_data_would_block_is_an_incident_its_report_tells(saturday):
    """Once a day and without a mail of its own; the report has a number and says when the next one is due."""
    rows.add_run(saturday, kind="daily", weeks=-1)
    for attempt in (1, 2):
        run_id = rows.add_run(saturday, kind="daily", attempt=attempt)
        rows.fail_gate(saturday, run_id, "data_quality", "coverage", "97 % of 100 symbols", "Load CEDR.")
        with connect("desk_planner", saturday) as connection:
            path = write_daily_report(connection, run_id, saturday).with_suffix(".md")
    write_report(saturday, date(2026, 6, 15))
    rows.set_clock(saturday, LATER_AT)
    with connect("desk_planner", saturday) as connection:
        write_daily_report(connection, run_id, saturday)
    [incident] = select(saturday, "select code, dedupe_key, detail from desk.incidents")
    assert incident == {
        "code": "DATA_STALE",
        "dedupe_key": "DATA_STALE:demo:2026-06-12",
        "detail": "data of 2026-06-12: 97 % of 100 symbols",
    }
    assert "**DATA_STALE (operator, since 2026-06-13 08:00 UTC)**: data of" in path.read_text()
    first, _ = select(saturday, "select kind, body_text from desk.outbox order by mail_id")
    assert "Open incidents: DATA_STALE (operator, since 2026-06-13 08:00 UTC)\n" in first["body_text"]
    assert "#0001, next due Tue 16 Jun 08:30 London." in first["body_text"]


def test_a_shell_lists_takes_in_hand_and_closes(saturday, monkeypatch, capsys):
    """What was over is said to be; a name nobody has and a number that is not open are one line each."""
    at_a_shell(monkeypatch, saturday)
    record(saturday, "TICKET_REFUSED")
    assert verb(["incidents", "acknowledge", "1", "--person", "executor"]) == 0
    assert verb(["incidents"]) == 0
    said = capsys.readouterr().out
    assert "1  TICKET_REFUSED (operator) since 2026-06-13 08:00 UTC, in hand with executor" in said
    assert verb(["incidents", "close", "1", "no operator", "--person", "executor"]) == 1
    assert verb(["incidents", "close", "1", "understood", "--person", "operator"]) == 0
    assert verb(["incidents", "acknowledge", "1", "--person", "operator"]) == 1
    assert verb(["incidents", "list"]) == 0
    assert "no incident is open" in capsys.readouterr().out


def test_a_desk_is_not_ready_while_incidents_are_open_and_nobody_listens(saturday):
    """Both are wishes: neither keeps a desk from trading."""
    record(saturday, "TICKET_REFUSED")
    found = {what: state for state, what, _ in findings(saturday)}
    assert found["no incident is open"] == "open"
    assert found["something outside the desk listens whether it speaks"] == "open"


def test_who_has_an_incident_in_hand_and_who_closes_it_are_people(saturday):
    """Anybody acknowledges, once; an operator closes, with a reason; each leaves its audit row."""
    number = record(saturday, "TICKET_REFUSED")

    def note(verb: str, person: str, **more):
        with connect("desk_app", saturday) as connection:
            return getattr(queries.incidents, f"{verb}_incident")(
                connection, incident_id=number, person=person, **more
            )

    for person in ("nobody", "desk"):
        with pytest.raises(errors.CheckViolation, match="nobody is called"):
            note("acknowledge", person)
    assert [note("acknowledge", "executor"), note("acknowledge", "operator")] == [True, False]
    for person, reason, why in (
        ("executor", "fine", "no operator"), ("operator", " ", "with a reason"), ("desk", "fine", "is not over"),
    ):  # fmt: skip
        with pytest.raises(errors.CheckViolation, match=why):
            note("close", person, reason=reason)
    assert still_open(saturday) == ["TICKET_REFUSED"]
    assert [note("close", "operator", reason="understood"), note("close", "operator", reason="r")] == [
        True,
        False,
    ]
    assert still_open(saturday) == []
    with rows.superuser(saturday) as connection:
        audited = connection.execute(
            "select person, action, subject from desk.audit_log where action like 'incident%' order by seq"
        ).fetchall()
    assert [tuple(row.values()) for row in audited] == [
        ("executor", "incident_acknowledged", f"incident/{number}"),
        ("operator", "incident_closed", f"incident/{number}"),
    ]


def test_what_is_in_nobodys_hand_is_told_once_to_the_other_person_and_not_at_night(desk, monkeypatch):
    """Four hours after it was raised, or in the morning; what somebody has in hand, or is over, is not."""
    live = dataclasses.replace(desk, environment="production")
    at_a_shell(monkeypatch, live)
    evening_at = rows.SATURDAY_AT.replace(hour=20)
    rows.set_clock(desk, evening_at)
    with connect("desk_planner", desk) as connection:
        for code, subject in (
            ("TICKET_REFUSED", "a"),
            ("TICKET_REFUSED", "b"),
            ("SOURCE_BLOCKED", "stooq:a"),
        ):
            raise_incident(connection, code, f"{code}:{subject}", f"detail {subject}", config=live)
        queries.incidents.acknowledge_incident(connection, incident_id=2, person="operator")
    rows.set_clock(desk, evening_at + MINUTE)
    serve(desk)
    morning_at = datetime.fromisoformat("2026-06-14T07:00+01:00")
    first = len(mails(desk))
    for now_at in (evening_at + timedelta(hours=4), morning_at - MINUTE):
        look_at(desk, now_at)
    assert len(mails(desk)) == first == 3
    for now_at in (morning_at, morning_at + MINUTE, morning_at + timedelta(days=1)):
        look_at(desk, now_at)
    meaning = CODES["TICKET_REFUSED"].meaning
    assert mails(desk)[first:] == [(f"Still open: Incident TICKET_REFUSED: {meaning}", "executor")]
    [body] = select(
        desk, "select body_text from desk.outbox where dedupe_key = 'alert:TICKET_REFUSED:a:again'"
    )
    for line in ("Detail: detail a\n", f"What to do: {what_to_do('TICKET_REFUSED')}\n"):
        assert line in body["body_text"]
    assert "http://127.0.0.1:8075/incidents" in body["body_text"]


@pytest.mark.parametrize(
    ("code", "key", "constraint"),
    [
        ("KILL_SWITCH", "KILL_SWITCH:7", "desk_records_its_own"),
        ("SIGN_IN_BRAKED", "SIGN_IN_BRAKED:ed", "desk_records_its_own"),
        ("STEP_FAILED", "KILL_SWITCH:7", "key_says_code"),
    ],
)
def test_a_key_taken_in_advance_would_keep_a_halt_from_being_engaged(saturday, code, key, constraint):
    """The planner may not write what the desk records by itself, under whatever code."""
    with pytest.raises(psycopg.Error) as refused, connect("desk_planner", saturday) as connection:
        connection.execute(
            "insert into desk.incidents (code, dedupe_key, detail) values (%s, %s, 'd')", (code, key)
        )
    assert refused.value.diag.constraint_name == constraint
    with connect("desk_app", saturday) as connection:
        connection.execute("select desk.engage_halt('drill', 'operator')")
        assert connection.execute("select desk.is_halted() as halted").fetchone()["halted"]
