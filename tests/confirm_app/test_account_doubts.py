"""Slips in the snapshot and cash forms: asked about beside the ledger's figure, each by itself."""

import pytest

from tests.confirm_app.conftest import doubts_of
from tests.confirm_app.desk_rows import count_rows, deposit, select

SNAPSHOT, CASH = "/snapshots/new", "/cash/new"


@pytest.fixture
def holder(executor, operator, desk, ticket):
    """The operator of a book of 6,500 in cash and five holdings of 500 and a little less."""
    deposit(desk, "9000.00")
    for line in range(1, 6):
        assert executor.confirm(ticket, line).status_code == 303
    return operator


def send(visitor, path: str, fields: dict[str, str], form: dict | None = None):
    """Fill in a form and send it; `form` is one that was opened before."""
    return visitor.client.post(path, data=(form or visitor.form_of(path, path)) | fields)


HELD = ("ALDR", "BRCH", "CEDR", "DOGW", "ELMS")


def shown(cash: str = "6500.00", none: bool = False, more: str = "", **fields: str) -> dict[str, str]:
    """Return a snapshot's fields: 6.25 units of each holding or of none, and perhaps one unit of one more."""
    units = {} if none else {f"row-{number}-units": "6.25" for number, _ in enumerate(HELD, start=1)}
    return units | {"row-6-name": more, "row-6-units": "1" if more else "", "cash": cash} | fields


def test_the_form_has_a_row_for_each_holding_and_no_units(holder):
    """A person is to read them, so nothing of the books stands there to be copied."""
    form = holder.form_of(SNAPSHOT, SNAPSHOT)
    assert [form[f"row-{number}-name"] for number in range(1, 7)] == [*HELD, ""]
    assert {form[f"row-{number}-units"] for number in range(1, 7)} == {""}
    page = holder.client.get(SNAPSHOT).text
    assert "Alder Instruments" in page and "6.25 units" not in page and "no positions at all" not in page


def test_a_true_snapshot_is_asked_nothing(holder, desk):
    """Cash to the penny and every holding."""
    assert send(holder, SNAPSHOT, shown()).status_code == 303
    [told] = select(desk, "select detail from desk.audit_log where action = 'record_snapshot'")
    assert told["detail"]["doubts_waived"] == []


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        (shown("65000.00"), {"cash-beside-ledger"}),
        (shown("650.00"), {"cash-beside-ledger"}),
        (shown(more="XYZQ Corp"), {"row-6-name-unknown-XYZQ Corp"}),
        (shown(**{"row-2-units": "62.5"}), {"row-2-units-beside-ledger-BRCH"}),
        (shown("0.01", none=True, date="2025-07-15"), {"cash-beside-ledger", "time-long-ago"}),
    ],
    ids=["cash x10", "cash /10", "unknown symbol", "units x10", "a penny of long ago"],
)
def test_a_slip_in_a_snapshot_is_asked_about(holder, desk, fields, asked):
    """Nothing is recorded until each question has its tick, and the log names them."""
    form = holder.form_of(SNAPSHOT, SNAPSHOT)
    before = count_rows(desk)
    answer = send(holder, SNAPSHOT, fields, form)
    ticks = doubts_of(answer)
    assert answer.status_code == 422 and set(ticks) == {f"doubt-{name}" for name in asked}
    for name in ticks:
        rest = {other: figure for other, figure in ticks.items() if other != name}
        assert set(doubts_of(send(holder, SNAPSHOT, fields | rest, form))) == {name}
    assert count_rows(desk) == before
    assert send(holder, SNAPSHOT, fields | ticks, form).status_code == 303
    [told] = select(desk, "select detail from desk.audit_log where action = 'record_snapshot'")
    assert {waived["doubt"] for waived in told["detail"]["doubts_waived"]} == asked


