"""From the ledger's entries to trades: splits, openings, what was taken back, what is left out by name."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

from tests.unit.tax.books import entry, known
from trading_ops.tax.matching import disposals_of


def parts(*entries) -> list[tuple]:
    """Return what each sale was of: rule, units as they were then, cost."""
    found = known(*entries)
    assert not found.left_out
    return [
        (part.rule, part.units, part.cost_gbp)
        for disposal in disposals_of(found.trades["AAA"])
        for part in disposal.parts
    ]


def test_a_split_changes_units_and_no_cost():
    """10 for £100, 4:1, 20 of 40 sold: £50; a sale before it stands in its own units."""
    split = entry("split", "2025-06-02", "30")
    assert parts(
        entry("fill", "2025-01-02", "10", "-100"), split, entry("fill", "2025-08-01", "-20", "90")
    ) == [("pool", 20, 50)]
    assert parts(
        entry("fill", "2025-01-02", "15", "-150"), entry("fill", "2025-03-03", "-5", "60"),
        split, entry("fill", "2025-08-01", "-40", "900"),
    ) == [("pool", 5, 50), ("pool", 40, 100)]  # fmt: skip


def test_thirty_days_reach_across_a_split():
    """5 sold before a split 4:1 are 20 of those bought after it."""
    assert parts(
        entry("fill", "2025-01-02", "15", "-150"), entry("fill", "2025-06-01", "-5", "60"),
        entry("split", "2025-06-02", "30"), entry("fill", "2025-06-10", "24", "-72"),
    ) == [("30 days", 5, 60)]  # fmt: skip


def test_a_reverse_split_and_one_that_was_rounded_down():
    """1:10 of 25 is 2.5; 8:9 of 10 is 8.88888888, and all of it can be sold."""
    bought = entry("fill", "2025-01-02", "25", "-100")
    assert parts(bought, entry("split", "2025-06-02", "-22.5"), entry("fill", "2025-08-01", "-1", "50")) == [
        ("pool", 1, 40)
    ]
    assert parts(
        entry("fill", "2025-01-02", "10", "-100"), entry("split", "2025-06-02", "-1.11111112"),
        entry("fill", "2025-08-01", "-8.88888888", "50"),
    ) == [("pool", Fraction("8.88888888"), 100)]  # fmt: skip


def test_a_split_on_the_day_of_a_purchase_came_before_it():
    """What is bought on the ex-date is new shares, from its first instant on."""
    split = entry("split", "2025-06-02", "3")
    at_once = entry("fill", "2025-06-02", "4", "-100", happened_at=split.happened_at)
    trades = known(entry("fill", "2025-01-02", "1", "-60"), at_once, split).trades["AAA"]
    assert [(trade.units, trade.shares) for trade in trades] == [(1, 4), (4, 4)]


def test_thirty_days_reach_across_a_split_of_nothing():
    """All 5 sold, split 4:1 while none was held, 24 bought again: 20 of them are of that sale."""
    assert parts(
        entry("fill", "2025-01-02", "5", "-50"), entry("fill", "2025-06-01", "-5", "60"),
        entry("split", "2025-06-02", "0", new_shares=4, old_shares=1), entry("fill", "2025-06-10", "24", "-72"),
    ) == [("30 days", 5, 60)]  # fmt: skip


def test_an_opening_was_bought_before_the_book_began():
    """On the day it says, or on the day before: never on the same day, nor soon after a sale."""
    since = entry("opening", "2025-03-03", "5", "-40", held_since=date(2020, 1, 2))
    unknown = entry("opening", "2025-03-03", "5", "-60")
    assert [trade.day for trade in known(since, unknown).trades["AAA"]] == [
        date(2020, 1, 2),
        date(2025, 3, 2),
    ]
    assert parts(since, unknown, entry("fill", "2025-03-03", "-10", "150")) == [("pool", 10, 100)]


def test_the_day_is_londons():
    """Half past midnight in London is the next day, an hour after New York's evening."""
    late = datetime(2025, 4, 5, 23, 30, tzinfo=UTC)
    [trade] = known(entry("fill", "2025-04-05", "1", "-1", happened_at=late)).trades["AAA"]
    assert trade.day == date(2025, 4, 6)


def test_a_crumb_belongs_to_the_sale_that_left_it():
    """The ledger closes a holding that a sale of everything missed by a little."""
    sale = entry("fill", "2025-03-03", "-9.999", "150")
    crumb = entry("rounding", "2025-03-03", "-0.001")
    assert parts(entry("fill", "2025-01-02", "10", "-100"), sale, crumb) == [("pool", 10, 100)]


def test_a_stock_with_an_event_of_other_rules_is_left_out_and_named():
    """A merger's cost follows other rules; dividends are income and leave nothing out; other stocks stay."""
    found = known(
        entry("fill", "2025-01-02", "10", "-100"), entry("merger", "2025-02-03", "-10", "0"),
        entry("fill", "2025-01-02", "1", "-5", symbol="BBB"), entry("dividend", "2025-02-03", "0", "3", symbol="BBB"),
        entry("fill", "2025-01-02", "1", "-5", symbol="CCC"), entry("trade", "2025-01-03", "-2", "9", symbol="CCC"),
    )  # fmt: skip
    assert list(found.trades) == ["BBB"]
    assert found.left_out == {"AAA": "merger on 2025-02-03", "CCC": "more sold than held on 2025-01-03"}


def test_a_trade_outside_a_ticket_is_a_trade():
    """Its cash is after the fee."""
    assert parts(entry("trade", "2025-01-02", "10", "-100"), entry("trade", "2025-06-02", "-10", "150")) == [
        ("pool", 10, Decimal(100))
    ]
