"""Recording lines: what is booked, what is refused beside its field, and how it is corrected."""

import pytest

from tests.confirm_app import desk_rows
from tests.confirm_app.conftest import doubts_of, texts
from tests.confirm_app.desk_rows import count_rows, fill_fields, select
from tests.database import rows

BOOKED = """
select confirmation.line_number, confirmation.status, confirmation.version_number, signed.units * signed.sign as units,
    signed.value_gbp, signed.executed_at
from desk.confirmations as confirmation
left join desk.signed_fills as signed on signed.confirmation_id = confirmation.confirmation_id
order by confirmation.confirmation_id, signed.fill_id
"""


def errors(answer) -> str:
    """Return every error text of a page."""
    return " | ".join(texts(answer.text, r'<p class="error[^>]*>(.*?)</p>'))


def test_done_books_the_fill_and_says_who_did_it(executor, desk, ticket):
    """The confirmation, its fill and the audit row are there together, and the next line is shown."""
    answer = executor.confirm(ticket, 1)
    assert (answer.status_code, answer.location) == (303, f"/confirm/{ticket}#line-2")
    [row] = select(desk, BOOKED)
    assert (row["status"], str(row["units"]), str(row["value_gbp"])) == ("DONE", "6.25", "500.00")
    assert row["executed_at"].isoformat() == "2026-06-15T13:55:00+00:00"
    [audit] = select(
        desk, "select actor, person, subject, detail from desk.audit_log where action = 'confirm_line'"
    )
    assert (audit["actor"], audit["person"], audit["subject"]) == ("desk_app", "executor", f"{ticket}/1")
    page = executor.client.get(f"/confirm/{ticket}").text
    assert "Line 1 ALDR recorded: DONE, 6.25 units for £500.00" in page
    assert "1 of 6 lines recorded" in page


def test_partly_with_two_fills_books_both(executor, desk, ticket):
    """Times on either clock become the same kind of instant."""
    form = executor.line_form(ticket, 2) | {"fill_rows": "2"}
    first = fill_fields(1, units="2.5", value="£200.00")
    second = fill_fields(2, units="1.25", value="100", time="10:01", zone="New York")
    assert executor.confirm(ticket, 2, "PARTIAL", form, **first, **second).status_code == 303
    booked = select(desk, BOOKED)
    assert [str(row["units"]) for row in booked] == ["2.5", "1.25"]
    assert [f"{row['executed_at']:%H:%M}" for row in booked] == ["13:55", "14:01"]


def test_another_fill_row_comes_without_script_and_keeps_what_was_typed(executor, desk, ticket):
    """The button sends the form and gets it back with one more row; nothing is recorded."""
    answer = executor.confirm(
        ticket, 2, "PARTIAL", **fill_fields(1, units="2.5", value="200.00"), intent="more_fills"
    )
    assert answer.status_code == 200
    assert 'name="fill-2-units"' in answer.text and 'value="2.5"' in answer.text
    assert select(desk, BOOKED) == []


@pytest.mark.parametrize("outcome", ["SKIPPED", "FAILED"])
def test_not_executed_books_no_fill(executor, desk, ticket, outcome):
    """The line is settled and the ledger unmoved."""
    assert executor.confirm(ticket, 3, outcome, notes="price 104.10").status_code == 303
    [row] = select(desk, BOOKED)
    assert (row["status"], row["units"]) == (outcome, None)


