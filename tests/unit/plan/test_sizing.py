"""Sizing: what is bought and sold, and what no book and no policy may ever make it do."""

import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plan.books import book_of, books, policies, policy_with, shuffled, stock
from trading_ops.plan.book import Holding
from trading_ops.plan.sizing import CONSTRAINTS, limit_price, size_plan

# Three names at a third each: figures that can be followed by hand.
THREE = policy_with(
    sizing__positions_count=3,
    sizing__weight_ratio_max="0.30",
    sizing__cash_buffer_ratio_min="0.10",
    sizing__turnover_ratio_max="1",
)


def lines(plan) -> list[tuple]:
    """The orders as (number, side, symbol, value)."""
    return [(order.line_number, order.side, order.symbol, str(order.value_gbp)) for order in plan.orders]


def words(plan) -> dict[str, str]:
    """The binding constraint of every symbol."""
    return {target.symbol: target.binding_constraint for target in plan.targets}


def test_an_empty_book_buys_the_best_ranked_at_equal_weight():
    """Three of four names at 30 % of 10,000; the fourth is outranked."""
    plan = size_plan(
        book_of([stock("A"), stock("B"), stock("C"), stock("D")], ranks=["C", "A", "D", "B"]), THREE
    )
    assert lines(plan) == [(1, "BUY", "C", "3000.00"), (2, "BUY", "A", "3000.00"), (3, "BUY", "D", "3000.00")]
    assert words(plan) == {"A": "selected", "B": "outranked", "C": "selected", "D": "selected"}


def test_the_weight_is_the_smaller_of_the_cap_and_an_equal_share():
    """At most 20 % each although a third of 90 % would be 30 %."""
    plan = size_plan(book_of([stock("A")]), replace_sizing(THREE, weight_ratio_max="0.20"))
    assert plan.targets[0].weight_ratio == Decimal("0.20")
    assert plan.targets[0].binding_constraint == "weight_cap"
    assert lines(plan) == [(1, "BUY", "A", "2000.00")]


def test_a_buy_rounds_down_so_it_cannot_overspend():
    """A gap of 100.009 becomes an order for 100.00, never 100.01."""
    book = book_of([stock("A")], cash_gbp="1000.09")
    plan = size_plan(book, replace_sizing(THREE, positions_count=1, weight_ratio_max="0.10"))
    assert lines(plan) == [(1, "BUY", "A", "100.00")]


def test_a_holding_that_fell_out_is_sold_by_units():
    """The full exit carries the exact units of the ledger, so nothing is left over."""
    book = book_of([stock("A"), stock("B")], {"B": "1234.567"}, ranks=["A"], cash_gbp="8765.433")
    book = replace(book, holdings={"B": Holding("B", Decimal("15.4321987654321"), Decimal("1234.567"))})
    plan = size_plan(book, THREE)
    sale = plan.orders[0]
    assert (sale.side, sale.symbol, sale.value_gbp, sale.is_full_exit) == (
        "SELL",
        "B",
        Decimal("1234.56"),
        True,
    )
    assert sale.units_estimate == Decimal("15.4321987654321")
    assert words(plan)["B"] == "not_ranked"


def test_sales_come_before_purchases_and_the_largest_first():
    """Lines are numbered from 1, SELL before BUY, equal values by symbol."""
    book = book_of(
        [stock(symbol) for symbol in "ABCDE"],
        {"C": "500", "B": "500", "D": "900"},
        ranks=["E", "A"],
        cash_gbp="8100",
    )
    assert [line[1:3] for line in lines(size_plan(book, THREE))] == [
        ("SELL", "D"),
        ("SELL", "B"),
        ("SELL", "C"),
        ("BUY", "E"),
        ("BUY", "A"),
    ]


@pytest.mark.parametrize(
    ("held", "expected"),
    [("2900", []), ("2899.99", [("BUY", "100.01")]), ("3100", []), ("3100.01", [("SELL", "100.01")])],
)
def test_a_holding_exactly_at_its_band_is_left_alone(held, expected):
    """The band of 1 % of 10,000 around 3,000 is from 2,900 to 3,100, both ends included."""
    cash = str(Decimal(10000) - Decimal(held))
    book = book_of([stock("A")], {"A": held}, cash_gbp=cash)
    plan = size_plan(book, THREE)
    assert [(order.side, str(order.value_gbp)) for order in plan.orders] == expected
    assert words(plan)["A"] == ("selected" if expected else "within_band")


@pytest.mark.parametrize(("order_gbp_min", "count"), [("3000.00", 1), ("3000.01", 0)])
def test_an_order_exactly_at_the_minimum_is_placed(order_gbp_min, count):
    """A penny below the minimum is dropped and says so."""
    plan = size_plan(book_of([stock("A")]), replace_sizing(THREE, order_gbp_min=order_gbp_min))
    assert len(plan.orders) == count
    assert words(plan)["A"] == ("selected" if count else "order_min")


