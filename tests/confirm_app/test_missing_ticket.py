"""The page says that the week has no ticket, and the newest plan's ticket is the newest, however late."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest

from confirm_app import create_app
from tests.confirm_app import desk_rows
from tests.confirm_app.conftest import Visitor
from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.planning import freeze_plan
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.tickets.issue import issue_ticket
from trading_ops.watch.__main__ import main as watch

NOON_AT = sessions.ticket_due_at(date(2026, 6, 12))
MISSING = "No ticket for this week yet"


@pytest.fixture
def home(desk, monkeypatch):
    """Return the home page at an instant, of a desk with a schedule that opened on Monday."""
    rows.set_clock(desk, datetime(2026, 6, 8, 9, tzinfo=UTC))
    rows.add_portfolio(desk)
    desk_rows.add_people(desk)
    live = dataclasses.replace(desk, environment="production")
    at_a_shell(monkeypatch, live)

    def at(now_at: datetime) -> str:
        rows.set_clock(desk, now_at)
        visitor = Visitor(create_app(live).test_client())
        visitor.sign_in()
        return visitor.client.get("/").text

    return at


def test_a_week_without_a_ticket_is_said_at_home_and_who_was_told(home):
    """From Saturday noon; the operator has been told once the watcher has looked."""
    assert MISSING not in home(NOON_AT - timedelta(seconds=1))
    page = home(NOON_AT)
    assert MISSING in page and "2026-W25" in page and "it was due Sat 13 Jun 12:00 London" in page
    assert "Nobody has been told yet" in page
    assert watch(["--once"]) == 0
    assert "The operator has been told." in home(NOON_AT + timedelta(hours=1))


def test_a_plan_under_way_at_noon_is_said(home, desk):
    """It was started late, and may still make the ticket."""
    rows.set_clock(desk, NOON_AT - timedelta(minutes=10))
    run = freeze_plan(desk)
    page = home(NOON_AT)
    assert MISSING in page and "A plan is under way." in page
    with connect("desk_planner", desk) as connection:
        issue_ticket(connection, run.run_id, ["build_book"], desk)
    assert MISSING not in home(NOON_AT + timedelta(hours=4))


def test_an_older_plan_ended_late_does_not_replace_the_newer_ones_trade(desk, visitor):
    """The first attempt hung, the second made the TRADE, and only then was the first given up."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    desk_rows.add_people(desk)
    earlier = rows.add_plan_run(desk, frozen_at=rows.SATURDAY_AT - timedelta(minutes=30))
    ticket = desk_rows.add_ticket(desk, attempt=2)
    visitor.sign_in()
    with connect("desk_planner", desk) as connection:
        ended = issue_ticket(connection, earlier, ["build_book"], desk)
    page = visitor.client.get(f"/confirm/{ticket}").text
    assert "This is not the newest ticket" not in page
    index = visitor.client.get("/").text
    assert index.index(f"/confirm/{ticket}") < index.index(f"/confirm/{ended}")
    assert "This is not the newest ticket" in visitor.client.get(f"/confirm/{ended}").text
