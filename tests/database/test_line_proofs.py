"""Each ticket line goes from INTENDED over CLAIMED to PROVEN, or is DISPUTED with the difference."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.database import rows
from tests.database.test_statements import keep, select
from tests.unit.statements.made_account import MadeAccount
from trading_ops.db.connect import connect

AT = rows.WINDOW_OPEN_AT + timedelta(minutes=10)
START, END = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 15, 23, 59, 59, tzinfo=UTC)
MADE_AT = datetime(2026, 6, 16, 8, 0, tzinfo=UTC)
PROOF = "select proof, dispute, units_difference, value_difference from desk.line_proofs order by ticket_id, line_number"
PROVEN = ("PROVEN", None, Decimal(0), Decimal(0))


def fill(units: str = "5", price: str = "100.00", value: str = "400.00", fee: str = "0.00") -> dict:
    """What a person says of one execution."""
    return {
        "units": units,
        "price_usd": price,
        "value_gbp": value,
        "fee_gbp": fee,
        "executed_at": AT.isoformat(),
    }


@pytest.fixture
def ticket(desk):
    """A TRADE ticket with one BUY of Alder, out on Saturday; it is Tuesday."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    ticket_id = rows.add_trade_ticket(desk, ("ALDR",), frozen_at=rows.SATURDAY_AT)
    rows.set_clock(desk, MADE_AT)
    return ticket_id


def account(currency: str = "USD") -> MadeAccount:
    """An account with some money in it."""
    made = MadeAccount(currency=currency)
    made.deposit(START + timedelta(days=1), "5000.00")
    return made


def test_a_line_is_intended_then_claimed_then_proven(desk, ticket):
    """By the ticket, by the executor, by the broker."""
    assert select(desk, PROOF) == [("INTENDED", None, Decimal(0), Decimal(0))]
    rows.confirm_line(desk, ticket, 1, "DONE", [fill()])
    assert [row[:2] for row in select(desk, PROOF)] == [("CLAIMED", None)]
    made = account()
    made.buy(AT, "ALDR/USD", "500.00", "5.000000", "Alder Instruments")
    keep(desk, made.export(START, END, MADE_AT))
    assert select(desk, PROOF) == [PROVEN]


@pytest.mark.parametrize(
    "paper", ["ALDR/USD", "ALDR.US/USD", "Alder Instruments", "Alder Instruments (ALDR)"]
)
def test_a_paper_is_known_by_each_of_its_names(desk, ticket, paper):
    """As ticker with its currency or its exchange, and as the name the search of the broker shows."""
    rows.confirm_line(desk, ticket, 1, "DONE", [fill()])
    made = account()
    made.buy(AT, paper, "500.00", "5", "x")
    keep(desk, made.export(START, END, MADE_AT))
    assert select(desk, PROOF) == [PROVEN]


