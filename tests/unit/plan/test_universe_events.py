"""A symbol leaves the universe, its bars stop, or its company is gone: only sales, or no trade at all."""

from hypothesis import given

from tests.unit.plan.books import POLICY, book_of, books, policies, stock
from trading_ops.plan.checks import run_checks
from trading_ops.plan.sizing import size_plan


def planned(instruments, holdings, ranks):
    """Return the plan of a book and the names of the checks that block it."""
    book = book_of(instruments, holdings, ranks)
    plan = size_plan(book, POLICY)
    return plan, {check.check_name for check in run_checks(book, plan, POLICY) if not check.is_clear}


@given(books(), policies())
def test_a_disabled_symbol_is_never_bought_whatever_its_rank(book, policy):
    """Holdings of any size, any price, any rank: nothing switched off is on a BUY line."""
    bought = {order.symbol for order in size_plan(book, policy).orders if order.side == "BUY"}
    assert all(book.instruments[symbol].is_enabled for symbol in bought)


def test_a_held_symbol_that_was_switched_off_is_sold_whole():
    """It ranks first and is sold to the last unit; the checks let the sale through."""
    plan, blocking = planned([stock("A", is_enabled=False), stock("B")], {"A": "500"}, ["A", "B"])
    sales = [order for order in plan.orders if order.symbol == "A"]
    assert [(order.side, order.is_full_exit) for order in sales] == [("SELL", True)]
    assert "symbols_tradable" not in blocking


def test_a_held_symbol_whose_bars_stopped_stops_the_plan():
    """Delisted, halted or merged away: what it is worth is unknown, so nothing at all is traded."""
    plan, blocking = planned([stock("A", None, is_enabled=False), stock("B")], {"A": "500"}, ["B"])
    assert plan.orders == ()
    assert plan.obstacles == ("A is held but has no price on the as-of date",)
    assert "sizes_possible" in blocking


def test_a_symbol_whose_bars_stopped_and_is_not_held_is_passed_over():
    """The rest of the universe is traded as usual."""
    plan, blocking = planned([stock("A", None, is_enabled=False), stock("B")], {}, ["A", "B"])
    assert [(order.side, order.symbol) for order in plan.orders] == [("BUY", "B")]
    assert blocking == set()


def test_a_held_symbol_that_was_taken_out_of_the_file_stops_the_plan():
    """After a merger the old symbol must stay in the file, disabled, until its position is gone."""
    book = book_of([stock("A"), stock("B")], {"A": "500"}, ["B"])
    plan = size_plan(type(book)(**vars(book) | {"instruments": {"B": book.instruments["B"]}}), POLICY)
    assert plan.orders == ()
    assert plan.obstacles == ("A is held but not in the universe",)
