"""A test ticket is worked through on the page of a real one, and is in no book, gate or reminder."""

from dataclasses import replace

import pytest

from tests.confirm_app import desk_rows
from tests.confirm_app.test_owed_pages import page_of
from trading_ops.db.connect import connect
from trading_ops.runs.run import RunError
from trading_ops.tickets.owed_now import read_owed
from trading_ops.tickets.trial import send_trial, tell_confirmed
from trading_ops.wording.qr import qr_svg
from trading_ops_stack.people import found_book
from trading_ops_stack.readiness import findings

_BOOKS = """
    select
        (select count(*) from desk.entries) as entries,
        (select count(*) from desk.confirmations) as confirmations,
        (select count(*) from desk.tickets) as tickets
"""


def books(desk) -> tuple:
    """Return how much there is in the books, and what is owed to them."""
    with connect("desk_planner", desk) as connection:
        return connection.execute(_BOOKS).fetchone(), read_owed(connection, desk.portfolio_id)


def test_a_test_ticket_is_worked_through_outside_every_book(executor, desk, ticket):
    """Marked in mail and page; wrong figures are refused as on a ticket; done, `ready` says by whom."""
    before = books(desk)
    with connect("desk_planner", desk) as connection:
        name = send_trial(connection, desk)
        mail = connection.execute("select * from desk.outbox order by mail_id desc limit 1").fetchone()
    assert mail["subject"].startswith("[TEST]") and f"/test/{name}" in mail["body_text"]
    assert "£" not in mail["body_text"] and mail["recipient"] == desk.executor_email

    path = f"/test/{name}"
    page = page_of(executor, path)
    for part in (
        "TRADE week TEST TEST: place no order",
        "1 BUY TEST TEST: place no order",
        "Record TEST line 1",
    ):
        assert part in page
    form = executor.form_of(path, f"{path}/lines/1") | {"intent": "record"}
    typed = desk_rows.fill_fields(units="0.125", value="10.00")
    swapped = desk_rows.fill_fields(units="10.00", value="0.125")
    for outcome, fields in (("SKIPPED", {}), ("DONE", swapped)):
        sent = form | {"outcome": outcome} | fields
        assert executor.client.post(f"{path}/lines/1", data=sent).status_code == 422
    for _ in range(2):
        answer = executor.client.post(f"{path}/lines/1", data=form | {"outcome": "DONE"} | typed)
        assert answer.status_code == 303
    page = page_of(executor, path)
    assert "You have shown that the mail reaches you" in page and "0.125 units at $100.00" in page
    assert "<form method=post action=/test" not in executor.client.get(path).text.replace('"', "")

    with connect("desk_planner", desk) as connection:
        (said,) = tell_confirmed(connection, desk)
        assert said.startswith(f"executor recorded the test ticket {name} ") and not tell_confirmed(
            connection, desk
        )
        mail = connection.execute("select * from desk.outbox order by mail_id desc limit 1").fetchone()
    assert (
        mail["recipient"] == desk.operator_email
        and mail["subject"] == f"[TEST] Test ticket {name} was recorded"
    )

    assert books(desk) == before
    assert any(
        what.startswith("test ticket confirmed by executor at 2026-06-15") for _, what, _ in findings(desk)
    )


def test_nobody_but_the_signed_in_sees_a_test_ticket(visitor, executor, desk):
    """And a name that was never sent is no page."""
    assert executor.client.get("/test/TEST-00000000").status_code == 404
    executor.client.delete_cookie("trading_ops")
    assert executor.client.get("/test/TEST-00000000").status_code == 303


def test_the_operator_has_the_pages_address_as_a_code(app, operator, executor):
    """Where a phone can reach it; nobody points a camera at this machine's own loopback."""
    assert "<svg" not in operator.client.get("/").text
    app.config["DESK_SETTINGS"] = replace(app.config["DESK_SETTINGS"], confirm_url="https://desk.example.org")
    assert str(qr_svg("https://desk.example.org")) in operator.client.get("/").text
    assert "<svg" not in executor.client.get("/").text


def test_a_production_desk_has_its_book_before_the_first_run(desk):
    """On Docker no `init` makes it, and opening cash and a test ticket come first; a simulated one waits."""
    before = replace(desk, portfolio_id="not_begun")
    found_book(before)
    with connect("desk_planner", desk) as connection, pytest.raises(RunError, match="not_begun begins with"):
        send_trial(connection, before)
    live = replace(desk, portfolio_id="begun", environment="production", portfolio_kind="live")
    found_book(live)
    with connect("desk_planner", desk) as connection:
        assert send_trial(connection, live).startswith("TEST-")
