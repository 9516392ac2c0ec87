"""Books drawn by chance, and one of each kind: steps around a few sessions, and closes with gaps."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.dbt.returns_model import Session
from trading_ops.exchange import sessions as exchange

# A weekend, a holiday and a session that closes early lie between them.
DATES = [date(2026, 11, day) for day in (19, 20, 23, 24, 25, 27, 30)]
SESSIONS = [Session(exchange.session_open_at(day), exchange.session_close_at(day)) for day in DATES]
SYMBOLS = ("AAA", "BBB")
NEW_YORK = ZoneInfo("America/New_York")

pence = st.integers(1, 500_000).map(lambda value: Decimal(value) / 100)


@st.composite
def instants(draw, until: datetime) -> datetime:
    """An instant on or around a session: before, at and after open and close, in between, at midnight."""
    session = draw(st.sampled_from(SESSIONS))
    midnight = datetime.combine(session.open_at.astimezone(NEW_YORK).date(), time(), NEW_YORK)
    second = timedelta(seconds=1)
    at = draw(
        st.one_of(
            st.sampled_from(
                [
                    midnight, session.open_at - second, session.open_at, session.open_at + second,
                    session.close_at - second, session.close_at, session.close_at + second,
                    session.close_at + timedelta(hours=20),
                ]
            ),
            st.integers(0, 23_400).map(lambda seconds: session.open_at + timedelta(seconds=seconds)),
        )
    )  # fmt: skip
    return min(at, until)


LATEST_AT = SESSIONS[-1].close_at + timedelta(days=1)
moved = st.tuples(
    st.sampled_from(["deposit", "deposit", "withdrawal", "dividend", "fee", "interest", "taken back"]),
    instants(LATEST_AT),
    pence,
)
units = st.integers(1, 10_000).map(lambda thousandths: Decimal(thousandths) / 1000)
# What is traded after the newest close is worth its close there and then, so the model leaves it out.
traded = st.tuples(
    st.just("fill"),
    instants(SESSIONS[-1].close_at),
    pence,
    st.sampled_from(SYMBOLS),
    st.sampled_from(["BUY", "SELL"]),
    units,
    st.integers(0, 300).map(lambda fee: Decimal(fee) / 100),
)
opened = st.tuples(
    st.sampled_from(["opening", "transfer", "opening taken back"]),
    st.one_of(instants(LATEST_AT), st.just(LATEST_AT)),
    st.just(Decimal(0)),
    st.sampled_from(SYMBOLS),
    units,
)
paid = st.tuples(st.just("dividend of a stock"), instants(LATEST_AT), pence, st.sampled_from(SYMBOLS))
cents = st.one_of(st.integers(100, 50_000).map(lambda price: Decimal(price) / 100), st.none())
prices = st.fixed_dictionaries(
    {s: st.lists(cents, min_size=len(DATES), max_size=len(DATES)) for s in SYMBOLS}
)
# One book of each kind, so that none is left to what was drawn: before, between and after the sessions.
FIRST, MIDDLE, LAST = SESSIONS[0].open_at, SESSIONS[3].close_at, SESSIONS[-1].close_at
TEN = Decimal(10)
EVERY_KIND = [
    ("deposit", FIRST, Decimal(1000)),
    ("fill", MIDDLE, TEN, "AAA", "BUY", Decimal(2), Decimal(1)),
    ("fill", LAST, TEN, "BBB", "BUY", Decimal(1), Decimal(0)),
    ("withdrawal", MIDDLE, TEN),
    ("dividend", MIDDLE, TEN),
    ("fee", MIDDLE, TEN),
    ("interest", MIDDLE, TEN),
    ("taken back", MIDDLE, TEN),
    ("deposit", LATEST_AT, TEN),
    ("opening", FIRST, Decimal(0), "AAA", Decimal(1)),
    ("opening taken back", MIDDLE, Decimal(0), "AAA", Decimal(1)),
    ("transfer", MIDDLE, Decimal(0), "AAA", Decimal(2)),
    ("dividend of a stock", MIDDLE, TEN, "AAA"),
    ("dividend of a stock", LATEST_AT, TEN, "AAA"),
]
CLOSES = {"AAA": [TEN] * len(DATES), "BBB": [None] * len(DATES)}
books = st.permutations(range(12)).flatmap(
    lambda order: st.lists(st.one_of(moved, moved, traded, opened, paid), min_size=1, max_size=12).map(
        lambda steps: [steps[place] for place in order if place < len(steps)]
    )
)
