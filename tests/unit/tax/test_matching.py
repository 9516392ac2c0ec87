"""Share matching: HMRC's and textbooks' worked examples, the law's order, and an independent matcher."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tax.books import bought, sold
from trading_ops.tax.matching import disposals_of, tax_year
from trading_ops.tax.trades import Trade


def gains(*trades: Trade) -> list[Decimal]:
    """Return the gain of each day's sales."""
    return [disposal.gain_gbp for disposal in disposals_of(trades)]


def told(*trades: Trade) -> list[tuple]:
    """Return the parts of each day's sales: rule, units, cost."""
    return [
        [(part.rule, part.units, part.cost_gbp) for part in disposal.parts]
        for disposal in disposals_of(trades)
    ]


def test_the_pool_of_hmrcs_helpsheet():
    """HS284, example 3 (2024): 1,000 for £4,150 and 500 for £2,130, 700 and 400 sold: £329 and £300."""
    lobster = (
        bought("2015-04-01", "1000", "4000", "150"), bought("2018-09-01", "500", "2050", "80"),
        sold("2023-05-01", "700", "3360", "100"), sold("2024-02-01", "400", "2080", "105"),
    )  # fmt: skip
    assert gains(*lobster) == [Decimal("329.33"), Decimal("300.33")]
    assert told(*lobster) == [
        [("pool", 700, Decimal("2930.67"))], [("pool", 400, Decimal("1674.67"))]
    ]  # fmt: skip


def test_what_was_bought_within_thirty_days_comes_before_the_pool():
    """As accountants learn it: of 2,800 bought in February the 1,400 sold in January cost £3,080."""
    beeco = (
        bought("2005-04-15", "5600", "14560"), sold("2011-01-12", "1400", "4060"),
        bought("2011-02-01", "2800", "6160"), sold("2011-03-31", "7000", "20000"),
    )  # fmt: skip
    assert gains(*beeco) == [980, 20000 - 14560 - 3080]


def test_the_same_day_comes_before_an_earlier_sale():
    """10,000 sold on the first and bought again on the second, when 9,000 are sold: 1,000 are left for it."""
    assert told(
        bought("2006-05-31", "10000", "10000"), sold("2006-06-01", "10000", "11000"),
        bought("2006-06-02", "10000", "12000"), sold("2006-06-02", "9000", "9500"),
    ) == [
        [("30 days", 1000, 1200), ("pool", 9000, 9000)], [("same day", 9000, 10800)],
    ]  # fmt: skip


def test_the_thirtieth_day_counts_and_the_next_does_not():
    """Sold on 1 March: 31 March is thirty days after, 1 April is not."""
    before, sale = bought("2025-01-02", "10", "100"), sold("2025-03-01", "10", "150")
    assert told(before, sale, bought("2025-03-31", "10", "160")) == [[("30 days", 10, 160)]]
    assert told(before, sale, bought("2025-04-01", "10", "160")) == [[("pool", 10, 100)]]
    # What was bought in the thirty days before the sale is of the pool.
    assert told(before, bought("2025-02-27", "10", "160"), sale) == [[("pool", 10, 130)]]


def test_earlier_sales_take_the_earliest_purchases():
    """Two sales, two purchases within thirty days of both."""
    assert told(
        bought("2025-01-02", "20", "200"), sold("2025-03-01", "10", "150"), sold("2025-03-02", "10", "150"),
        bought("2025-03-10", "5", "60"), bought("2025-03-11", "10", "130"),
    ) == [
        [("30 days", 5, 60), ("30 days", 5, 65)], [("30 days", 5, 65), ("pool", 5, 50)],
    ]  # fmt: skip


def test_sales_of_a_day_are_one_and_no_penny_is_lost():
    """Three thirds of £100.00 are 33.33, 33.34 and 33.33."""
    assert gains(
        bought("2025-01-02", "3", "100"), sold("2025-03-01", "1", "40"), sold("2025-03-01", "1", "41")
    ) == [Decimal("14.33")]
    costs = [
        disposal.cost_gbp
        for disposal in disposals_of(
            [bought("2025-01-02", "3", "100"), *(sold(f"2025-0{month}-01", "1", "1") for month in (3, 5, 7))]
        )
    ]
    assert sum(costs) == 100 and set(costs) <= {Decimal("33.33"), Decimal("33.34")}