def test_each_missing_holding_is_asked_about_and_ticked_in_its_row(holder, desk):
    """Five questions; a tick that was sent about other units answers none; the log names what was ticked."""
    form = holder.form_of(SNAPSHOT, SNAPSHOT)
    answer = send(holder, SNAPSHOT, shown(none=True), form)
    assert answer.status_code == 422 and answer.text.count("or tick that it no longer shows it") == 5
    gone = {f"row-{number}-gone": "6.25" for number, _ in enumerate(HELD, start=1)}
    stale = send(holder, SNAPSHOT, shown(none=True) | gone | {"row-2-gone": "5"}, form)
    assert stale.status_code == 422 and stale.text.count("BRCH has no units") == 1
    assert "look at 1 thing" in stale.text
    both = send(holder, SNAPSHOT, shown() | gone, form)
    assert both.status_code == 422 and both.text.count("clear one of them") == 5
    assert send(holder, SNAPSHOT, shown(none=True) | gone, form).status_code == 303
    [told] = select(desk, "select detail from desk.audit_log where action = 'record_snapshot'")
    assert {waived["doubt"] for waived in told["detail"]["doubts_waived"]} == {
        f"row-{number}-units-missing-{symbol}" for number, symbol in enumerate(HELD, start=1)
    }


def test_a_holding_of_the_instant_that_was_read_gets_its_row(holder, desk):
    """Sold since: a snapshot of before is asked for its units, in a row that was not on the form."""
    form = holder.form_of(SNAPSHOT, SNAPSHOT)
    form |= {"row-5-name": "", "row-5-holding": ""}
    answer = send(holder, SNAPSHOT, shown(**{"row-5-units": ""}), form)
    assert answer.status_code == 422 and "ELMS has no units" in answer.text
    assert 'name="row-7-name" value="ELMS"' in answer.text


def test_a_tick_for_one_figure_is_none_for_the_next(holder, desk):
    """Cash was 65,000 and ticked; as 650,000 it is asked about again."""
    fields = shown("65000.00")
    ticks = doubts_of(send(holder, SNAPSHOT, fields))
    answer = send(holder, SNAPSHOT, fields | ticks | {"cash": "650000.00"})
    assert (
        answer.status_code == 422 and doubts_of(answer).keys() == ticks.keys() and doubts_of(answer) != ticks
    )


def test_a_withdrawal_of_a_hundred_thousand_is_not_booked_unasked(holder, desk):
    """More than a tenth of the equity, and more than the cash: two questions, two ticks."""
    form = holder.form_of(CASH, CASH)
    fields = {"kind": "withdrawal", "amount": "100000.00"}
    answer = send(holder, CASH, fields, form)
    ticks = doubts_of(answer)
    assert set(ticks) == {"doubt-amount-share-of-equity", "doubt-amount-beyond-cash"}
    assert "£9,000.00" in answer.text and "£6,500.00" in answer.text
    one = dict([next(iter(ticks.items()))])
    assert send(holder, CASH, fields | one, form).status_code == 422
    assert len(select(desk, "select 1 from desk.ledger_cash_movements")) == 1
    assert send(holder, CASH, fields | ticks, form).status_code == 303
    [told] = select(
        desk,
        "select detail from desk.audit_log where action = 'record_cash_movement' and person = 'operator'"
        " and detail ->> 'kind' = 'withdrawal'",
    )
    assert len(told["detail"]["doubts_waived"]) == 2


def test_a_million_typed_for_a_thousand_is_asked_about(holder):
    """A deposit is spent, so its slip is the dearest."""
    assert doubts_of(send(holder, CASH, {"kind": "deposit", "amount": "1000000.00"}))
    assert send(holder, CASH, {"kind": "deposit", "amount": "100.00"}).status_code == 303


def test_a_movement_sent_twice_counts_once_although_the_ledger_has_moved_by_it(holder, desk):
    """The second sending finds the first, and is not asked about the cash the first has taken."""
    form = holder.form_of(CASH, CASH)
    fields = {"kind": "withdrawal", "amount": "6000.00"}
    fields |= doubts_of(send(holder, CASH, fields, form))
    assert send(holder, CASH, fields, form).status_code == 303
    before = count_rows(desk)
    assert send(holder, CASH, fields, form).status_code == 303
    assert send(holder, CASH, fields | {"amount": "5000.00"}, form).status_code == 409
    assert count_rows(desk) == before