# What was confirmed, what the broker booked, and the verdict: its reason and both differences.
CASES = {
    "a slip in the units": ([fill("5.5")], ("500.00", "5", {}), "the units differ", "-0.5", "-50.000"),
    "a slip in the price": ([fill(price="110.00")], ("500.00", "5", {}), "the money differs", "0", "-50.00"),
    "within the last decimal": (
        [fill("3.2123", "12.34", "31.71")],
        ("39.64", "3.212345", {}),
        None,
        "0.000045",
        "0.000218",
    ),
    "no such trade": ([fill()], None, "the statement has no such trade", "-5", "-500.00"),
    "a CFD": ([fill()], ("500.00", "5", {"asset": "CFD"}), "eToro booked a CFD, a short or", "-5", "-500.00"),
    "with leverage": (
        [fill()],
        ("500.00", "5", {"leverage": 2}),
        "eToro booked a CFD, a short or",
        "-5",
        "-500.00",
    ),
    "a short": (
        [fill()],
        ("500.00", "5", {"is_short": True}),
        "eToro booked a CFD, a short or",
        "-5",
        "-500.00",
    ),
    "skipped and booked": (
        [],
        ("500.00", "5", {}),
        "eToro booked it, and it was confirmed as SKIPPED",
        "5",
        "500.00",
    ),
    "skipped and not booked": ([], None, None, "0", "0"),
    "nobody confirmed it": (
        None,
        ("500.00", "5", {}),
        "eToro booked it, and nobody confirmed it",
        "5",
        "500.00",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_was_said_is_held_against_what_was_booked(desk, ticket, case):
    """Agreed, or the difference is named."""
    fills, booked, reason, units, value = CASES[case]
    if fills is not None:
        rows.confirm_line(desk, ticket, 1, "DONE" if fills else "SKIPPED", fills)
    made = account()
    if booked:
        cost, count, more = booked
        made.buy(AT, "ALDR/USD", cost, count, "Alder Instruments", **more)
    keep(desk, made.export(START, END, MADE_AT))
    ((proof, dispute, *differences),) = select(desk, PROOF)
    assert proof == ("DISPUTED" if reason else "PROVEN")
    assert (dispute or "").startswith(reason or "")
    assert differences == [Decimal(units), Decimal(value)]


@pytest.mark.parametrize(
    ("value", "fee", "proof"),
    [("400.00", "1.00", "PROVEN"), ("400.01", "1.00", "DISPUTED"), ("401.00", "0.00", "PROVEN")],
)
def test_an_account_in_pounds_is_compared_to_the_penny_with_its_fees(desk, ticket, value, fee, proof):
    """What left the account is the value and the fee, however a person divided it."""
    rows.confirm_line(desk, ticket, 1, "DONE", [fill(value=value, fee=fee)])
    made = account("GBP")
    number = made.buy(AT, "ALDR/USD", "400.00", "5", "Alder Instruments")
    made.move(AT, "Commission", "-1.00", "Opening Commission", number, "Stocks")
    keep(desk, made.export(START, END, MADE_AT))
    assert select(desk, PROOF)[0][0] == proof


def test_a_statement_made_before_the_window_closed_proves_nothing_yet(desk, ticket):
    """A second execution may still come."""
    rows.confirm_line(desk, ticket, 1, "DONE", [fill()])
    made = account()
    made.buy(AT, "ALDR/USD", "500.00", "5", "Alder Instruments")
    keep(desk, made.export(START, END, AT + timedelta(minutes=5)))
    assert select(desk, PROOF)[0][:2] == ("CLAIMED", None)
    keep(desk, made.export(START, END, MADE_AT))
    assert select(desk, PROOF)[0][0] == "PROVEN"


def test_two_statements_side_by_side_tell_of_what_lies_across_them(desk, ticket):
    """Of Monday up to the minute in the window, and from there on: there is no gap."""
    rows.confirm_line(desk, ticket, 1, "DONE", [fill()])
    made = account()
    made.buy(AT, "ALDR/USD", "500.00", "5", "Alder Instruments")
    cut = AT + timedelta(minutes=20)
    keep(desk, made.export(START, cut, MADE_AT))
    assert select(desk, PROOF)[0][0] == "CLAIMED"
    keep(desk, made.export(cut + timedelta(seconds=1), END, MADE_AT))
    assert select(desk, PROOF)[0][0] == "PROVEN"


def test_a_trade_before_its_ticket_was_out_is_none_of_its_line(desk, ticket):
    """It belongs to no line."""
    rows.confirm_line(desk, ticket, 1, "DONE", [fill()])
    made = account()
    made.buy(rows.SATURDAY_AT - timedelta(hours=1), "ALDR/USD", "500.00", "5", "Alder Instruments")
    keep(desk, made.export(START, END, MADE_AT))
    assert select(desk, PROOF)[0][1] == "the statement has no such trade"


def sell_next_week(desk) -> str:
    """Issue the next week's ticket with one SELL of Alder."""
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(weeks=1))
    run_id = rows.add_plan_run(desk, weeks=1)
    rows.add_intended(desk, run_id, 1, "ALDR", "SELL")
    rows.pass_all_gates(desk, run_id)
    rows.decide(desk, run_id)
    row = rows.ticket_row(desk, run_id)
    with connect("desk_planner", desk) as connection:
        rows.insert_ticket(connection, row, [1])
    return row["ticket_id"]


def test_a_trade_of_the_next_week_is_none_of_this_weeks_line(desk, ticket):
    """From the next orders on a purchase is nobody's: this line is proven by what came before them."""
    rows.confirm_line(desk, ticket, 1, "DONE", [fill()])
    sell_next_week(desk)
    made = account()
    made.buy(AT, "ALDR/USD", "500.00", "5", "Alder Instruments")
    made.buy(AT + timedelta(weeks=1), "ALDR/USD", "100.00", "1", "Alder Instruments")
    rows.set_clock(desk, MADE_AT + timedelta(weeks=1))
    keep(desk, made.export(START, END + timedelta(weeks=1), MADE_AT + timedelta(weeks=1)))
    assert [row[:3] for row in select(desk, PROOF)] == [("PROVEN", None, 0), ("INTENDED", None, 0)]


def test_a_sale_of_a_family_whose_parts_do_not_add_up_is_disputed(desk, ticket):
    """Five units were opened by one statement, and six are closed by the next: both lines of it are."""
    rows.confirm_line(desk, ticket, 1, "DONE", [fill("5")])
    made = account()
    number = made.buy(AT, "ALDR/USD", "500.00", "5", "Alder Instruments")
    keep(desk, made.export(START, END, MADE_AT))
    second = sell_next_week(desk)
    made.held[number].units = Decimal("6")
    made.sell(AT + timedelta(weeks=1), number)
    rows.set_clock(desk, MADE_AT + timedelta(weeks=1))
    sold = fill("5", "100.00", "400.00") | {"executed_at": (AT + timedelta(weeks=1)).isoformat()}
    rows.confirm_line(desk, second, 1, "DONE", [sold])
    assert [row[0] for row in select(desk, PROOF)] == ["PROVEN", "CLAIMED"]
    keep(
        desk, made.export(END + timedelta(seconds=1), END + timedelta(weeks=1), MADE_AT + timedelta(weeks=1))
    )
    disputes = [row[1] for row in select(desk, PROOF)]
    assert disputes == [f"position {number}: its parts are not what was opened", "the units differ"]


def test_a_sale_is_proven_over_all_the_families_it_closed(desk):
    """Seven units of two positions, one closed whole and of the other a part with a number of its own."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    first = rows.add_trade_ticket(desk, ("ALDR",), frozen_at=rows.SATURDAY_AT)
    rows.set_clock(desk, rows.WINDOW_OPEN_AT)
    made = account()
    one = made.buy(AT, "ALDR/USD", "500.00", "5", "Alder Instruments")
    two = made.buy(AT + timedelta(minutes=1), "ALDR/USD", "310.00", "3", "Alder Instruments")
    rows.set_clock(desk, MADE_AT)
    rows.confirm_line(desk, first, 1, "DONE", [fill(), fill("3", "103.3333", "248.00")])
    later, second = AT + timedelta(weeks=1), sell_next_week(desk)
    made.sell(later, one, "5.00")
    made.sell(later + timedelta(minutes=1), two, "2.00", "2")
    rows.set_clock(desk, MADE_AT + timedelta(weeks=1))
    sold = fill("5", "101", "404.00") | {"executed_at": later.isoformat()}
    rest = fill("2", "104.333", "167.00") | {"executed_at": (later + timedelta(minutes=1)).isoformat()}
    rows.confirm_line(desk, second, 1, "DONE", [sold, rest])
    keep(desk, made.export(START, END + timedelta(weeks=1), MADE_AT + timedelta(weeks=1)))
    assert [row[0] for row in select(desk, PROOF)] == ["PROVEN", "PROVEN"]
    executions = "select family_id, position_id, units from desk.line_executions where side = 'SELL' order by happened_at"
    assert select(desk, executions) == [(one, one, Decimal("5")), (two, "2000000003", Decimal("2"))]
