"""The riskguard's checks: clear at the limit, not clear a step beyond, never clear without what they need."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from tests.unit.plan.books import AS_OF_DATE, POLICY, book_of, books, policies, policy_with, stock
from trading_ops.plan import checks
from trading_ops.plan.book import Book, Day, Order, Plan
from trading_ops.plan.sizing import size_plan


def order(symbol: str, side: str, value_gbp: str, **columns) -> Order:
    """An order at 100 USD and 1.25 USD per GBP."""
    values = {
        "line_number": 1,
        "symbol": symbol,
        "side": side,
        "value_gbp": Decimal(value_gbp),
        "units_estimate": Decimal(value_gbp) / 80,
        "is_full_exit": False,
        "reference_price_usd": Decimal(100),
        "price_limit_usd": Decimal(103),
        "gbpusd_rate": Decimal("1.25"),
        **columns,
    }
    return Order(**values)


def plan_of(*orders: Order, obstacles: tuple[str, ...] = ()) -> Plan:
    """A plan of these orders."""
    return Plan((), orders, obstacles)


def is_clear(check, book: Book, plan: Plan, policy=POLICY) -> bool:
    """Whether a check is clear, having named itself."""
    found = check(book, plan, policy)
    assert found.check_name == check.__name__
    assert found.reason
    assert found.is_clear or found.fix
    return found.is_clear


A, B = stock("A"), stock("B")
BOOK = book_of([A, B], {"B": "1000"}, cash_gbp="9000")


@pytest.mark.parametrize(("limit", "expected"), [(2, True), (1, False)])
def test_positions_are_counted_after_the_plan(limit, expected):
    """B is held and A bought: two positions."""
    policy = policy_with(risk__positions_count_max=limit)
    assert is_clear(checks.positions_count, BOOK, plan_of(order("A", "BUY", "100")), policy) is expected


def test_a_full_exit_frees_a_position_and_a_partial_sale_does_not():
    """One position is allowed: A for B works only when B leaves whole."""
    policy = policy_with(risk__positions_count_max=1)
    buy = order("A", "BUY", "100")
    assert is_clear(
        checks.positions_count, BOOK, plan_of(order("B", "SELL", "1000", is_full_exit=True), buy), policy
    )
    assert not is_clear(checks.positions_count, BOOK, plan_of(order("B", "SELL", "999.99"), buy), policy)


@pytest.mark.parametrize(("value", "expected"), [("1000.00", True), ("1000.01", False)])
def test_the_weight_after_the_plan_is_bounded(value, expected):
    """10 % of 10,000 is allowed to the penny."""
    book = book_of([A])
    assert is_clear(checks.position_weight, book, plan_of(order("A", "BUY", value))) is expected


@pytest.mark.parametrize(("value", "expected"), [("8800.00", True), ("8800.01", False)])
def test_the_buffer_stays_with_every_sale_skipped(value, expected):
    """9,000 cash less 2 % of 10,000 leaves 8,800 to spend; the sale of B does not count."""
    plan = plan_of(order("B", "SELL", "1000", is_full_exit=True), order("A", "BUY", value))
    assert is_clear(checks.cash_buffer, BOOK, plan) is expected


def test_a_plan_that_only_sells_may_start_below_the_buffer():
    """It is the way back to the buffer."""
    book = book_of([A], {"A": "9900"}, cash_gbp="100")
    assert is_clear(checks.cash_buffer, book, plan_of(order("A", "SELL", "500")))
    assert not is_clear(checks.cash_buffer, book, plan_of(order("A", "BUY", "10")))


@pytest.mark.parametrize(("value", "expected"), [("2500.00", True), ("2500.01", False)])
def test_turnover_counts_both_sides(value, expected):
    """1,000 sold and 2,500 bought are 35 % of 10,000."""
    plan = plan_of(order("B", "SELL", "1000"), order("A", "BUY", value))
    assert is_clear(checks.turnover, BOOK, plan) is expected


def test_no_ratio_is_clear_without_equity():
    """A share of nothing is unknown, and unknown is not clear."""
    book = book_of([A], {"A": "100"}, cash_gbp="-100")
    plan = plan_of(order("A", "BUY", "10"))
    for check in (checks.position_weight, checks.cash_buffer, checks.turnover):
        assert check(book, plan, POLICY).observed_value is None
        assert not is_clear(check, book, plan)


@pytest.mark.parametrize(
    ("sale", "expected"),
    [
        (order("B", "SELL", "1000", units_estimate=Decimal("12.5")), True),
        (order("B", "SELL", "1000", units_estimate=Decimal("12.50000001")), False),
        (order("B", "SELL", "1000.01", units_estimate=Decimal("12.5")), False),
        (order("A", "SELL", "10"), False),
    ],
)
def test_nothing_is_sold_beyond_what_is_held(sale, expected):
    """12.5 units worth 1,000 are held of B and nothing of A."""
    assert is_clear(checks.long_only, BOOK, plan_of(sale)) is expected


@pytest.mark.parametrize(
    ("instrument", "side", "expected"),
    [
        (A, "BUY", True),
        (stock("A", is_enabled=False), "BUY", False),
        (stock("A", is_tradable=False), "BUY", False),
        (stock("A", is_enabled=False), "SELL", True),
        (stock("A", None), "SELL", False),
        (stock("Z"), "BUY", False),
        (stock("Z"), "SELL", False),
    ],
)
def test_only_enabled_stocks_are_bought_and_only_known_ones_sold(instrument, side, expected):
    """A disabled holding may leave; a symbol the universe lacks may do nothing."""
    plan = plan_of(order("A", side, "100"))
    assert is_clear(checks.symbols_tradable, book_of([instrument]), plan) is expected


@pytest.mark.parametrize(
    ("trade", "expected"),
    [
        (order("A", "BUY", "10.00"), True),
        (order("A", "BUY", "9.99"), False),
        (order("A", "BUY", "10.001"), False),
        (order("A", "BUY", "10.00", units_estimate=Decimal(0)), False),
    ],
)
def test_sizes_are_large_enough_and_in_pennies(trade, expected):
    """10.00 GBP is the smallest order there is."""
    assert is_clear(checks.sizes_possible, BOOK, plan_of(trade)) is expected


def test_an_obstacle_is_the_reason_no_size_is_possible():
    """What sizing could not do is what the operator reads."""
    found = checks.sizes_possible(BOOK, plan_of(obstacles=("the rate is missing", "B has no price")), POLICY)
    assert (found.is_clear, found.reason) == (False, "the rate is missing; B has no price")
    assert is_clear(checks.sizes_possible, BOOK, plan_of())


def with_days(*days: Day) -> Book:
    """The book with these sessions behind it."""
    return replace(BOOK, days=days)


@pytest.mark.parametrize(("drawdown", "expected"), [("0.1999999", True), ("0.20", False), (None, False)])
def test_the_drawdown_is_bounded(drawdown, expected):
    """At 20 % below the peak the desk stops; an unknown drawdown stops it too."""
    value = None if drawdown is None else Decimal(drawdown)
    assert is_clear(checks.drawdown, with_days(Day(AS_OF_DATE, Decimal(0), value)), plan_of()) is expected


def test_shares_and_amounts_read_as_on_the_ticket():
    """Per cent and pounds, as the page and the mail write them; the fraction itself is the observed value."""
    fallen = checks.drawdown(with_days(Day(AS_OF_DATE, Decimal(0), Decimal("0.213"))), plan_of(), POLICY)
    assert fallen.reason == "the book is 21.30 % below its peak, less than 20.00 % allowed"
    assert (fallen.observed_value, fallen.limit_value) == (Decimal("0.213"), Decimal("0.20"))
    sized = checks.sizes_possible(book_of([stock("A")]), plan_of(order("A", "BUY", "1250.00")), POLICY)
    assert sized.reason == "the smallest order is £1,250.00"


@pytest.mark.parametrize(
    ("change", "expected"), [("-0.0499999", True), ("-0.05", False), ("0.20", True), (None, False)]
)
def test_the_daily_loss_is_bounded(change, expected):
    """At 5 % lost the desk stops; a gain is no loss, an unknown return no gain."""
    value = None if change is None else Decimal(change)
    days = (Day(AS_OF_DATE.replace(day=11), None, None), Day(AS_OF_DATE, value, Decimal(0)))
    assert is_clear(checks.daily_loss, with_days(*days), plan_of()) is expected


def test_a_daily_loss_stops_its_own_session_alone():
    """Thursday lost 30 %; Friday is judged by itself, and the drawdown remembers."""
    thursday = Day(AS_OF_DATE.replace(day=11), Decimal("-0.3"), Decimal("0.3"))
    book = with_days(thursday, Day(AS_OF_DATE, Decimal("0.01"), Decimal("0.293")))
    assert is_clear(checks.daily_loss, book, plan_of())
    assert not is_clear(checks.drawdown, book, plan_of())


@pytest.mark.parametrize("check", [checks.drawdown, checks.daily_loss])
def test_an_old_or_missing_past_is_not_clear(check):
    """Yesterday's figure says nothing about today."""
    old = Day(AS_OF_DATE.replace(day=11), Decimal(0), Decimal(0))
    assert not is_clear(check, with_days(old), plan_of())
    assert not is_clear(check, with_days(), plan_of())