WRONG = [
    ("", {}, "Choose how the line ended"),
    ("DONE", {"fill-1-units": ""}, "Units is missing"),
    ("SKIPPED", fill_fields(), "nothing was executed"),
    ("DONE", fill_fields(value="1.234,50"), "put a point before the decimals"),
    ("DONE", fill_fields(price="£100"), "this field is in USD"),
    ("DONE", fill_fields(units="1e5"), "scientific notation"),
    ("DONE", fill_fields(units="٦"), "digits other than 0-9"),
    ("DONE", fill_fields(units="'; drop table desk.tickets; --"), "not a number"),
    ("DONE", fill_fields(units="-6.25"), "negative"),
    ("DONE", fill_fields(value="9" * 400), "too large"),
    ("DONE", fill_fields(value="5000.00", units="62.5"), "The order was £500.00"),
    ("DONE", fill_fields(price="104", units="6"), "above the limit of $103"),
    ("DONE", fill_fields(time="16:30"), "in the future"),
    ("DONE", fill_fields(date="2001-06-15"), "is before the ticket was issued"),
    ("DONE", fill_fields(value="5000.00"), "that cannot both be true"),
    ("DONE", fill_fields(units="62.5"), "about £5,000.00, and the value is £500.00"),
    ("PARTIAL", fill_fields(units="7.5", value="600"), "not Partly but Done"),
    ("DONE", {**fill_fields(), "notes": "x" * 2001}, "at most 2000"),
    ("DONE", {**fill_fields(), "notes": "nul\0"}, "cannot be stored"),
    ("DONE", {**fill_fields(), "key": ""}, "open the page again"),
    ("DONE", {**fill_fields(), "seen_version": "x"}, "damaged"),
]


def test_what_is_wrong_is_said_and_nothing_is_recorded(executor, desk, ticket):
    """Every refusal is a 422 with the form as it was typed, and no row of any table."""
    before = count_rows(desk)
    assert len(WRONG) > 15
    for outcome, fields, says in WRONG:
        answer = executor.confirm(ticket, 1, outcome, **({"fill-1-units": ""} | fields))
        assert answer.status_code == 422, says
        assert says in errors(answer)
    assert count_rows(desk) == before


def test_an_odd_truth_passes_when_it_was_ticked(executor, desk, ticket):
    """A purchase above the limit that really happened is recorded, and the log names what was waived."""
    odd = fill_fields(price="104", units="6.0096", value="500.00")
    refused = executor.confirm(ticket, 1, "DONE", **odd)
    assert refused.status_code == 422 and "The price of $104.00 is above the limit of $103.00" in errors(
        refused
    )
    asked = doubts_of(refused)
    assert asked == {"doubt-fill-1-price-past-limit": "104 103"}
    assert executor.confirm(ticket, 1, "DONE", **odd, **asked).status_code == 303
    [audit] = select(desk, "select detail from desk.audit_log where action = 'confirm_line'")
    assert audit["detail"]["doubts_waived"] == [{"doubt": "fill-1-price-past-limit", "figure": "104 103"}]


def test_a_doubt_answered_lets_no_other_through(executor, desk, ticket):
    """The price is ticked; a value, a fee and a date that were never shown are asked about, each alone."""
    odd = fill_fields(price="104", units="6.0096", value="500.00")
    price = doubts_of(executor.confirm(ticket, 1, "DONE", **odd))
    slipped = fill_fields(price="104", units="6.0096", value="560.00", fee="400.00", time="09:55")
    answer = executor.confirm(ticket, 1, "DONE", **slipped, **price)
    assert answer.status_code == 422
    # The one that was answered is still answered, and not counted.
    assert "Please look at 4 things" in answer.text and "$104.00" not in errors(answer)
    assert set(doubts_of(answer)) == {
        "doubt-fill-1-value-beside-product",
        "doubt-fill-1-value-beside-order",
        "doubt-fill-1-fee-share-of-value",
        "doubt-fill-1-time-outside-window",
    }
    # The price itself moves: it is asked again.
    again = executor.confirm(ticket, 1, "DONE", **odd | {"fill-1-price": "103.99"}, **price)
    assert doubts_of(again) == {"doubt-fill-1-price-past-limit": "103.99 103"}
    assert select(desk, BOOKED) == []


