"""The returns dbt computes are those of an independent model, whatever came and went, and when."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, example, given, settings

from tests.dbt.drawn_books import CLOSES, DATES, EVERY_KIND, NEW_YORK, SESSIONS, SYMBOLS, TEN, books, prices
from tests.dbt.returns_model import Event, days_of
from tests.dbt.small_desk import PORTFOLIO, RUN_ID
from trading_ops.db.connect import connect

RATE = Decimal("1.25")
SATURDAY_AT, HOUR = datetime(2026, 11, 21, 10, tzinfo=UTC), timedelta(hours=1)
# What is made of the rows the test writes, in this order.
MODELS = (
    "intermediate/ledger/int_ledger__session_spans",
    "intermediate/ledger/int_ledger__postings_placed",
    "intermediate/ledger/int_ledger__closes",
    "intermediate/ledger/int_ledger__entries",
    "intermediate/ledger/int_ledger__position_values",
    "marts/ledger/equity_daily",
)


@pytest.fixture
def relations(built):
    """Write rows below the compiled models, run them, and take all of it back."""
    folder = built.target / "compiled/trading_ops/models"
    compiled = {model.split("/")[-1]: (folder / f"{model}.sql").read_text() for model in MODELS}
    with connect("desk_dbt", built.desk) as connection, connection.transaction(force_rollback=True):
        connection.execute("update staging.stg_desk__runs set as_of_date = %s", (DATES[-1],))
        for table in ("market__sessions", "market__fx_by_session", "market__price_findings"):
            connection.execute(f"truncate intermediate.int_{table}")
        for day in DATES:
            connection.execute(
                "insert into intermediate.int_market__sessions (run_id, session_date, session_number)"
                " values (%s, %s, %s)",
                (RUN_ID, day, len(DATES) - DATES.index(day)),
            )
            connection.execute(
                "insert into intermediate.int_market__fx_by_session (run_id, session_date, gbpusd_rate)"
                " values (%s, %s, %s)",
                (RUN_ID, day, RATE),
            )
        yield connection, compiled


def computed(relations, steps, closes) -> list[dict]:
    """What the compiled models make of a book; each row of equity_daily."""
    connection, compiled = relations
    connection.execute("truncate staging.stg_desk__entries, intermediate.int_market__price_factors")
    for kind, at, amount, *rest in steps:
        if kind == "fill":
            symbol, side, units, fee = rest
            sign = 1 if side == "BUY" else -1
            entries = [(symbol, sign * units, -sign * amount - fee)]
        elif kind == "split":
            at = datetime.combine(at, time(), NEW_YORK)
            entries = [(rest[0], rest[1], 0)]
        elif kind == "dividend of a stock":
            entries = [(rest[0], 0, amount)]
        elif kind.startswith(("opening", "transfer")):
            entries = [(rest[0], rest[1], 0), (rest[0], -rest[1], 0)][: 1 + kind.endswith("taken back")]
        else:
            entries = [(None, 0, amount * sign_of(kind)), (None, 0, -amount)][: 1 + (kind == "taken back")]
        for symbol, units_delta, cash_delta_gbp in entries:
            connection.execute(
                "insert into staging.stg_desk__entries (run_id, portfolio_id, kind, internal_symbol, happened_at,"
                " units_delta, cash_delta_gbp, is_taken_back) values (%s, %s, %s, %s, %s, %s, %s, %s)",
                (
                    RUN_ID, PORTFOLIO, {"taken back": "deposit"}.get(kind, kind.split()[0]), symbol, at, units_delta,
                    cash_delta_gbp, kind.endswith("taken back"),
                ),
            )  # fmt: skip
    for symbol, found in closes.items():
        for day, price in zip(DATES, found, strict=True):
            if price is not None:
                connection.execute(
                    "insert into intermediate.int_market__price_factors"
                    " (run_id, internal_symbol, session_date, as_traded_close_usd) values (%s, %s, %s, %s)",
                    (RUN_ID, symbol, day, price),
                )
    for model, select in compiled.items():
        schema = "marts" if model == "equity_daily" else "intermediate"
        connection.execute(f"truncate {schema}.{model}")
        connection.execute(f"insert into {schema}.{model} {select}")
    return connection.execute("select * from marts.equity_daily order by session_date").fetchall()


def sign_of(kind: str) -> int:
    """Money out is negative."""
    return -1 if kind in ("withdrawal", "fee") else 1


def events_of(steps) -> list[Event]:
    """The same book as the model takes it."""
    events = []
    for kind, at, amount, *rest in steps:
        if kind == "fill":
            symbol, side, units, fee = rest
            sign = 1 if side == "BUY" else -1
            events.append(
                Event(at, Fraction(-sign * amount - fee), symbol=symbol, units=Fraction(sign * units))
            )
        elif kind == "dividend of a stock":
            events.append(Event(at, Fraction(amount)))
        elif kind.startswith(("opening", "transfer")):
            symbol, opened_units = rest
            for sign in (1, -1) if kind.endswith("taken back") else (1,):
                events.append(Event(at, Fraction(0), True, symbol, Fraction(sign * opened_units)))
        elif kind == "taken back":
            events += [Event(at, Fraction(amount)), Event(at, Fraction(-amount))]
        else:
            is_flow = kind in ("deposit", "withdrawal")
            events.append(Event(at, Fraction(amount * sign_of(kind)), is_flow))
    return events


def in_pounds(found: list[Decimal | None], symbol: str, events: list[Event]) -> list[Fraction | None]:
    """
    The price of each session: its own, or the last before it since the first trade; of the newest its own.
    """
    known, prices_gbp = None, []
    first_at = min((event.at for event in events if event.symbol == symbol), default=None)
    for session, price in zip(SESSIONS, found, strict=True):
        if first_at is not None and first_at <= session.close_at:
            known = price if price is not None else known
        prices_gbp.append(known)
    prices_gbp[-1] = found[-1]
    return [None if price is None else Fraction(price) / Fraction(RATE) for price in prices_gbp]


def near(found: Decimal | None, expected: Fraction | None) -> bool:
    """Equal but for what rounding to 12 and 16 decimals leaves, relative to the figure."""
    if found is None or expected is None:
        return found is expected
    return abs(Fraction(found) - expected) <= Fraction(1, 10**9) * max(1, abs(expected))


OPENED = ("opening", SATURDAY_AT, Decimal(0), "AAA", Decimal(10))


@pytest.mark.parametrize(
    "steps",
    [
        [OPENED],
        [("opening taken back", *OPENED[1:]), OPENED],
        [("opening taken back", *OPENED[1:4], TEN * 10), ("opening", SATURDAY_AT + HOUR, *OPENED[2:])],
        [("opening taken back", SATURDAY_AT + HOUR, *OPENED[2:]), OPENED],
    ],
    ids=["once", "taken back and recorded anew", "another one before", "another one after"],
)
def test_a_split_after_an_opening_is_neither_gain_nor_loss(relations, steps):
    """Of the units that stand alone: what was taken back has no part in it, at the same instant or not."""
    closes = {"AAA": [Decimal(100)] * 2 + [Decimal(25)] * 5, "BBB": CLOSES["BBB"]}
    found = computed(relations, [*steps, ("split", DATES[2], Decimal(0), "AAA", Decimal(30))], closes)
    assert [row["equity_gbp"] for row in found] == [Decimal(800)] * 5
    assert {(row["return_ratio"] or 0, row["drawdown_ratio"]) for row in found} == {(0, 0)}


def test_returns_are_those_of_an_independent_model(relations):
    """Equity, return, growth and drawdown of each session, and that each kind of book was seen."""
    seen = set()

    @settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(books, prices)
    @example(EVERY_KIND, CLOSES)
    def agree(steps, closes):
        found = computed(relations, steps, closes)
        events = events_of(steps)
        expected = days_of(SESSIONS, events, {s: in_pounds(closes[s], s, events) for s in SYMBOLS})
        assert [row["session_date"] for row in found] == DATES[len(DATES) - len(expected) :]
        for row, day in zip(found, expected, strict=True):
            told = {
                name: row[name] for name in ("equity_gbp", "return_ratio", "growth_index", "drawdown_ratio")
            }
            for name, value in zip(told, (day.equity, day.gain, day.growth, day.drawdown), strict=True):
                assert near(told[name], value), (
                    row["session_date"],
                    name,
                    told[name],
                    value and float(value),
                )
            seen.update(
                {"unknown" if day.equity is None else "known", "no return" if day.gain is None else "return"}
            )
        seen.update(kind for kind, *_ in steps)
        seen.update("late" for _, at, *_ in steps if at > SESSIONS[-1].close_at)

    agree()
    assert seen >= {
        "unknown",
        "known",
        "no return",
        "return",
        "late",
        "fill",
        "deposit",
        "withdrawal",
        "taken back",
        "opening",
        "opening taken back",
    }
