"""The ledger of Postgres against an independent model: whatever people confirm, both hold the same units."""

import dataclasses
import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.ledger_model import LedgerModel, book_fills, issue_trades
from tests.database.planning import UNIVERSE, freeze_plan, on_saturday, policy_of
from tests.database.rows import SATURDAY_AT, add_load, superuser
from trading_ops.db.connect import connect
from trading_ops.ledger.holdings import OpeningPosition
from trading_ops.ledger.opening import record_opening
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.ledger.splits import believe_splits
from trading_ops.universe.stored import store_universe

SYMBOLS = ("AAA", "BBB")
MONDAYS = (
    datetime.fromisoformat("2026-06-15T14:00:00+00:00"),
    datetime.fromisoformat("2026-06-22T14:00:00+00:00"),
)
# One split of each symbol between the two tickets, as loaded below, and by how much its vendor may move it.
SPLITS = {"AAA": (date(2026, 6, 17), 4, 1), "BBB": (date(2026, 6, 18), 1, 3)}
MOVED = timedelta(days=1)
numbering = itertools.count(1)

units = st.decimals("0.000001", "50", places=6)
confirmations = st.tuples(
    st.just("confirm"),
    st.integers(0, 1),
    st.integers(1, 2),
    st.lists(units, max_size=2),
    st.sampled_from([None, None, "misread"]),
)
findings = st.tuples(
    st.just("split"),
    st.sampled_from(SYMBOLS),
    st.sampled_from(["believed", "believed", "withdrawn", "moved"]),
)
actions = st.lists(st.one_of(confirmations, confirmations, findings), min_size=3, max_size=12)
sides = st.lists(st.sampled_from(["BUY", "BUY", "SELL"]), min_size=4, max_size=4)


def prepared(desk, sides):
    """A portfolio of its own with a TRADE ticket in each of two weeks, after both, and its model."""
    turn_clock(desk, SATURDAY_AT)
    book = dataclasses.replace(desk, portfolio_id=f"book_{next(numbering)}")
    tickets, opened = [], {"AAA": Decimal("12.25")}
    with connect("desk_planner", book) as connection:
        ensure_portfolio(connection, book.portfolio_id, "simulated", policy_of())
        store_universe(connection, UNIVERSE)
        holdings = [OpeningPosition(symbol, held_units, Decimal(0)) for symbol, held_units in opened.items()]
        record_opening(
            connection, book.portfolio_id, "operator", Decimal(0), holdings, SATURDAY_AT - timedelta(days=1)
        )
    for week, as_of_date in enumerate((date(2026, 6, 12), date(2026, 6, 18))):
        turn_clock(desk, SATURDAY_AT + timedelta(weeks=week))
        run = freeze_plan(book, as_of_date=as_of_date, key=f"{book.portfolio_id}:{week}")
        tickets.append(issue_trades(book, run, list(zip(SYMBOLS, sides[2 * week :], strict=False))))
    turn_clock(desk, MONDAYS[1] + timedelta(days=2))
    run = freeze_plan(book, kind="daily", as_of_date=date(2026, 6, 23), key=f"{book.portfolio_id}:daily")
    lines = {
        (tickets[week], number): (symbol, 1 if sides[2 * week + number - 1] == "BUY" else -1)
        for week in (0, 1)
        for number, symbol in enumerate(SYMBOLS, start=1)
    }
    turn_clock(desk, MONDAYS[1] + timedelta(hours=1))
    return book, tickets, run, LedgerModel(lines, opened=opened)


def turn_clock(desk, now_at) -> None:
    """Set the simulated clock to an instant, also back: every example lives through the same weeks."""
    with superuser(desk) as connection:
        connection.execute("update desk.simulated_clock set now_at = %s", (now_at,))


def test_the_ledger_agrees_with_the_model(desk):
    """Confirm, correct, oversell, repeat and split in any order: same units, and no refused row counts."""
    load_id = add_load(on_saturday(desk), "splits")
    with connect("desk_loader", desk) as connection:
        for symbol, (ex_date, new, old) in SPLITS.items():
            connection.execute(
                "insert into raw.corporate_actions (load_id, source, vendor_symbol, ex_date, kind, value)"
                " values (%s, 'simulated', %s, %s, 'split', %s)",
                (load_id, f"{symbol}.V", ex_date, round(Decimal(new) / old, 6)),
            )
    outcomes = set()

    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
    @given(sides=sides, steps=actions)
    def lives(sides, steps):
        book, tickets, run, model = prepared(desk, sides)
        for count, step in enumerate(steps):
            if step[0] == "split":
                find(book, run, model, *step[1:])
                continue
            _, week, number, amounts, reason = step
            fills = [(amount, MONDAYS[week] + timedelta(minutes=m)) for m, amount in enumerate(amounts)]
            is_taken = model.confirm((tickets[week], number), fills, reason is not None)
            try:
                book_fills(
                    book,
                    tickets[week],
                    number,
                    [(str(u), at) for u, at in fills],
                    reason=reason,
                    key=f"{book.portfolio_id}:{count}",
                )
                was_taken = True
            except (psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation):
                was_taken = False
            assert was_taken == is_taken
            outcomes.add(was_taken)
        assert held(book) == {symbol: model.units(symbol) for symbol in SYMBOLS if model.units(symbol)}

    lives()
    assert outcomes == {True, False}
    with superuser(desk) as connection:
        for view in ("s4_one_effect_per_key", "c3_reversals_cancel"):
            assert connection.execute(f"select * from inv.{view}").fetchall() == []


def find(book, run, model, symbol: str, belief: str) -> None:
    """Believe a split, believe it on the next day, or no longer believe it, in both ledgers."""
    ex_date, new, old = SPLITS[symbol]
    days = {ex_date: belief, ex_date + MOVED: "believed" if belief == "moved" else "withdrawn"}
    rows = [
        {"symbol": symbol, "ex_date": day, "belief": said.replace("moved", "withdrawn"), "new_shares": new,
         "old_shares": old, "reason": "as told"}
        for day, said in days.items()
    ]  # fmt: skip
    with connect("desk_planner", book) as connection:
        believe_splits(connection, rows, run.run_id)
    for row in rows:
        model.splits.pop((symbol, row["ex_date"]), None)
        if row["belief"] == "believed":
            model.splits[symbol, row["ex_date"]] = Fraction(new, old)


def held(book) -> dict[str, Decimal]:
    """What the view says this portfolio holds."""
    with connect("desk_planner", book) as connection:
        rows = connection.execute(
            "select internal_symbol, units from desk.positions_now where portfolio_id = %s and units <> 0",
            (book.portfolio_id,),
        ).fetchall()
    return {row["internal_symbol"]: row["units"] for row in rows}
