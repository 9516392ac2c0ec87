"""Splits in the ledger: each once, on the units held that day, whatever the vendors say twice."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.database.ledger_model import book_fills, issue_trades
from tests.database.planning import freeze_plan, on_saturday
from tests.database.rows import add_load, set_clock
from trading_ops.db.connect import connect
from trading_ops.ledger.actions import KnownSplit, PostedSplit, UnitsEntry, post_splits, splits_to_post

BOUGHT_AT = datetime(2026, 6, 15, 14, tzinfo=UTC)
SOURCES = ("alpha_vantage", "yahoo", "stooq")
EX_DATE = date(2026, 6, 10)


def held(units: str, at: str = "2026-06-08T14:00:00+00:00") -> UnitsEntry:
    """Units of AAA bought at an instant."""
    return UnitsEntry("AAA", datetime.fromisoformat(at), Decimal(units))


def known(ratio: str, source: str = "yahoo", ex_date: date = EX_DATE) -> KnownSplit:
    """A split of AAA as a vendor reports it."""
    return KnownSplit("AAA", source, ex_date, Decimal(ratio))


def posted(ratio: str, delta: str, ex_date: date = EX_DATE) -> PostedSplit:
    """A split of AAA in the ledger."""
    return PostedSplit("AAA", ex_date, Decimal(ratio), Decimal(delta))


@pytest.mark.parametrize(
    ("ratio", "units", "delta"),
    [("4", "10", "30"), ("0.125", "8", "-7"), ("1.5", "0.1", "0.05"), ("0.1", "7", "-6.3")],
)
def test_a_split_multiplies_what_was_held(ratio, units, delta):
    """Forward and reverse, whole and fractional."""
    assert splits_to_post([known(ratio)], [], [held(units)], SOURCES) == (posted(ratio, delta),)


def test_an_endless_ratio_leaves_no_tail():
    """9 shares split 8:9 as a vendor rounds it end at eight decimals, rounded down."""
    (split,) = splits_to_post([known("0.8888888888888889")], [], [held("9")], SOURCES)
    assert Decimal(9) + split.units_delta == Decimal("8.00000000")


def test_a_split_two_vendors_report_is_posted_once():
    """The first of the order is believed, also when the other dates it a day off."""
    reports = [known("4", "yahoo", date(2026, 6, 9)), known("4", "alpha_vantage")]
    assert splits_to_post(reports, [], [held("10")], SOURCES) == (posted("4", "30"),)


def test_a_split_in_the_ledger_is_not_posted_again():
    """Not even when the vendor moves its date a little later on."""
    for ex_date in (EX_DATE, date(2026, 6, 12), date(2026, 6, 15)):
        assert splits_to_post([known("4", ex_date=ex_date)], [posted("4", "30")], [held("10")], SOURCES) == ()
    assert splits_to_post([known("2", ex_date=date(2026, 6, 16))], [posted("4", "30")], [held("10")], SOURCES)


def test_two_real_splits_build_on_each_other():
    """10 shares become 20, then 60."""
    both = [known("3", ex_date=date(2026, 8, 3)), known("2")]
    assert [split.units_delta for split in splits_to_post(both, [], [held("10")], SOURCES)] == [10, 40]


@pytest.mark.parametrize(
    ("bought_at", "delta"), [("2026-06-10T03:59:59+00:00", [Decimal(30)]), ("2026-06-10T04:00:00+00:00", [])]
)
def test_only_what_was_held_before_the_ex_date_is_split(bought_at, delta):
    """New York's midnight decides: what is bought on the ex-date are new shares already."""
    new = splits_to_post([known("4")], [], [held("10", bought_at)], SOURCES)
    assert [split.units_delta for split in new] == delta


def test_what_nobody_trusts_or_holds_is_not_posted():
    """A source outside the order, a sold holding, a ratio of 1."""
    assert splits_to_post([known("4", "rumour")], [], [held("10")], SOURCES) == ()
    assert splits_to_post([known("4")], [], [held("10"), held("-10")], SOURCES) == ()
    assert splits_to_post([known("1")], [], [held("10")], SOURCES) == ()


def add_split(
    desk, symbol: str, ex_date: date, ratio: str, source: str = "simulated", key: str = "splits"
) -> None:
    """Load one split as a vendor reports it."""
    load_id = add_load(desk, key)
    with connect("desk_loader", desk) as connection:
        connection.execute(
            "insert into raw.corporate_actions (load_id, source, vendor_symbol, ex_date, kind, value)"
            " values (%s, %s, %s, %s, 'split', %s)",
            (load_id, source, symbol, ex_date, Decimal(ratio)),
        )


def buy(desk, run) -> None:
    """Give a run its ticket and buy ten AAA on its Monday."""
    ticket_id = issue_trades(desk, run, [("AAA", "BUY")])
    set_clock(desk, BOUGHT_AT)
    book_fills(desk, ticket_id, 1, [("10", BOUGHT_AT)])


def positions(desk) -> dict[str, Decimal]:
    """What the ledger view says is held."""
    with connect("desk_planner", desk) as connection:
        rows = connection.execute("select internal_symbol, units from desk.positions_now").fetchall()
    return {row["internal_symbol"]: row["units"] for row in rows}


def test_a_split_of_a_holding_is_booked_once(desk):
    """Bought on Monday, split on Wednesday, posted by the week's run; the next run finds nothing to do."""
    first = freeze_plan(on_saturday(desk))
    buy(desk, first)
    add_split(desk, "AAA.V", date(2026, 6, 17), "4")
    add_split(desk, "BBB.V", date(2026, 6, 17), "4", key="of a symbol never held")
    set_clock(desk, datetime(2026, 6, 20, 8, 0, tzinfo=UTC))
    run = freeze_plan(desk, as_of_date=date(2026, 6, 18), key="weekly_plan:2")
    set_clock(desk, datetime(2026, 6, 23, 8, 0, tzinfo=UTC))
    later = freeze_plan(desk, kind="daily", as_of_date=date(2026, 6, 22), key="daily:1")
    with connect("desk_planner", desk) as connection:
        (split,) = post_splits(connection, run.run_id)
        assert post_splits(connection, run.run_id) == ()
        assert post_splits(connection, later.run_id) == ()
    assert (split.symbol, split.units_delta) == ("AAA", Decimal(30))
    assert positions(desk) == {"AAA": Decimal(40)}


def test_a_run_posts_only_what_it_knew(desk):
    """Neither a split after its as-of date nor one loaded after it was frozen."""
    first = freeze_plan(on_saturday(desk))
    buy(desk, first)
    add_split(desk, "AAA.V", date(2026, 6, 22), "4", key="after the as-of date")
    set_clock(desk, datetime(2026, 6, 19, 8, 0, tzinfo=UTC))
    daily = freeze_plan(desk, kind="daily", as_of_date=date(2026, 6, 18), key="daily:1")
    add_split(desk, "AAA.V", date(2026, 6, 17), "2", key="after the freeze")
    with connect("desk_planner", desk) as connection:
        assert post_splits(connection, daily.run_id) == ()
