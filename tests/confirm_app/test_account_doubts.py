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


TRUE = "ALDR 6.25\nBRCH 6.25\nCEDR 6.25\nDOGW 6.25\nELMS 6.25"


def test_a_true_snapshot_is_asked_nothing(holder, desk):
    """Cash to the penny and every holding."""
    assert send(holder, SNAPSHOT, {"cash": "6500.00", "positions": TRUE}).status_code == 303
    [told] = select(desk, "select detail from desk.audit_log where action = 'record_snapshot'")
    assert told["detail"]["doubts_waived"] == []


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"cash": "65000.00", "positions": TRUE}, {"cash-beside-ledger"}),
        ({"cash": "650.00", "positions": TRUE}, {"cash-beside-ledger"}),
        ({"cash": "6500.00", "positions": TRUE + "\nXYZQ 1"}, {"positions-unknown-XYZQ"}),
        (
            {"cash": "6500.00", "positions": TRUE.replace("BRCH 6.25", "BRCH 62.5")},
            {"positions-beside-ledger-BRCH"},
        ),
        (
            {"cash": "6500.00", "no_positions": "yes"},
            {f"positions-missing-{symbol}" for symbol in ("ALDR", "BRCH", "CEDR", "DOGW", "ELMS")},
        ),
        (
            {"cash": "0.01", "no_positions": "yes", "date": "2025-07-15"},
            {"cash-beside-ledger", "time-long-ago"},
        ),
    ],
    ids=["cash x10", "cash /10", "unknown symbol", "units x10", "five missing", "a penny of long ago"],
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


def test_a_tick_for_one_figure_is_none_for_the_next(holder, desk):
    """Cash was 65,000 and ticked; as 650,000 it is asked about again."""
    fields = {"cash": "65000.00", "positions": TRUE}
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