def test_turnover_goes_to_sales_first_then_to_purchases_in_rank_order():
    """With 25 % of 10,000: sell 1,000, buy 1,500 of the 3,000 wanted, drop the rest."""
    book = book_of([stock(symbol) for symbol in "ABC"], {"C": "1000"}, ranks=["B", "A"], cash_gbp="9000")
    plan = size_plan(book, replace_sizing(THREE, turnover_ratio_max="0.25"))
    assert lines(plan) == [(1, "SELL", "C", "1000.00"), (2, "BUY", "B", "1500.00")]
    assert words(plan) == {"A": "turnover_cap", "B": "turnover_cap", "C": "not_ranked"}


def test_a_full_exit_reduced_by_turnover_is_a_partial_sale():
    """What is sold by value leaves units behind, so it may not say it sells everything."""
    book = book_of([stock("A"), stock("B")], {"B": "4000"}, ranks=["A"], cash_gbp="6000")
    plan = size_plan(book, replace_sizing(THREE, turnover_ratio_max="0.25"))
    assert lines(plan) == [(1, "SELL", "B", "2500.00")]
    assert not plan.orders[0].is_full_exit
    assert plan.orders[0].units_estimate == Decimal("31.25")


def test_a_partial_sale_never_names_more_units_than_are_held():
    """A value rounded up against an older rate would otherwise ask for 12.49 of 10 units."""
    book = book_of([stock("A"), stock("B")], ranks=["A"], cash_gbp="9000")
    book = replace(book, holdings={"B": Holding("B", Decimal(10), Decimal(1000))})
    plan = size_plan(book, replace_sizing(THREE, turnover_ratio_max="0.0999"))
    assert lines(plan) == [(1, "SELL", "B", "999.00")]
    assert plan.orders[0].units_estimate == Decimal(10)


def test_an_equal_share_that_does_not_divide_is_rounded_down():
    """Seven times 0.128571 stays within the 90 % that may be invested; 0.128572 would not."""
    plan = size_plan(book_of([stock("A")]), replace_sizing(THREE, positions_count=7))
    assert plan.targets[0].weight_ratio == Decimal("0.128571")


def test_purchases_never_count_on_the_sales_of_the_same_ticket():
    """All sales may be skipped: with 1,500 cash and a buffer of 1,000 only 500 may be spent."""
    book = book_of([stock(symbol) for symbol in "ABC"], {"C": "8500"}, ranks=["A", "B"], cash_gbp="1500")
    plan = size_plan(book, THREE)
    assert lines(plan) == [(1, "SELL", "C", "8500.00"), (2, "BUY", "A", "500.00")]
    assert words(plan) == {"A": "cash_buffer", "B": "cash_buffer", "C": "not_ranked"}


def test_cash_below_its_buffer_buys_nothing():
    """A debt of cash is no reason to fail, only to stop buying."""
    plan = size_plan(book_of([stock("A"), stock("B")], {"B": "5000"}, cash_gbp="-100"), THREE)
    assert [order.side for order in plan.orders] == ["SELL"]


@pytest.mark.parametrize(
    ("instrument", "ranks", "word"),
    [
        (stock("B", is_enabled=False), ["A", "B"], "disabled"),
        (stock("B", is_tradable=False), ["A", "B"], "not_tradable"),
        (stock("B", None), ["A", "B"], "no_price"),
        (stock("B", "0.009"), ["A", "B"], "no_price"),
        (stock("B"), ["A"], "not_ranked"),
        (stock("B", atr_14_usd=None), ["A", "B"], "no_history"),
        (stock("B", previous_close_usd=None), ["A", "B"], "no_history"),
    ],
)
def test_every_symbol_that_is_not_bought_says_why(instrument, ranks, word):
    """One word per symbol, whatever kept it out."""
    plan = size_plan(book_of([stock("A"), instrument], ranks=ranks), THREE)
    assert [order.symbol for order in plan.orders] == ["A"]
    assert words(plan)["B"] == word


@pytest.mark.parametrize(
    ("book", "obstacle"),
    [
        (
            book_of([stock("A"), stock("B", None)], {"B": "10"}),
            "B is held but has no price on the as-of date",
        ),
        (book_of([stock("A")], rate=None), "the GBP/USD rate is missing"),
        (book_of([stock("A")], cash_gbp="0"), "the book has no equity"),
        (book_of([stock("A"), stock("B")], {"B": "10"}, ranks=[]), "no ranked symbol can be bought"),
        (
            replace(book_of([stock("A")]), holdings={"OLD": Holding("OLD", Decimal(1), None)}),
            "OLD is held but not in the universe",
        ),
        (
            replace(book_of([stock("A")]), holdings={"A": Holding("A", Decimal(1), None)}),
            "A is held but has no price on the as-of date",
        ),
    ],
)
def test_what_cannot_be_valued_is_not_traded_at_all(book, obstacle):
    """One missing input stops every order, sales included, and is named."""
    plan = size_plan(book, THREE)
    assert plan.orders == ()
    assert plan.obstacles == (obstacle,)
    assert set(words(plan).values()) == {"blocked"}


