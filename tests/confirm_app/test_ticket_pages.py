"""What the ticket page shows when: before, in and after the window, halted, replaced, blocked."""

import dataclasses
from datetime import timedelta

from confirm_app import create_app
from tests.confirm_app import desk_rows
from tests.confirm_app.conftest import Visitor, texts
from tests.database import rows
from trading_ops.comms.letters import compose
from trading_ops.comms.mail import deliver_pending
from trading_ops.comms.outbox import enqueue
from trading_ops.db.connect import connect
from trading_ops.plan.sizing import CONSTRAINTS
from trading_ops.universe.switches import write_switch

ORDER = "Search eToro for"


def page_of(visitor: Visitor, ticket_id: str) -> str:
    return visitor.client.get(f"/confirm/{ticket_id}").text


def test_the_open_window_shows_exactly_what_to_do(executor, ticket):
    """
    Line, search name, amount, limit and both clocks, in the words of the ticket; simulated money says so.
    """
    page = page_of(executor, ticket)
    assert "SIMULATED" in page and "The window is open" in page
    assert "Buy £500.00" in page and "Skip if the price is above $103.00" in page
    assert "Mon 15 Jun 14:45" in page and "09:45" in page and "Mon 15 Jun 16:00" in page
    assert page.count(ORDER) == 6
    assert "Elms &amp; Sons &lt;Holding&gt;" in page


