"""
Statements are kept as facts: in any order, overlapping or exported anew, they give the identical ledger.
"""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.database import rows
from tests.unit.statements.made_account import MadeAccount
from trading_ops.db.connect import connect
from trading_ops.statements.record import import_file

YEAR = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 12, 23, 59, 59, tzinfo=UTC))
DAY = datetime(2026, 1, 14, 15, 0, tzinfo=UTC)
LEDGER = """
select
    sheet, kind, position_id, happened_at, occurrence, paper, asset, leverage, is_short, isin, amount, cash_delta,
    equity_delta, balance, units, opened_at, open_rate, close_rate, withheld, split_to, split_of
from desk.statement_ledger order by happened_at, sheet, kind, position_id, occurrence
"""


@pytest.fixture
def book(desk):
    """A book on a Saturday in June."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    return desk


def keep(desk, content: bytes, person: str = "operator", role: str = "desk_planner") -> int:
    """Import a statement and return its number."""
    with connect(role, desk) as connection:
        return import_file(connection, desk.portfolio_id, person, content)


def select(desk, query: str) -> list[tuple]:
    """Return the rows of a query as tuples."""
    with connect("desk_planner", desk) as connection:
        return [tuple(row.values()) for row in connection.execute(query).fetchall()]


def busy_account() -> MadeAccount:
    """Half a year: parts closed late, a split, a dividend, a fee twice in one second, a short."""
    made = MadeAccount()
    made.deposit(DAY, "5000.00")
    first = made.buy(DAY + timedelta(days=1), "AAPL/USD", "300.00", "2", "Apple")
    second = made.buy(DAY + timedelta(days=1), "AAPL/USD", "450.00", "3", "Apple")
    short = made.buy(DAY + timedelta(days=2), "TSLA/USD", "100.00", "0.5", "Tesla", is_short=True)
    for _ in range(2):
        made.move(DAY + timedelta(days=3), "Rollover Fee", "-0.02", "Over night fee", short, "CFD")
    made.sell(DAY + timedelta(days=30), first, "1.50", "0.5")
    made.dividend(DAY + timedelta(days=40), second, "0.36", "0.1543")
    made.split(DAY + timedelta(days=60), "AAPL/USD", 4, 1)
    made.sell(DAY + timedelta(days=90), first, "-2.10", "1")
    made.sell(DAY + timedelta(days=91), second, "3.00")
    made.sell(DAY + timedelta(days=120), short, "4.00")
    made.sell(DAY + timedelta(days=140), first, "0.00")
    return made


def test_the_real_statement_is_kept_whole_and_once(book, real_files):
    """1,709 rows; a second import of the same file is the same statement and adds nothing."""
    (path,) = (real_files / "etoro_statements").glob("*.xlsx")
    number = keep(book, path.read_bytes())
    assert keep(book, path.read_bytes()) == number
    assert select(book, "select rows_count, rows_new_count, currency, username from desk.statements") == [
        (1709, 1709, "USD", "REDACTED")
    ]
    counts = "select sheet, count(*) from desk.statement_ledger group by sheet order by sheet"
    assert select(book, counts) == [("activity", 1238), ("closed", 438), ("dividends", 33)]
    sums = "select sum(cash_delta) as cash, sum(equity_delta) as equity from desk.statement_ledger where sheet = 'activity'"
    assert select(book, sums) == [(Decimal("1108.92"), Decimal("1164.92"))]


def test_all_39_parts_of_the_real_file_are_proven_by_their_families(book, real_files):
    """
    39 parts in 34 families, every one conserved: what was opened is what was closed, in units and in money.
    """
    (path,) = (real_files / "etoro_statements").glob("*.xlsx")
    keep(book, path.read_bytes())
    found = select(
        book,
        "select count(*) as families, sum(parts_count) as parts, count(*) filter (where is_conserved and is_closed) as whole "
        "from desk.statement_families where parts_count > 0",
    )
    assert found == [(34, 39, 34)]
    assert select(book, "select count(*) from desk.statement_families where is_conserved is not true") == [
        (0,)
    ]
    assert select(
        book, "select count(*) from desk.statement_trades where side = 'SELL' and is_underlying"
    ) == [(332,)]


def test_statements_in_any_order_and_overlap_give_the_identical_ledger(book):
    """Months by themselves, quarters across them, the whole, each as it read on the day it was made."""
    made = busy_account()
    start, end = YEAR
    months = [
        made.export(
            datetime(2026, month, 1, tzinfo=UTC),
            datetime(2026, month + 1, 1, tzinfo=UTC) - timedelta(seconds=1),
        )
        for month in range(1, 6)
    ]
    whole = made.export(start, end)
    across = made.export(
        DAY + timedelta(days=20), DAY + timedelta(days=100), made_at=DAY + timedelta(days=100)
    )
    files = [*months, whole, across]
    expected = None
    for seed in range(4):
        shuffled = random.Random(seed).sample(files, len(files))
        with rows.superuser(book) as connection:
            connection.execute("begin")
            for content in shuffled:
                import_file(connection, book.portfolio_id, "operator", content)
            found = [tuple(row.values()) for row in connection.execute(LEDGER).fetchall()]
            connection.execute("rollback")
        assert len(found) == 20
        expected = expected or found
        assert found == expected


def test_parts_of_a_period_and_the_whole_of_it_give_the_identical_ledger(book):
    """Weekly statements, made while amounts still change, are worth as much as one made afterwards."""
    made = busy_account()
    ledgers = []
    for files in (
        [made.export(*YEAR)],
        [
            made.export(YEAR[0], DAY + timedelta(days=day), DAY + timedelta(days=day))
            for day in (25, 35, 70, 95, 145)
        ],
        [
            made.export(DAY + timedelta(days=a), DAY + timedelta(days=b))
            for a, b in ((-13, 40), (30, 119), (90, 145))
        ],
    ):
        with rows.superuser(book) as connection:
            connection.execute("begin")
            for content in files:
                import_file(connection, book.portfolio_id, "operator", content)
            ledgers.append([tuple(row.values()) for row in connection.execute(LEDGER).fetchall()])
            connection.execute("rollback")
    assert len(ledgers[0]) == 20
    assert ledgers[0] == ledgers[1] == ledgers[2]


def test_a_changed_amount_is_another_version_of_its_row_and_moves_nothing(book):
    """300.00 bought, 75.00 of it closed later: the cost stays the step of the balance."""
    made = busy_account()
    keep(book, made.export(YEAR[0], DAY + timedelta(days=25), DAY + timedelta(days=25)))
    before = select(book, LEDGER)
    keep(book, made.export(YEAR[0], DAY + timedelta(days=25), DAY + timedelta(days=50)))
    assert select(book, LEDGER) == before
    versions = "select amount, cash_delta from desk.statement_rows where kind = 'opened' and position_id = '2000000001' order by 1"
    assert select(book, versions) == [
        (Decimal("225.00"), Decimal("-300.00")),
        (Decimal("300.00"), Decimal("-300.00")),
    ]
    assert select(book, "select rows_count, rows_new_count from desk.statements order by statement_id") == [
        (6, 6),
        (6, 1),
    ]


def test_a_cost_no_statement_measured_is_told_by_one_that_did(book):
    """An opening that stands first has no balance before it; its amount is only what is left of it."""
    made = busy_account()
    cost = "select cash_delta from desk.statement_ledger where kind = 'opened' and position_id = '2000000001'"
    later = made.export(DAY + timedelta(days=1), YEAR[1])
    keep(book, later)
    assert select(book, cost) == [(Decimal("-187.50"),)]
    keep(book, made.export(*YEAR, made_at=YEAR[1]))
    assert select(book, cost) == [(Decimal("-300.00"),)]


def test_families_are_found_across_statements(book):
    """
    Opened in one, a part closed in the next, the rest in a third: one family, and conserved over a split.
    """
    made = busy_account()
    for first, last in ((-13, 20), (21, 80), (81, 145)):
        keep(book, made.export(DAY + timedelta(days=first), DAY + timedelta(days=last)))
    found = "select family_id, closes_count, parts_count, is_closed, is_conserved from desk.statement_families order by 1"
    assert select(book, found) == [("2000000001", 4, 2, True, True), ("2000000003", 1, 0, True, True)]


def test_a_position_opened_before_the_first_statement_is_not_known_to_be_conserved(book):
    """Nobody can say what it was before."""
    keep(book, busy_account().export(DAY + timedelta(days=20), YEAR[1]))
    found = "select opened_units, is_conserved from desk.statement_families where paper = 'AAPL/USD'"
    assert select(book, found) == [(None, None)]


@pytest.mark.parametrize("is_later_first", [False, True])
def test_of_two_versions_of_a_row_that_of_the_later_statement_counts(book, is_later_first):
    """
    A split rewrote the open rate of what was closed before it; it does not matter which was imported first.
    """
    made = busy_account()
    early = made.export(*YEAR, made_at=YEAR[1])
    made.closed[0]["rate"] *= 2
    late = made.export(*YEAR, made_at=YEAR[1] + timedelta(hours=20))
    for content in (late, early) if is_later_first else (early, late):
        keep(book, content)
    rate = (
        "select close_rate from desk.statement_ledger where sheet = 'closed' and position_id = '2000000004'"
    )
    assert select(book, rate) == [(made.closed[0]["rate"],)]
    assert select(book, "select count(*) from desk.statement_ledger") == [(20,)]


@pytest.mark.parametrize(("apart_s", "families_count"), [(0, 1), (1, 1), (-1, 1), (2, 2)])
def test_the_two_sheets_may_be_a_second_apart(book, apart_s, families_count):
    """On three of 398 positions of the real file they are; two seconds are another position."""
    made = MadeAccount()
    made.deposit(DAY, "500.00")
    number = made.buy(DAY + timedelta(hours=1), "AAPL/USD", "300.00", "2", "Apple")
    made.sell(DAY + timedelta(days=30), number, "1.50", "0.5")
    keep(book, made.export(YEAR[0], DAY + timedelta(days=20)))
    made.held[number].opened_at += timedelta(seconds=apart_s)
    keep(book, made.export(DAY + timedelta(days=21), DAY + timedelta(days=31)))
    assert select(book, "select count(*) from desk.statement_families") == [(families_count,)]


def test_a_family_that_closed_more_than_it_opened_is_not_conserved(book):
    """Told of in two statements, each of which agrees with itself."""
    made = MadeAccount()
    made.deposit(DAY, "500.00")
    number = made.buy(DAY + timedelta(hours=1), "AAPL/USD", "300.00", "2", "Apple")
    keep(book, made.export(YEAR[0], DAY + timedelta(days=20)))
    made.held[number].units = Decimal("3")
    made.sell(DAY + timedelta(days=30), number)
    keep(book, made.export(DAY + timedelta(days=21), DAY + timedelta(days=31)))
    found = "select opened_units, closed_units, is_conserved from desk.statement_families"
    assert select(book, found) == [(Decimal("2"), Decimal("3"), False)]