def test_price_limits_round_against_the_trade():
    """3 % around 10.01 is 9.7097 and 10.3103: a sale waits for 9.71, a purchase stops at 10.31."""
    assert limit_price("BUY", Decimal("10.01"), Decimal("0.03")) == Decimal("10.31")
    assert limit_price("SELL", Decimal("10.01"), Decimal("0.03")) == Decimal("9.71")
    assert limit_price("BUY", Decimal("10.18"), Decimal("0.05")) == Decimal("10.68")
    assert limit_price("SELL", Decimal("10.00"), Decimal("0.03")) == Decimal("9.70")


def test_every_word_is_explained():
    """A word without a meaning would be shown to nobody's use."""
    assert all(CONSTRAINTS.values())


@settings(max_examples=300, deadline=None)
@given(book=books(), policy=policies())
def test_no_plan_oversteps(book, policy):
    """Never overspend, never oversell, keep turnover, buffer, minimum and weight, whatever the book."""
    plan = size_plan(book, policy)
    sizing, equity = policy.sizing, book.equity_gbp
    assert set(words(plan)) == {*book.instruments, *book.holdings}
    assert set(words(plan).values()) <= set(CONSTRAINTS)
    assert bool(plan.obstacles) <= (plan.orders == ())
    bought, sold = plan.total_gbp("BUY"), plan.total_gbp("SELL")
    assert bought == 0 or book.cash_gbp - bought >= sizing.cash_buffer_ratio_min * equity
    assert bought + sold == 0 or bought + sold <= sizing.turnover_ratio_max * equity
    assert len({order.symbol for order in plan.orders}) == len(plan.orders)
    assert [order.line_number for order in plan.orders] == list(range(1, len(plan.orders) + 1))
    assert sorted((order.side for order in plan.orders), reverse=True) == [
        order.side for order in plan.orders
    ]
    for order in plan.orders:
        assert order.value_gbp >= sizing.order_gbp_min
        assert order.value_gbp == order.value_gbp.quantize(Decimal("0.01"))
        assert order.units_estimate > 0
        held = book.value_of(order.symbol)
        if order.side == "SELL":
            assert order.value_gbp <= held
            assert order.units_estimate <= book.units_of(order.symbol)
            assert order.is_full_exit <= (order.units_estimate == book.units_of(order.symbol))
            assert Decimal(0) < order.price_limit_usd
        else:
            assert held + order.value_gbp <= sizing.weight_ratio_max * equity
            assert book.instruments[order.symbol].is_tradable and book.instruments[order.symbol].is_enabled
            assert order.price_limit_usd <= order.reference_price_usd * (
                1 + policy.execution.price_limit_ratio
            )


@settings(max_examples=100, deadline=None)
@given(book=books(), policy=policies(), seed=st.integers())
def test_the_order_of_rows_changes_nothing(book, policy, seed):
    """The same book read in another order gives the very same plan."""
    assert size_plan(shuffled(book, random.Random(seed).shuffle), policy) == size_plan(book, policy)


@settings(max_examples=100, deadline=None)
@given(book=books(), policy=policies())
def test_a_plan_carried_out_has_arrived(book, policy):
    """Filled at its reference prices, with so much cash that no cap binds, the next plan trades nothing."""
    rich = replace(book, cash_gbp=Decimal(1_000_000), spendable_gbp=Decimal(1_000_000))
    roomy = replace_sizing(
        policy, weight_ratio_max="0.05", cash_buffer_ratio_min="0.1", turnover_ratio_max="1"
    )
    plan = size_plan(rich, roomy)
    assert not {"cash_buffer", "turnover_cap"} & set(words(plan).values())
    assert size_plan(carried_out(rich, plan), roomy).orders == ()


def carried_out(book, plan):
    """The book after every order was filled at its reference price."""
    holdings, cash = dict(book.holdings), book.cash_gbp
    for order in plan.orders:
        sign = 1 if order.side == "BUY" else -1
        units = book.units_of(order.symbol) + sign * order.units_estimate
        value = book.value_of(order.symbol) + sign * order.value_gbp
        holdings[order.symbol] = Holding(order.symbol, units, value)
        cash -= sign * order.value_gbp
        if order.is_full_exit:
            del holdings[order.symbol]
    return replace(book, holdings=holdings, cash_gbp=cash, spendable_gbp=cash)


def replace_sizing(policy, **fields):
    """The policy with some sizing numbers changed."""
    numbers = {name: value if isinstance(value, int) else Decimal(value) for name, value in fields.items()}
    return policy.model_copy(update={"sizing": policy.sizing.model_copy(update=numbers)})