def test_before_the_window_the_lines_can_be_read_ahead(desk, visitor):
    """Orders are visible with a clear 'do not trade yet'."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    desk_rows.add_people(desk)
    ticket = desk_rows.add_ticket(desk)
    visitor.sign_in()
    page = page_of(visitor, ticket)
    assert "Do not trade yet: the window opens in 2 d 5 h" in page and page.count(ORDER) == 6


def test_after_the_window_no_order_is_shown_but_truth_is_taken(executor, desk, ticket):
    """An expired order is not executed; what was executed in time can still be recorded."""
    rows.set_clock(desk, rows.WINDOW_CLOSE_AT)
    page = page_of(executor, ticket)
    assert "Do not trade: the window closed" in page and ORDER not in page and "Buy £500.00" not in page
    assert executor.confirm(ticket, 1).status_code == 303
    rows.set_clock(desk, rows.DEADLINE_AT)
    assert "OVERDUE" in page_of(executor, ticket)


def test_a_halt_hides_every_order_and_still_takes_what_was_executed(executor, desk, ticket):
    """The reason is shown instead of the orders; the recorded line stays readable."""
    executor.confirm(ticket, 1)
    form = executor.form_of("/halt", "/halt/engage")
    assert (
        executor.client.post("/halt/engage", data=form | {"reason": "Prices look <wrong>"}).status_code == 303
    )
    page = page_of(executor, ticket)
    assert "Do not trade: desk halted." in page and "Prices look &lt;wrong&gt;" in page
    assert ORDER not in page and "£500.00" in page
    assert executor.confirm(ticket, 2).status_code == 303


def test_the_ticket_of_last_week_says_it_is_replaced(executor, desk, ticket):
    """An old link leads to an old ticket: no orders, and the way to the newest one."""
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(weeks=1))
    newer = desk_rows.add_ticket(desk, weeks=1)
    page = page_of(executor, ticket)
    assert "This is not the newest ticket" in page and f"/confirm/{newer}" in page and ORDER not in page


def test_a_no_trade_ticket_says_why_and_what_to_fix(executor, desk, ticket):
    """Reason and smallest fix, no form, and the list leads to both tickets."""
    blocked = desk_rows.add_blocked_ticket(desk, weeks=1)
    page = page_of(executor, blocked)
    assert (
        "Nothing to execute this week" in page
        and "Only 93 of 100" in page
        and "Load the missing bars" in page
    )
    assert "/lines/" not in page
    # What follows from the cause is counted, and there for whoever opens it.
    assert "What follows from it: 2" in page and "the turnover is unknown" in page
    assert page.count("<strong>Fix:</strong>") == 1
    index = executor.client.get("/").text
    assert f"/confirm/{blocked}" in index and f"/confirm/{ticket}" in index


def test_each_symbol_of_a_plan_says_why_it_is_wanted_or_not(executor, desk):
    """In the words of the sizing, whatever the ticket became."""
    page = page_of(executor, desk_rows.add_blocked_ticket(desk, weeks=1))
    rows_shown = texts(page, r"<tr><td>SYM.*?</tr>")
    assert len(rows_shown) == len(CONSTRAINTS) >= 13
    assert "SYM01  –  8.00 %  wanted at equal weight" in rows_shown
    assert all(any(row.endswith(words) for row in rows_shown) for words in CONSTRAINTS.values())


def test_the_weeks_with_four_hours_between_the_clocks_are_announced(desk, visitor):
    """In the autumn week when only London has changed, the page warns against habit."""
    weeks = 19
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(weeks=weeks))
    desk_rows.add_people(desk)
    ticket = desk_rows.add_ticket(desk, weeks=weeks)
    visitor.sign_in()
    page = page_of(visitor, ticket)
    assert "only 4 hours ahead" in page and "Mon 26 Oct 13:45" in page


def test_a_desk_without_tickets_has_a_page(desk, visitor):
    """The first week starts with an empty list, not with an error."""
    desk_rows.add_people(desk)
    visitor.sign_in()
    assert "There is no ticket yet" in visitor.client.get("/").text


def test_a_ticket_whose_rows_were_changed_behind_its_back_shows_no_order(desk, executor, ticket):
    """Whoever may switch triggers off writes a bigger order: the page reads the text beside the rows."""
    assert executor.client.get(f"/confirm/{ticket}").text.count("Somebody changed this ticket") == 0
    with rows.superuser(desk) as connection:
        connection.execute("alter table desk.ledger_trades_intended disable trigger all")
        connection.execute("update desk.ledger_trades_intended set value_gbp = 9999 where line_number = 1")
    page = executor.client.get(f"/confirm/{ticket}").text
    assert "its lines and its text disagree" in page
    assert "9,999" not in page
    with connect("desk_planner", desk) as connection:
        letter = compose("TRADE", ["Buy."])
        enqueue(
            connection, dedupe_key="1", kind="ticket", recipient="executor", letter=letter, ticket_id=ticket
        )
    with connect("desk_mailer", desk) as connection:
        report = deliver_pending(connection, desk)
    assert [detail for _, detail in report.failed] == [
        "held back: its lines and the text of the ticket disagree"
    ]


def test_a_plan_of_an_older_week_replaces_no_newer_ticket(desk, visitor):
    """
    Planned after this week's ticket was out: the newer one keeps its orders and its place in the list.
    """
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(weeks=1))
    desk_rows.add_people(desk)
    newer = desk_rows.add_ticket(desk, weeks=1)
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(weeks=1, hours=1))
    older = desk_rows.add_blocked_ticket(desk)
    visitor.sign_in()
    page = page_of(visitor, newer)
    assert "This is not the newest ticket" not in page and page.count(ORDER) == 6
    page = page_of(visitor, older)
    assert f"/confirm/{newer}" in page and "Nothing to execute this week" not in page
    index = visitor.client.get("/").text
    assert index.index(f"/confirm/{newer}") < index.index("Earlier") < index.index(f"/confirm/{older}")


def test_a_symbol_switched_off_after_the_ticket_was_issued_is_not_bought(desk, executor, ticket):
    """The other lines stay; what was executed before can be recorded."""
    assert page_of(executor, ticket).count(ORDER) == 6
    with connect("desk_planner", desk) as connection:
        write_switch(
            connection, "ALDR", False, "UNTRADABLE", "eToro offers it as a CFD only.", "1", None, "desk"
        )
    page = page_of(executor, ticket)
    assert page.count(ORDER) == 5
    assert "Do not trade ALDR: it was switched off since." in page and "as a CFD only" in page


def test_a_ticket_of_another_book_is_neither_shown_nor_recorded_here(desk, ticket):
    """The desk that keeps the book does that."""
    other = Visitor(create_app(dataclasses.replace(desk, portfolio_id="other_book")).test_client())
    other.sign_in()
    assert other.client.get(f"/confirm/{ticket}").status_code == 404
    form = {
        "csrf_token": other.form_of("/", "/sign-out")["csrf_token"],
        "outcome": "SKIPPED",
        "key": "a" * 32,
    }
    assert other.client.post(f"/confirm/{ticket}/lines/1", data=form).status_code == 404
    with connect("desk_reader", desk) as connection:
        assert connection.execute("select count(*) as n from desk.confirmations").fetchone()["n"] == 0
