"""A drawdown beyond its limit has one exit, and it is no way around the limit."""

import threading
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import judged, rows
from tests.database.planning import SMALL, policy_of
from trading_ops.cli.main import main as run_cli
from trading_ops.db.connect import connect
from trading_ops.ops import drawdown
from trading_ops.runs.frozen import adopt_policy

MONDAY_AT = rows.SATURDAY_AT + timedelta(days=2)


def add_judged_plan(desk, drawdown_ratio: str | None = "0.25", **columns) -> str:
    """A plan whose risk gate was judged on a drawdown, with 20 % allowed; None is unknown."""
    run_id = rows.add_plan_run(desk, **columns)
    is_clear = drawdown_ratio is not None and Decimal(drawdown_ratio) < Decimal("0.2")
    with connect("desk_dbt", desk) as connection:
        connection.execute(
            "insert into desk.verdicts (run_id, gate, check_name, observed_value, limit_value, is_clear, reason, fix)"
            " values (%s, 'risk', 'drawdown', %s, 0.2, %s, 'said by dbt', '')",
            (run_id, drawdown_ratio, is_clear),
        )
    judged.judge(desk, run_id, "risk")
    return run_id


@pytest.fixture
def fallen(desk):
    """A desk whose plan found it 25 % below its peak, and whose books agree with the broker since."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    judged.add_cash(desk, "10000.00", rows.SATURDAY_AT - timedelta(days=20))
    add_judged_plan(desk)
    rows.add_snapshot(desk, rows.SATURDAY_AT)
    return desk


def review(desk, person: str = "operator", reason: str = "a bad quarter", portfolio: str = "demo") -> bool:
    """Review as the page does."""
    with connect("desk_app", desk) as connection:
        return drawdown.review(connection, portfolio, reason, person)


def refuse(desk, constraint: str, words: str = "", **how) -> None:
    """Try to review and expect the refusal of that name; nothing is written."""
    with pytest.raises(psycopg.errors.CheckViolation, match=words) as refused:
        review(desk, **how)
    assert refused.value.diag.constraint_name == constraint
    assert reviews(desk) == []


def reviews(desk) -> list[tuple]:
    """Who reviewed which session, and whether that was the last one needed."""
    with connect("desk_reader", desk) as connection:
        found = connection.execute(
            "select person, as_of_date::text, drawdown_ratio, is_complete from desk.drawdown_reviews order by review_id"
        ).fetchall()
    return [tuple(row.values()) for row in found]


def test_an_operator_reviews_what_the_newest_plan_found(fallen):
    """Session, drawdown, limit, person and reason are written, in the log as well."""
    assert review(fallen) is True
    assert reviews(fallen) == [("operator", "2026-06-12", Decimal("0.25"), True)]
    with connect("desk_reader", fallen) as connection:
        logged = connection.execute(
            "select person, action, detail from desk.audit_log order by seq desc limit 1"
        ).fetchone()
    assert (logged["person"], logged["action"]) == ("operator", "drawdown_reviewed")
    assert logged["detail"]["reason"] == "a bad quarter"
    assert (logged["detail"]["drawdown_ratio"], logged["detail"]["limit_ratio"]) == ("0.25", "0.2")


def test_a_review_in_advance_is_refused(desk):
    """Without a plan, before its gate is judged, within the limit, or when the drawdown is unknown."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    refuse(desk, "drawdown_to_review", "has no plan")
    rows.add_plan_run(desk)
    refuse(desk, "drawdown_to_review", "not judged yet")
    for attempt, observed in enumerate(("0.1999", None), start=2):
        add_judged_plan(desk, observed, attempt=attempt)
        refuse(desk, "drawdown_to_review", "no drawdown beyond its limit")


def test_a_review_of_a_drawdown_that_a_later_plan_no_longer_has_is_refused(fallen):
    """The newest plan is what counts, also where an older one is planned again after it."""
    rows.set_clock(fallen, rows.SATURDAY_AT + timedelta(weeks=1))
    add_judged_plan(fallen, "0.15", weeks=1)
    add_judged_plan(fallen, "0.25", attempt=2, frozen_at=rows.SATURDAY_AT + timedelta(weeks=1))
    refuse(fallen, "drawdown_to_review", "no drawdown beyond its limit")


def test_a_review_of_what_was_found_more_than_a_week_ago_is_refused(fallen):
    """It may be over by now: plan again first."""
    rows.set_clock(fallen, rows.SATURDAY_AT + timedelta(days=7))
    refuse(fallen, "drawdown_to_review", "plan again first")


def test_one_loss_is_reviewed_once(fallen):
    """Not the same plan, not another attempt of its session, and not a plan frozen before the review."""
    add_judged_plan(fallen, attempt=2)
    assert review(fallen)
    for attempt in (3, 4):
        with pytest.raises(psycopg.errors.CheckViolation, match="is reviewed already"):
            review(fallen)
        add_judged_plan(fallen, attempt=attempt)
    rows.set_clock(fallen, rows.SATURDAY_AT + timedelta(weeks=1))
    add_judged_plan(
        fallen, weeks=1, frozen_at=rows.SATURDAY_AT - timedelta(seconds=1), as_of_date="2026-06-11"
    )
    with pytest.raises(psycopg.errors.CheckViolation, match="is reviewed already"):
        review(fallen)
    assert len(reviews(fallen)) == 1


def test_another_loss_is_reviewed_again(fallen):
    """A plan of a later session, frozen after the review, that is beyond the limit from the new peak."""
    assert review(fallen)
    rows.set_clock(fallen, rows.SATURDAY_AT + timedelta(weeks=1))
    add_judged_plan(fallen, "0.21", weeks=1)
    with pytest.raises(psycopg.errors.CheckViolation, match="broker snapshot taken after the plan"):
        review(fallen)
    rows.add_snapshot(fallen, rows.SATURDAY_AT + timedelta(weeks=1), key="newer")
    assert review(fallen)
    assert [row[1] for row in reviews(fallen)] == ["2026-06-12", "2026-06-19"]


