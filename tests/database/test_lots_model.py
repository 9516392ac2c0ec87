"""The lots of Postgres against an independent model, whatever is booked: late, wrongly, on one day."""

import dataclasses
import itertools
import json
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.database.lots_model import LotsModel
from tests.database.planning import UNIVERSE, policy_of
from tests.database.rows import set_clock
from tests.database.test_ledger_model import turn_clock
from trading_ops.db.connect import connect, queries
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.runs.frozen import adopt_policy
from trading_ops.universe.stored import store_universe

SYMBOLS = ("AAA", "BBB")
BEGUN_AT = datetime(2026, 6, 1, 4, tzinfo=UTC)
NOW_AT = datetime(2026, 6, 20, 12, tzinfo=UTC)
# Midnight of New York is an instant of the histories as well.
EX_DATE, EX_DATE_AT = date(2026, 6, 3), datetime(2026, 6, 3, 4, tzinfo=UTC)
numbering = itertools.count(1)

units = st.sampled_from(["1", "2.5", "3", "0.33333333", "0.0009", "10", "0.00000001"]) | st.decimals(
    "0.00000001", "9", places=8
)
money = st.decimals("0.01", "900", places=2)
fees = st.sampled_from(["0", "0", "1.50"])
# Whole days and half ones, so that much happens at one instant.
instants = st.integers(0, 8).map(lambda half_days: BEGUN_AT + timedelta(hours=12 * half_days))


def trade(is_sale, symbol, count, value, fee, rate):
    """A purchase or a sale; a rate says what it was in dollars."""
    cash = Decimal(value) - Decimal(fee) if is_sale else -Decimal(value) - Decimal(fee)
    in_dollars = {"amount_usd": str((cash * rate).quantize(Decimal("0.01")))} if rate and cash else {}
    return leg(symbol, units=f"-{count}" if is_sale else count, cash_gbp=cash, fee_gbp=fee, **in_dollars)


def leg(symbol, **figures):
    """A leg as it is handed in."""
    return {"symbol": symbol, **{name: str(figure) for name, figure in figures.items()}}


rates = st.sampled_from([None, Decimal("1.25"), Decimal("1.3141")])
symbols = st.sampled_from(SYMBOLS)
trades = st.builds(trade, st.sampled_from([False, False, True]), symbols, units, money, fees, rates)
pairs = st.sampled_from([SYMBOLS, SYMBOLS[::-1]])
events = st.one_of(
    trades.map(lambda one: ("trade", [one])),
    trades.map(lambda one: ("trade", [one])),
    trades.map(lambda one: ("trade", [one])),
    st.builds(lambda s, n, c: ("air_drop", [leg(s, units=n, cost_gbp=c)]), symbols, units, money),
    st.builds(lambda s, n, c: ("transfer", [leg(s, units=n, cost_gbp=c)]), symbols, units, money),
    st.builds(lambda s, n: ("transfer", [leg(s, units=f"-{n}")]), symbols, units),
    st.builds(lambda s, n, c: ("cash_in_lieu", [leg(s, units=f"-{n}", cash_gbp=c)]), symbols, units, money),
    st.builds(lambda s, n: ("delisting", [leg(s, units=f"-{n}")]), symbols, units),
    st.builds(
        lambda p, n, m, c: ("merger", [leg(p[0], units=f"-{n}", cash_gbp=c), leg(p[1], units=m)]), pairs, units, units, money
    ),
    st.builds(lambda s, n, c: ("merger", [leg(s, units=f"-{n}", cash_gbp=c)]), symbols, units, money),
    st.builds(lambda p, n, m: ("exchange", [leg(p[0], units=f"-{n}"), leg(p[1], units=m)]), pairs, units, units),
    st.builds(
        lambda p, n, c: ("spin_off", [leg(p[0], cost_gbp=-c), leg(p[1], units=n, cost_gbp=c)]), pairs, units, money
    ),
    st.builds(lambda s, n, c: ("correction", [leg(s, units=n, cash_gbp=c)]), symbols, units, money),
    st.builds(lambda s, c: ("correction", [leg(s, cash_gbp=-c)]), symbols, money),
    st.builds(lambda s, c: ("dividend", [leg(s, cash_gbp=c)]), symbols, money),
)  # fmt: skip
steps = st.one_of(
    st.tuples(st.just("book"), instants, events),
    st.tuples(st.just("book"), instants, events),
    st.tuples(st.just("book"), instants, events),
    st.tuples(st.just("book"), instants, events),
    st.tuples(st.just("take back"), st.integers(0, 9)),
    st.tuples(
        st.just("split"),
        symbols,
        st.sampled_from([(4, 1), (1, 3), (3, 2)]),
        st.sampled_from(["believed", "withdrawn"]),
    ),
)


