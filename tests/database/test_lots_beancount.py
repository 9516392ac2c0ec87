"""The lots of Postgres beside those of beancount, which books the same trades first in, first out."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

from beancount import loader
from beancount.core.data import Transaction

from tests.database.planning import UNIVERSE, policy_of, table
from tests.database.rows import set_clock
from tests.database.test_events import event, leg, record
from trading_ops.db.connect import connect
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.runs.frozen import adopt_policy
from trading_ops.universe.stored import store_universe

NOW_AT = datetime(2026, 6, 20, 12, tzinfo=UTC)
PENNY = Decimal("0.01")


def drawn_trades() -> list[tuple[date, str, Decimal, Decimal]]:
    """Eighty days of (day, symbol, units, pounds), a third of them sales of a part of what is held."""
    random, held, trades = Random(7), {"AAA": Decimal(0), "BBB": Decimal(0)}, []
    for number in range(80):
        symbol = random.choice(list(held))
        units = Decimal(random.randint(1, 900_000_000)) / 10**8
        if held[symbol] > 1 and random.random() < 0.4:
            units = -(held[symbol] * random.randint(1, 9) / 10).quantize(Decimal("0.00000001"))
        held[symbol] += units
        value = (abs(units) * random.randint(5000, 15000) / 100).quantize(PENNY) + PENNY
        trades.append((date(2026, 3, 1) + timedelta(days=number), symbol, units, value))
    return trades


def booked_by_beancount(trades) -> tuple[dict[tuple[str, date], tuple[Decimal, Decimal]], Decimal]:
    """Return (units, cost) of each lot that is left, and all that was gained."""
    text = ['option "booking_method" "FIFO"', "2026-01-01 open Assets:Stocks", "2026-01-01 open Assets:Cash",
            "2026-01-01 open Income:Gains"]  # fmt: skip
    for day, symbol, units, value in trades:
        cost = f"{{{{{value} GBP}}}}" if units > 0 else "{}"
        cash = -value if units > 0 else value
        text += [
            f'{day} * "trade"',
            f"  Assets:Stocks  {units} {symbol} {cost}",
            f"  Assets:Cash  {cash} GBP",
        ]
        text += ["  Income:Gains"] if units < 0 else []
    entries, errors, _ = loader.load_string("\n".join(text))
    assert not errors
    left: dict[tuple[str, date], tuple[Decimal, Decimal]] = {}
    gained = Decimal(0)
    for posting in (posting for one in entries if isinstance(one, Transaction) for posting in one.postings):
        if posting.account == "Income:Gains":
            gained -= posting.units.number
        elif posting.cost is not None:
            key, number = (posting.units.currency, posting.cost.date), posting.units.number
            units, cost = left.get(key, (Decimal(0), Decimal(0)))
            left[key] = units + number, cost + number * posting.cost.number
    return {key: lot for key, lot in left.items() if lot[0]}, gained


def test_beancount_says_the_same(desk):
    """The same units of the same lots; of cost and gain the same but for what was cut off, a penny a part."""
    set_clock(desk, NOW_AT)
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, "demo", "simulated", policy_of())
        store_universe(connection, UNIVERSE)
        adopt_policy(connection, policy_of())
    trades = drawn_trades()
    for number, (day, symbol, units, value) in enumerate(trades):
        cash = -value if units > 0 else value
        record(
            desk,
            event(
                "trade", leg(symbol, units=str(units), cash_gbp=str(cash)), happened_at=f"{day}T15:00:00+00:00",
                idempotency_key=f"trade {number}",
            ),
        )  # fmt: skip
    left, gained = booked_by_beancount(trades)
    found = table(desk, "lots")
    closed = [row for row in found if row["closed_at"]]
    held = {(row["internal_symbol"], row["opened_at"].date()): row for row in found if not row["closed_at"]}
    assert {key: row["units"] for key, row in held.items()} == {
        key: units for key, (units, _) in left.items()
    }
    assert len(closed) > 50 and len(held) > 5
    for key, (_, cost_gbp) in left.items():
        assert abs(held[key]["cost_gbp"] - cost_gbp) <= PENNY * len(closed)
    assert abs(sum(row["proceeds_gbp"] - row["cost_gbp"] for row in closed) - gained) <= PENNY * len(closed)
