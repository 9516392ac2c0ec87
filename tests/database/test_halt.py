"""The halt: anyone signed in may engage it, and only a reconciled desk may end it."""

from datetime import timedelta

import psycopg
import pytest

from tests.database import rows
from trading_ops.db.connect import connect
from trading_ops.ops import halt

LATER_AT = rows.SATURDAY_AT + timedelta(hours=1)


@pytest.fixture
def halted(desk):
    """A desk halted on Saturday at 08:00."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    with connect("desk_app", desk) as connection:
        halt.engage(connection, "strange prices", "executor")
    return desk


def is_halted(desk) -> bool:
    """Ask as the reader."""
    with connect("desk_reader", desk) as connection:
        return halt.is_halted(connection)


def test_engaging_takes_effect_for_every_role(halted):
    """The entry names the person and the reason, and the audit log has it too."""
    assert is_halted(halted)
    with connect("desk_reader", halted) as connection:
        entry = connection.execute("select kind, reason, person from desk.halts").fetchone()
        audited = connection.execute(
            "select person, action, detail from desk.audit_log order by seq desc"
        ).fetchone()
    assert tuple(entry.values()) == ("engage", "strange prices", "executor")
    assert tuple(audited.values()) == ("executor", "halt_engaged", {"reason": "strange prices"})


def test_a_halt_without_a_reason_is_refused(desk):
    """An empty one says nothing to whoever has to end it."""
    with (
        connect("desk_app", desk) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="halts_reason_check"),
    ):
        halt.engage(connection, "  ", "executor")


def test_a_release_without_a_newer_snapshot_is_refused(halted):
    """Neither no snapshot nor one taken before the halt is enough."""
    rows.add_snapshot(halted, rows.SATURDAY_AT - timedelta(days=1))
    rows.set_clock(halted, LATER_AT)
    with (
        connect("desk_app", halted) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="snapshot"),
    ):
        halt.release(connection, "all fine", "operator")
    assert is_halted(halted)


def test_a_release_after_reconciling_ends_the_halt(halted):
    """Reason and newer snapshot given, the desk goes on."""
    rows.set_clock(halted, LATER_AT)
    rows.add_snapshot(halted, LATER_AT)
    with connect("desk_app", halted) as connection:
        halt.release(connection, "prices were right", "operator")
    assert not is_halted(halted)


def test_releasing_a_desk_that_is_not_halted_is_refused(desk):
    """A replayed release does nothing."""
    with (
        connect("desk_app", desk) as connection,
        pytest.raises(psycopg.errors.CheckViolation, match="not halted"),
    ):
        halt.release(connection, "again", "operator")


@pytest.mark.parametrize("role", ["desk_loader", "desk_dbt", "desk_mailer", "desk_reader"])
def test_a_role_nobody_signs_in_with_cannot_touch_the_halt(desk, role):
    """Neither engage nor release."""
    for call in (halt.engage, halt.release):
        with connect(role, desk) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            call(connection, "mischief", "nobody")


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_began_before_the_halt_cannot_trade_after_it(desk, level):
    """An older snapshot would still see the desk running, so only read committed may write a TRADE."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    run_id = rows.add_approved_run(desk)
    row = rows.ticket_row(desk, run_id)
    with connect("desk_planner", desk) as early:
        early.execute(f"set transaction isolation level {level}")
        early.execute("select count(*) from desk.halts")
        with connect("desk_app", desk) as other:
            other.execute("select desk.engage_halt('stop', 'executor')")
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="read committed"):
            rows.insert_ticket(early, row, (1, 2))


def test_a_ticket_cannot_be_backdated(desk):
    """Whatever the writer says, a ticket is issued at the desk's now."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    row = rows.ticket_row(desk, rows.add_approved_run(desk), issued_at=rows.SATURDAY_AT.replace(year=2020))
    with connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, row, (1, 2))
        assert (
            connection.execute("select issued_at from desk.tickets").fetchone()["issued_at"]
            == rows.SATURDAY_AT
        )