@pytest.mark.parametrize(
    ("previous", "atr", "expected"),
    [
        ("94", "2", True),
        ("93.99", "2", False),
        ("106", "2", True),
        ("106.01", "2", False),
        ("100", "0", True),
        ("100.01", "0", False),
        ("100", None, False),
        (None, "2", False),
    ],
)
def test_a_reference_price_stays_in_its_band(previous, atr, expected):
    """Three ATR of 2 around the close before allow a move of 6; without a band nothing is allowed."""
    instrument = stock(
        "A",
        previous_close_usd=None if previous is None else Decimal(previous),
        atr_14_usd=None if atr is None else Decimal(atr),
    )
    assert is_clear(checks.price_band, book_of([instrument]), plan_of(order("A", "BUY", "100"))) is expected


def test_every_check_names_itself_once():
    """Ten checks, named as the rows of the risk gate."""
    found = checks.run_checks(BOOK, plan_of(), POLICY)
    assert [check.check_name for check in found] == [check.__name__ for check in checks.CHECKS]
    assert len({check.check_name for check in found}) == 11


@settings(max_examples=200, deadline=None)
@given(book=books(), policy=policies())
def test_what_sizing_makes_passes_the_checks_it_answers_for(book, policy):
    """Sizing within the limits never trips its own guard, except on what it did not choose."""
    limits = policy.risk.model_copy(
        update={
            "cash_buffer_ratio_min": policy.sizing.cash_buffer_ratio_min,
            "turnover_ratio_max": policy.sizing.turnover_ratio_max,
            "order_gbp_min": policy.sizing.order_gbp_min,
        }
    )
    policy = policy.model_copy(update={"risk": limits})
    plan = size_plan(book, policy)
    found = {check.check_name: check for check in checks.run_checks(book, plan, policy)}
    for name in ("cash_buffer", "turnover", "long_only", "symbols_tradable"):
        assert found[name].is_clear, found[name]
    assert found["sizes_possible"].is_clear == (plan.obstacles == ())