def test_an_executor_a_stranger_nobody_and_a_service_review_nothing(fallen):
    """A person who exists and is an operator, whatever role the caller works as."""
    for person in ("executor", "mallory", "desk", "shell", "", None):
        refuse(fallen, "operator_reviews", "no operator", person=person)


@pytest.mark.parametrize("reason", ["", "   ", None])
def test_a_review_without_a_reason_is_refused(fallen, reason):
    """Somebody has to have looked."""
    refuse(fallen, "review_has_a_reason", "with a reason", reason=reason)


def test_a_review_for_another_portfolio_is_refused(fallen):
    """Neither of one that is unknown nor of one that lost nothing; the snapshot has to be its own as well."""
    rows.add_portfolio(fallen, "other", "paper")
    for portfolio in ("other", "unknown", None):
        refuse(fallen, "drawdown_to_review", "has no plan", portfolio=portfolio)
    add_judged_plan(fallen, portfolio_id="other", run_id="20260613-080099Z-git0123456", idempotency_key="o")
    refuse(fallen, "reconcile_before_review", "broker snapshot taken after the plan", portfolio="other")


def test_a_review_on_books_that_do_not_agree_is_refused(fallen):
    """A penny at the broker, or an entry since: as a release asks for."""
    rows.set_clock(fallen, MONDAY_AT)
    rows.add_snapshot(fallen, MONDAY_AT, cash_gbp="0.01", key="penny")
    refuse(fallen, "reconcile_before_review", "differ by -9999.99 GBP")
    rows.add_snapshot(fallen, MONDAY_AT, key="right")
    rows.set_clock(fallen, MONDAY_AT + timedelta(minutes=1))
    judged.add_cash(fallen, "1.00", MONDAY_AT, kind="interest")
    refuse(fallen, "reconcile_before_review", "1 entries of the books are newer")


def adopt(desk, changes: dict[str, str]) -> None:
    """Make a changed policy the active one."""
    with connect("desk_planner", desk) as connection:
        adopt_policy(connection, policy_of(SMALL | changes))


def test_a_policy_may_ask_for_a_second_operator(fallen):
    """The same one twice is one; until the second nothing is complete."""
    adopt(fallen, {"release_persons_min: 1": "release_persons_min: 2"})
    with connect("desk_planner", fallen) as connection:
        connection.execute("select desk.set_person('operator', 'second', 'operator', 's@x.example', 'h')")
    assert [review(fallen), review(fallen)] == [False, False]
    assert [row[3] for row in reviews(fallen)] == [False]
    assert review(fallen, "second") is True
    assert [(row[0], row[3]) for row in reviews(fallen)] == [("operator", False), ("second", True)]


def test_two_operators_at_once_complete_one_review(fallen):
    """The second sees the first, also when both press at the same moment."""
    adopt(fallen, {"release_persons_min: 1": "release_persons_min: 2"})
    with connect("desk_planner", fallen) as connection:
        connection.execute("select desk.set_person('operator', 'second', 'operator', 's@x.example', 'h')")
    barrier, said = threading.Barrier(2), []

    def press(person):
        barrier.wait()
        said.append(review(fallen, person))

    threads = [threading.Thread(target=press, args=(person,)) for person in ("operator", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(said) == [False, True]


FORGED = """
insert into desk.drawdown_reviews
    (run_id, portfolio_id, as_of_date, drawdown_ratio, limit_ratio, person, reason, is_complete)
select run_id, portfolio_id, as_of_date, 0.25, 0.2, 'operator', 'forged', true from desk.runs
"""


@pytest.mark.parametrize(
    "role",
    ["desk_app", "desk_planner", "desk_dbt", "desk_loader", "desk_mailer", "desk_reader", "desk_backup"],
)
def test_no_role_writes_a_review_by_itself(fallen, role):
    """Neither inserts nor changes one, nor keeps the function from its lock."""
    for statement in (
        FORGED,
        "update desk.drawdown_reviews set as_of_date = '2026-06-20'",
        "delete from desk.drawdown_reviews",
        "truncate desk.drawdown_reviews",
        "lock table desk.drawdown_reviews in row share mode",
    ):
        with connect(role, fallen) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
    if role not in ("desk_app", "desk_planner"):
        with connect(role, fallen) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("select desk.review_drawdown('demo', 'mischief', 'operator')")


def test_a_review_stays_as_it_was_written(fallen):
    """Append-only, also for the owner."""
    review(fallen)
    for statement in ("update desk.drawdown_reviews set reason = 'x'", "delete from desk.drawdown_reviews"):
        refused = pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="append-only")
        with rows.superuser(fallen) as connection, refused:
            connection.execute(statement)


def test_the_command_line_reviews_and_says_what_is_missing(fallen, monkeypatch, capsys):
    """One line each: an unknown person, nothing to review, and done."""
    at_a_shell(monkeypatch, fallen)
    assert run_cli(["review-drawdown", "fine", "--person", "mallory"]) == 1
    assert run_cli(["review-drawdown", "fine", "--person", "executor"]) == 1
    assert "executor is no operator" in capsys.readouterr().err
    assert run_cli(["review-drawdown", "fine", "--person", "operator"]) == 0
    assert "the peak is counted anew" in capsys.readouterr().out
    assert run_cli(["review-drawdown", "again", "--person", "operator"]) == 1
    assert "reviewed already" in capsys.readouterr().err
    assert len(reviews(fallen)) == 1
