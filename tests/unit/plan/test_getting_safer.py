"""A limit never forbids what brings the book nearer to it."""

from tests.unit.plan.books import book_of, stock
from tests.unit.plan.test_checks import POLICY, A, B, is_clear, order, plan_of
from trading_ops.plan import checks


def test_a_limit_never_forbids_getting_safer():
    """Two positions of 19 %: a plan that only lowers them is clear, one that leaves them is not."""
    book = book_of([A, B], {"A": "1900", "B": "1900"}, cash_gbp="6200")
    assert not is_clear(checks.position_weight, book, plan_of())
    lowering = plan_of(order("A", "SELL", "900"))
    assert is_clear(checks.position_weight, book, lowering)
    assert checks.position_weight(book, lowering, POLICY).reason.endswith("what is above it is only lowered")
    mixed = plan_of(order("A", "SELL", "900"), order("B", "BUY", "100"))
    assert not is_clear(checks.position_weight, book, mixed)
    within = plan_of(order("A", "SELL", "900"), order("B", "SELL", "900"))
    assert not checks.position_weight(book, within, POLICY).reason.endswith("lowered")


def test_too_many_positions_may_become_fewer():
    """22 positions, 20 allowed: 21 after the plan is clear unless one of them is new."""
    stocks = [stock(f"S{number:02d}") for number in range(23)]
    book = book_of(stocks, {one.symbol: "100" for one in stocks[:22]})
    closing = order("S00", "SELL", "100", is_full_exit=True)
    assert not is_clear(checks.positions_count, book, plan_of())
    assert is_clear(checks.positions_count, book, plan_of(closing))
    second = order("S01", "SELL", "100", is_full_exit=True)
    assert not is_clear(checks.positions_count, book, plan_of(closing, second, order("S22", "BUY", "100")))