def test_every_tick_of_the_page_lets_nothing_impossible_through(executor, desk, ticket):
    """Tenfold in one figure, before the ticket, and tomorrow: refused with every tick and the old box."""
    for slip in (
        {"value": "5175.00", "units": "6.25", "price": "103.50"},
        {"units": "62.5"},
        {"value": "50.00"},
        {"date": "2001-06-15"},
        {"date": "2026-06-12"},
        {"date": "2026-06-16"},
    ):
        fields = fill_fields(**slip)
        first = executor.confirm(ticket, 1, "DONE", **fields)
        second = executor.confirm(ticket, 1, "DONE", **fields, **doubts_of(first), figures_checked="yes")
        assert second.status_code == 422, slip
        assert not doubts_of(second) and errors(second), slip
    assert select(desk, BOOKED) == []


def test_more_cannot_be_sold_than_is_held(visitor, desk):
    """The database refuses it, and the page says which field to look at."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    desk_rows.add_people(desk)
    ticket_id = desk_rows.add_ticket(desk, sides="S")
    rows.set_clock(desk, desk_rows.IN_WINDOW_AT)
    visitor.sign_in()
    answer = visitor.confirm(ticket_id, 1, "DONE", **fill_fields())
    assert answer.status_code == 422 and "More units sold than the ledger holds" in errors(answer)
    assert select(desk, BOOKED) == []


def test_a_correction_needs_a_reason_and_takes_the_first_fill_back(executor, desk, ticket):
    """The ledger ends at the corrected units; the page keeps both versions."""
    executor.confirm(ticket, 1)
    form = executor.line_form(ticket, 1)
    assert form["seen_version"] == "1" and form["fill-1-units"] == "6.25"
    wrong = executor.confirm(ticket, 1, "PARTIAL", form, **fill_fields(units="2.5", value="200.00"))
    assert wrong.status_code == 422 and "reason for the correction is missing" in errors(wrong)
    right = fill_fields(units="2.5", value="200.00") | {"amendment_reason": "I read the wrong row."}
    assert executor.confirm(ticket, 1, "PARTIAL", form, **right).status_code == 303
    [held] = select(desk, "select units from desk.positions_now where internal_symbol = 'ALDR'")
    assert str(held["units"]) == "2.50"
    page = executor.client.get(f"/confirm/{ticket}").text
    assert "I read the wrong row." in page and "Earlier versions" in page and "6.25 units at $100.00" in page
    assert select(desk, "select count(*) as n from inv.s4_one_effect_per_key")[0]["n"] == 0


def test_late_truth_is_recorded_and_marked(executor, desk, ticket):
    """After the deadline the confirmation is still taken, with a mark on the page and in the log."""
    rows.set_clock(desk, rows.DEADLINE_AT + rows.timedelta(hours=10))
    assert executor.confirm(ticket, 1).status_code == 303
    assert '<span class="late">late</span>' in executor.client.get(f"/confirm/{ticket}").text
    assert select(desk, "select detail from desk.audit_log where action = 'confirm_line'")[0]["detail"][
        "is_late"
    ]


def test_notes_are_shown_as_text(executor, ticket):
    """Markup in a note is text for the next reader, in every place it is shown."""
    script = "<script>alert(1)</script>\"'&"
    executor.confirm(ticket, 1, "SKIPPED", notes=script)
    page = executor.client.get(f"/confirm/{ticket}").text
    assert "<script" not in page and "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_foreign_and_impossible_lines_are_not_found(executor, desk, ticket):
    """A line of no ticket, a ticket of no desk and a NO-TRADE ticket take nothing."""
    form = executor.line_form(ticket, 1)
    blocked = desk_rows.add_blocked_ticket(desk, weeks=1)
    before = count_rows(desk)
    for ticket_id, line in [
        (ticket, 7),
        (ticket, 0),
        (ticket, 10**30),
        ("demo-2026-W01-1", 1),
        ("a%00b", 1),
        (blocked, 1),
    ]:
        answer = executor.client.post(
            f"/confirm/{ticket_id}/lines/{line}", data=form | {"outcome": "DONE"} | fill_fields()
        )
        assert answer.status_code == 404, (ticket_id, line)
    assert executor.client.get("/confirm/no-such-ticket").status_code == 404
    assert count_rows(desk) == before