def test_a_tax_year_begins_on_the_sixth_of_april():
    """The fifth is of the year before."""
    assert [tax_year(date(2026, 4, day)) for day in (5, 6)] == ["2025-26", "2026-27"]
    assert tax_year(date(2099, 12, 31)) == "2099-00"


def brute_force(trades: list[Trade]) -> dict[date, Fraction]:
    """
    Return each day's exact gain share by share, a share being a hundredth of a unit, in the words of the law.

    Every share of a sale looks for the one it is of; nothing is computed with averages but the pool.
    """
    bought_left, cost, sold_left, proceeds = (defaultdict(Fraction) for _ in range(4))
    for trade in trades:
        side, money = (bought_left, cost) if trade.units > 0 else (sold_left, proceeds)
        side[trade.day] += abs(Fraction(trade.units)) * 100
        money[trade.day] += Fraction(trade.net_gbp)
    unit_cost = {day: cost[day] / bought_left[day] for day in bought_left}
    of: dict[date, list[Fraction | None]] = {day: [] for day in sold_left}
    for day in sorted(sold_left):
        while sold_left[day] and bought_left[day]:
            sold_left[day], bought_left[day] = sold_left[day] - 1, bought_left[day] - 1
            of[day].append(unit_cost[day])
    for day in sorted(of):
        for ahead in range(1, 31):
            later = day + timedelta(days=ahead)
            while sold_left[day] and bought_left[later]:
                sold_left[day], bought_left[later] = sold_left[day] - 1, bought_left[later] - 1
                of[day].append(unit_cost[later])
    pool, gained = [Fraction(0), Fraction(0)], {}
    for day in sorted({*bought_left, *of}):
        pool[0] += bought_left[day]
        pool[1] += bought_left[day] * unit_cost.get(day, 0)
        if day in of:
            average = pool[1] / pool[0] if sold_left[day] else Fraction(0)
            pool[0], pool[1] = pool[0] - sold_left[day], pool[1] - sold_left[day] * average
            gained[day] = proceeds[day] - sum(of[day]) - sold_left[day] * average
    return gained


@st.composite
def histories(draw) -> list[Trade]:
    """A few weeks of trading one stock in hundredths of a unit, of which never more is sold than held."""
    trades, held, day = [], 0, date(2025, 1, 1)
    for _ in range(draw(st.integers(2, 12))):
        day += timedelta(days=draw(st.sampled_from((0, 0, 1, 7, 29, 30, 31))))
        is_sale = held > 0 and draw(st.booleans())
        count = draw(st.integers(1, held if is_sale else 300))
        held += -count if is_sale else count
        value, fee = (Decimal(draw(st.integers(1, most))) / 100 for most in (100_000, 200))
        trades.append(Trade("AAA", day, Decimal(-count if is_sale else count) / 100, value, fee))
    return trades


@given(histories())
def test_an_independent_matcher_finds_the_same(trades):
    """To the penny of each sum that is shared out; how many there are bounds what may be rounded."""
    exact = brute_force(trades)
    found = {disposal.day: disposal for disposal in disposals_of(trades)}
    assert set(found) == set(exact)
    for day, disposal in found.items():
        assert abs(Fraction(disposal.gain_gbp) - exact[day]) <= Fraction(len(trades), 100)
        assert disposal.proceeds_gbp == sum(
            trade.net_gbp for trade in trades if trade.day == day and trade.units < 0
        )


@given(histories())
def test_when_all_is_sold_the_gains_are_what_came_in_less_what_went_out(trades):
    """To the penny, whatever was rounded on the way."""
    held = sum(trade.units for trade in trades)
    last = trades[-1].day + timedelta(days=40)
    whole = [*trades, *([Trade("AAA", last, -held, Decimal("77.77"), Decimal(1))] if held else [])]
    assert sum(gains(*whole)) == sum(-trade.net_gbp if trade.units > 0 else trade.net_gbp for trade in whole)
