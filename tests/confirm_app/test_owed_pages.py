"""What is left to do, on the ticket, at home and beside the reasons of a NO-TRADE: asked of the gates."""

from datetime import timedelta

import pytest

from tests.confirm_app import desk_rows
from tests.confirm_app.conftest import Visitor, texts
from tests.confirm_app.test_browser import Phone
from tests.database import rows
from trading_ops.db.connect import connect

LEFT = "1 thing left: type in what eToro shows"
REASONS = [
    {
        "source": source,
        "check_name": check,
        "reason": f"{check} says no.",
        "fix": "Do it.",
    }
    for source, check in (
        ("confirmation", "previous_ticket_confirmed"),
        ("reconciliation", "snapshot_recent"),
        ("risk", "halt_released"),
        ("data_quality", "coverage"),
    )
]


def page_of(visitor: Visitor, path: str) -> str:
    """Return a page as it reads: one line, no tags."""
    [main] = texts(visitor.client.get(path).text, r"<main>.*</main>")
    return " ".join(main.split())


@pytest.fixture
def finished(executor, desk, ticket) -> Visitor:
    """The executor of a ticket with one purchase done and five lines skipped, in a book that has its cash."""
    rows_at = rows.SATURDAY_AT - timedelta(hours=1)
    request = {
        "portfolio_id": rows.PORTFOLIO,
        "kind": "deposit",
        "amount_gbp": "10000.00",
        "occurred_at": rows_at.isoformat(),
        "person": "operator",
        "idempotency_key": "opening",
    }
    with connect("desk_app", desk) as connection:
        connection.execute("select desk.record_cash_movement(%s)", (rows.json.dumps(request),))
    executor.confirm(ticket, 1, "DONE", **desk_rows.fill_fields())
    for line in range(2, 7):
        executor.confirm(ticket, line, "SKIPPED")
    return executor


def test_after_the_last_line_the_page_says_what_is_left(finished, desk, ticket):
    """On the ticket and at home, with the button that leads there and both clocks of its deadline."""
    for path in (f"/confirm/{ticket}", "/"):
        page = page_of(finished, path)
        assert LEFT in page
        assert "You , by Sat 20 Jun 09:00 London (04:00 New York): it was never done." in page
        assert 'class=button href="/snapshots/new"' in finished.client.get(path).text
    assert "you are done" not in page_of(finished, f"/confirm/{ticket}")


def test_below_a_confirmed_ticket_stands_what_became_of_it(executor, desk, ticket):
    """Only once every line is recorded: figures of each line, the reason of a skipped one, and the totals."""
    executor.confirm(ticket, 1, "DONE", **desk_rows.fill_fields(price="102.00", value="510.00", fee="1.00"))
    for line in range(2, 7):
        assert "Intended against executed" not in page_of(executor, f"/confirm/{ticket}")
        executor.confirm(ticket, line, "SKIPPED", notes="past the limit")
    page = page_of(executor, f"/confirm/{ticket}").partition("Intended against executed")[2]
    assert "1 of 6 lines done in full (16.67 %) £510.00 of £3,000.00, fees £1.00" in page
    assert "Price against plan £10.00 worse (2.00 %)" in page
    first = "1 BUY ALDR : DONE, £510.00 of £500.00 6.25 units at $102.00; planned $100.00, limit $103.00"
    assert f"{first} £10.00 worse (2.00 %), fee £1.00" in page
    assert "2 BUY BRCH : SKIPPED, £0.00 of £500.00 past the limit" in page


def test_when_everything_is_done_the_page_says_so(finished, desk, ticket):
    """And only then: a snapshot that does not agree leaves something for the operator."""
    rows.set_clock(desk, rows.WINDOW_CLOSE_AT)
    answer = finished.record_snapshot("9,000.00", {"ALDR": "6.25"})
    assert answer.status_code == 303
    page = page_of(finished, f"/confirm/{ticket}")
    assert "1 thing left: find the missing entry, or the mistyped figure." in page
    assert "The operator , by" in page and "-500.00 GBP" in page
    assert "class=button" not in finished.client.get("/").text.partition("Open this ticket")[0]
    rows.set_clock(desk, rows.WINDOW_CLOSE_AT + timedelta(minutes=1))
    assert finished.record_snapshot("9,500.00", {"ALDR": "6.25"}).status_code == 303
    assert "All 6 lines are recorded. Nothing is left to do." in page_of(finished, f"/confirm/{ticket}")
    assert "Nothing is left to do here before the next plan." in page_of(finished, "/")


def test_before_the_window_nothing_is_asked_for_and_nothing_called_done(desk, visitor):
    """The lines are owed from its opening on."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    desk_rows.add_people(desk)
    desk_rows.add_ticket(desk)
    visitor.sign_in()
    assert "left" not in page_of(visitor, "/")


def blocked(desk) -> str:
    """Add next week's NO-TRADE, with reasons that acts of people clear and one that they do not."""
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(days=7))
    run_id = rows.add_plan_run(desk, weeks=1)
    row = rows.ticket_row(desk, run_id, "NO-TRADE", reasons=rows.json.dumps(REASONS))
    with connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, row)
    return row["ticket_id"]


def test_a_no_trade_names_the_act_that_clears_it_its_actor_and_whether_it_is_done(
    executor, operator, desk, ticket
):
    """Never "nothing to do" to whoever clears it: the lines come first, also for the snapshot's reason."""
    blocked_id = blocked(desk)
    page = page_of(executor, f"/confirm/{blocked_id}")
    asked = f"record lines 1, 2, 3, 4, 5, 6 of {ticket}"
    assert f"Before the next plan 2 things left: {asked}" in page
    assert page.count(f"You : {asked} , by Mon 15 Jun 22:00 London") == 2
    # The missing bars are mended elsewhere, by whom and until when is said all the same.
    again = "Have week 2026-W26 planned again"
    assert (
        "The operator , by Mon 22 Jun 16:00 London (11:00 New York): once what its NO-TRADE names is mended."
        in page
    )
    assert "Fix: Do it. The operator , by Mon 22 Jun 16:00 London" in page and again in page
    # Nobody halted the desk by now.
    assert page.count("done meanwhile") == 1 and "All that was asked for" not in page
    for line in range(1, 7):
        executor.confirm(ticket, line, "SKIPPED")
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(days=7, hours=1))
    page = page_of(executor, f"/confirm/{blocked_id}")
    assert page.count("done meanwhile") == 2 and "You : type in what eToro shows" in page
    answer = executor.record_snapshot("0.00", {}, no_positions="yes")
    assert answer.status_code == 303, answer.text
    page = page_of(operator, f"/confirm/{blocked_id}")
    assert page.count("done meanwhile") == 3 and "All that was asked for on this page is done." in page


def test_what_is_left_fits_a_phone(executor, browser, served, desk, ticket, tmp_path):
    """At home and on the blocked week's ticket, for the person who owes it; the button leads to the form."""
    blocked_id = blocked(desk)
    phone = Phone(browser, served, tmp_path)
    phone.open("/")
    phone.sign_in()
    phone.open(f"/confirm/{blocked_id}")
    phone.open("/")
    for line in range(1, 7):
        executor.confirm(ticket, line, "SKIPPED")
    phone.open(f"/confirm/{ticket}")
    phone.submit(phone.browser.find_element("css selector", ".status a.button"))
    assert phone.browser.current_url.endswith("/snapshots/new")
