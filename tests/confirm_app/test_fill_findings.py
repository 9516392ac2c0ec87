"""The morning after a line was recorded, its card says whether each fill fits the market of its day."""

from tests.confirm_app import desk_rows
from tests.confirm_app.conftest import texts
from tests.confirm_app.test_browser import Phone
from tests.database import rows
from trading_ops.db.connect import connect

FOUND = """
insert into desk.fill_findings (
    run_id, fill_id, low_usd, high_usd, expected_value_gbp, is_price_in_range, is_in_session, is_in_window,
    is_value_plausible
)
select run_id, fill_id, 98.5, %(high_usd)s::numeric, 500.00, price_usd <= %(high_usd)s::numeric, true, true, true
from desk.ledger_trades_fills as fill
cross join desk.runs as run
where fill.reverses_fill_id is null and run.run_id = %(run_id)s
"""


def find(desk, high_usd: str, attempt: int) -> None:
    """Write down what a run of this high found of every fill."""
    run_id = rows.add_run(desk, kind="daily", attempt=attempt)
    with connect("desk_planner", desk) as connection:
        connection.execute(FOUND, {"high_usd": high_usd, "run_id": run_id})


def card_of(visitor, ticket: str, number: int) -> str:
    """Return a line's card as it reads."""
    page = visitor.client.get(f"/confirm/{ticket}").text
    (card,) = texts(page, rf'<section class="card line[^>]*id="line-{number}">.*?</section>')
    return " ".join(card.split())


def test_a_line_has_a_tick_or_a_question_once_its_market_is_known(executor, desk, ticket):
    """Nothing before; then a tick; a question when the bar changed; none about what was corrected away."""
    executor.confirm(ticket, 1)
    assert "market of its day" not in card_of(executor, ticket, 1)
    find(desk, "101", 2)
    assert "&#10003; fits the market of its day" in card_of(executor, ticket, 1)
    find(desk, "99.5", 3)
    asked = "? Look at eToro again: the price of $100.00 is none the market had that day: $98.50 to $99.50."
    assert asked in card_of(executor, ticket, 1)
    amended = desk_rows.fill_fields(price="99.00", value="495.00") | {"amendment_reason": "mistyped"}
    assert executor.confirm(ticket, 1, "DONE", **amended).status_code == 303
    card = card_of(executor, ticket, 1)
    assert asked not in card and "fits the market" not in card and "$100.00" in card
    find(desk, "99.5", 4)
    card = card_of(executor, ticket, 1)
    assert "fits the market of its day" in card and asked not in card


def test_the_question_fits_a_phone(executor, browser, served, desk, ticket, tmp_path):
    """With both figures, and the form to correct the line beneath it."""
    executor.confirm(ticket, 1)
    executor.confirm(ticket, 2)
    find(desk, "99.5", 2)
    phone = Phone(browser, served, tmp_path)
    phone.open(f"/confirm/{ticket}")
    phone.sign_in()
    phone.check_layout("ticket-with-questions")
    assert "none the market had that day: $98.50 to $99.50." in phone.card_text(1)
    assert "Something wrong? Correct it" in phone.card_text(1)