HELD = [
    ("book", BEGUN_AT, ("trade", [trade(False, "AAA", "20", "1500.55", "1.50", Decimal("1.25"))])),
    ("book", BEGUN_AT, ("transfer", [leg("BBB", units="7.77777777", cost_gbp="333.33")])),
]


def whole(legs: list[dict]) -> list[dict]:
    """Return legs as the model counts them."""
    return [
        {
            "symbol": one["symbol"],
            "units": int(Decimal(one.get("units", 0)) * 10**8),
            "cash": int(Decimal(one.get("cash_gbp", 0)) * 100),
            "fee": int(Decimal(one.get("fee_gbp", 0)) * 100),
            "cost": int(Decimal(one.get("cost_gbp", 0)) * 100),
            "cents": int(Decimal(one["amount_usd"]) * 100) if "amount_usd" in one else None,
        }
        for one in legs
    ]


def write(book, ask, **request) -> int | None:
    """Hand a request in; None when Postgres refuses it."""
    try:
        with connect("desk_app", book) as connection:
            return ask(
                connection,
                request=json.dumps({"portfolio_id": book.portfolio_id, "person": "operator", **request}),
            )
    except psycopg.errors.CheckViolation:
        return None


def lots(connection, portfolio_id, known_at) -> list[tuple]:
    """What Postgres says, as the model says it."""
    found = connection.execute(
        "select lot_number, internal_symbol, opened_by, closed_by, units, cost_gbp, cost_usd, fee_gbp, proceeds_gbp,"
        " proceeds_usd from desk.lots_known(%s, %s, %s)",
        (portfolio_id, known_at, known_at),
    )
    return [tuple(row.values()) for row in found]


def test_the_lots_agree_with_the_model_at_every_instant(desk):
    """Of whatever was booked until then: late, at one instant, taken back; splits believed and withdrawn."""
    set_clock(desk, NOW_AT)
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, "demo", "simulated", policy_of())
        store_universe(connection, UNIVERSE)
        adopt_policy(connection, policy_of())
    seen = set()

    # Shrinking a failure would live through hundreds of books more.
    @settings(
        max_examples=40,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.lists(steps, min_size=3, max_size=12))
    def lives(history):
        book = dataclasses.replace(desk, portfolio_id=f"book_{next(numbering)}")
        turn_clock(desk, NOW_AT)
        with connect("desk_planner", book) as connection:
            ensure_portfolio(connection, book.portfolio_id, "simulated", policy_of())
        model, past = LotsModel(), []
        for count, (verb, *said) in enumerate([*HELD, *history]):
            now_at = NOW_AT + timedelta(minutes=count)
            turn_clock(desk, now_at)
            LIVED[verb](book, model, f"{book.portfolio_id}:{count}", *said)
            past.append((now_at, deepcopy(model)))
            seen.update(event["kind"] for event in model.events.values())
        with connect("desk_reader", book) as connection:
            for now_at, known in past:
                assert plain(lots(connection, book.portfolio_id, now_at)) == plain(known.rows())

    lives()
    assert len(seen) == 9


def plain(found: list[tuple]) -> list[list[str]]:
    """Rows with numbers as they are read, however many zeros they end in."""
    return sorted(
        [str(value.normalize() + 0 if isinstance(value, Decimal) else value) for value in row]
        for row in found
    )


def book_event(book, model, key, at, event) -> None:
    """Book an event in both."""
    kind, legs = event
    number = write(
        book,
        queries.ledger.record_event,
        kind=kind,
        happened_at=at.isoformat(),
        notes="n",
        legs=legs,
        idempotency_key=key,
    )
    if number and kind != "dividend":
        model.events[number] = {"kind": kind, "at": at, "legs": whole(legs)}


def take_back(book, model, key, place) -> None:
    """Take one of the events that stand back in both."""
    numbers = sorted(model.events)
    if numbers:
        number = numbers[place % len(numbers)]
        if write(book, queries.ledger.reverse_event, event_id=number, notes="n", idempotency_key=key):
            del model.events[number]


def settle(book, model, _key, symbol, shares, belief) -> None:
    """Believe a split, or no longer, in both."""
    was_taken = write(
        book,
        queries.ledger.settle_split,
        symbol=symbol,
        ex_date=EX_DATE.isoformat(),
        belief=belief,
        new_shares=shares[0],
        old_shares=shares[1],
        notes="n",
    )
    if was_taken:
        model.splits.pop((symbol, EX_DATE_AT), None)
        if belief == "believed":
            model.splits[symbol, EX_DATE_AT] = shares


LIVED = {"book": book_event, "take back": take_back, "split": settle}
