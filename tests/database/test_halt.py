"""The halt: anyone signed in may engage it, and only a reconciled desk may end it."""

import json
from datetime import timedelta

import psycopg
import pytest

from tests.database import judged, rows
from tests.database.planning import freeze_plan, policy_of
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


def test_a_halt_acts_first_and_asks_afterwards(desk):
    """Without a reason it halts; the reason said later is an entry of its own, with whoever said it."""
    with connect("desk_app", desk) as connection:
        halt.engage(connection, "  ", "executor")
        assert halt.is_halted(connection)
        halt.engage(connection, "the prices are last week's", "operator")
        entries = connection.execute("select reason, person from desk.halts order by halt_id").fetchall()
    assert [tuple(entry.values()) for entry in entries] == [
        ("no reason was given yet", "executor"),
        ("the prices are last week's", "operator"),
    ]


def refuse_release(desk, reason: str, person: str = "operator") -> None:
    """Try to release and expect the refusal."""
    with connect("desk_app", desk) as connection, pytest.raises(psycopg.errors.CheckViolation, match=reason):
        halt.release(connection, "all fine", person)
    assert is_halted(desk)


def test_a_release_on_anything_but_books_that_agree_is_refused(halted):
    """Not without a snapshot, on an older one, on a penny, for another portfolio, or before an entry."""
    rows.add_policy(halted)
    judged.add_cash(halted, "10000.00", rows.SATURDAY_AT - timedelta(days=2))
    rows.add_snapshot(halted, rows.SATURDAY_AT - timedelta(days=1), key="older")
    refuse_release(halted, "taken after the halt")
    rows.set_clock(halted, LATER_AT)
    rows.add_portfolio(halted, "other", "paper")
    with connect("desk_app", halted) as connection:
        connection.execute(
            "select desk.record_snapshot(%s)",
            (
                json.dumps(
                    {
                        "portfolio_id": "other", "source": "form", "cash_gbp": "0", "person": "operator",
                        "taken_at": LATER_AT.isoformat(), "idempotency_key": "other", "positions": [],
                    }
                ),
            ),
        )  # fmt: skip
    refuse_release(halted, "taken after the halt")
    rows.add_snapshot(halted, LATER_AT, cash_gbp="0.01", key="penny")
    refuse_release(halted, "differ by -9999.99 GBP")
    rows.add_snapshot(halted, LATER_AT, key="right")
    rows.set_clock(halted, LATER_AT + timedelta(minutes=1))
    judged.add_cash(halted, "1.00", LATER_AT, kind="interest")
    refuse_release(halted, "1 entries of the books are newer")
    for person in ("executor", "mallory"):
        refuse_release(halted, "no operator", person)


def test_a_release_after_reconciling_ends_the_halt(halted):
    """Reason and newer snapshot given, the desk goes on; also where a simulated clock stands still."""
    rows.add_policy(halted)
    judged.add_cash(halted, "10000.00", rows.SATURDAY_AT - timedelta(days=2))
    rows.add_snapshot(halted, rows.SATURDAY_AT)
    with connect("desk_app", halted) as connection:
        assert halt.release(connection, "prices were right", "operator")
    assert not is_halted(halted)


def test_a_snapshot_of_before_the_newest_halt_releases_nothing(halted):
    """Pressing again asks for another look."""
    judged.add_cash(halted, "10000.00", rows.SATURDAY_AT - timedelta(days=2))
    rows.add_snapshot(halted, rows.SATURDAY_AT)
    with connect("desk_app", halted) as connection:
        halt.engage(connection, "another problem", "executor")
    refuse_release(halted, "taken after the halt")


def test_a_policy_may_ask_for_a_second_operator(halted):
    """The same one twice is one."""
    freeze_plan(halted, policy_of({"release_persons_min: 1": "release_persons_min: 2"}))
    with connect("desk_planner", halted) as connection:
        connection.execute("select desk.set_person('operator', 'second', 'operator', 's@x.example', 'h')")
        cash = connection.execute("select sum(cash_delta_gbp) as cash from desk.entries").fetchone()["cash"]
    rows.set_clock(halted, LATER_AT)
    rows.add_snapshot(halted, LATER_AT, cash_gbp=str(cash))
    with connect("desk_app", halted) as connection:
        assert not halt.release(connection, "fine", "operator")
        assert not halt.release(connection, "fine", "operator")
        assert halt.is_halted(connection)
        assert halt.release(connection, "fine", "second")
    assert not is_halted(halted)


def test_nobody_keeps_a_halt_waiting(desk):
    """
    The locks any role can take are not the halt's, and a ticket that is kept open is ended within a second.
    """
    rows.set_clock(desk, rows.SATURDAY_AT)
    row = rows.ticket_row(desk, rows.add_approved_run(desk))
    with connect("desk_reader", desk) as reader, connect("desk_planner", desk) as planner:
        for name in ("trading_ops.halt", "trading_ops.ticket"):
            reader.execute("select pg_advisory_lock_shared(hashtext(%s)::bigint)", (name,))
        reader.execute("select * from desk.halts")
        rows.insert_ticket(planner, row, [1, 2])
        with connect("desk_app", desk) as page:
            page.execute("set statement_timeout = '5s'")
            halt.engage(page, "stop", "executor")
        with pytest.raises(psycopg.OperationalError):
            planner.commit()
        for role in ("desk_reader", "desk_dbt", "desk_loader", "desk_planner", "desk_app", "desk_mailer"):
            with connect(role, desk) as other, pytest.raises(psycopg.errors.InsufficientPrivilege):
                other.execute("lock table desk.halt_gate in access share mode")
    assert is_halted(desk)
    with rows.superuser(desk) as connection:
        assert connection.execute("select 1 from desk.tickets").fetchone() is None


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
