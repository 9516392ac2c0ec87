"""Books and policies for the risk tests: a small true book, and hypothesis strategies for odd ones."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from trading_ops.config.policy import Policy, parse_policy
from trading_ops.plan.book import Book, Day, Holding, Instrument
from trading_ops.settings import PROJECT_ROOT

AS_OF_DATE = date(2026, 6, 12)
POLICY = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "config/policy.yml")


def policy_with(**changes: str | int) -> Policy:
    """The committed policy with some numbers changed, as in sizing__positions_count=3."""
    policy = POLICY
    for name, value in changes.items():
        section, field = name.split("__")
        number = value if isinstance(value, int) else Decimal(value)
        policy = policy.model_copy(
            update={section: getattr(policy, section).model_copy(update={field: number})}
        )
    return policy


def stock(symbol: str, close_usd: str | None = "100", **columns) -> Instrument:
    """An enabled stock that closed where it did the day before."""
    close = None if close_usd is None else Decimal(close_usd)
    values = {
        "symbol": symbol,
        "is_enabled": True,
        "is_tradable": True,
        "close_usd": close,
        "previous_close_usd": close,
        "atr_14_usd": Decimal(2),
        **columns,
    }
    return Instrument(**values)


def book_of(
    instruments: list[Instrument],
    holdings: dict[str, str] | None = None,
    ranks: list[str] | None = None,
    cash_gbp: str = "10000",
    rate: str | None = "1.25",
    spendable_gbp: str | None = None,
) -> Book:
    """
    A book of symbol -> GBP value held, ranked in the order of `ranks` (all, by default).

    Every holding has the units its value buys at its close; all cash may be spent unless said otherwise.
    """
    by_symbol = {instrument.symbol: instrument for instrument in instruments}
    held = {}
    for symbol, value in (holdings or {}).items():
        close = by_symbol[symbol].close_usd or Decimal(100)
        held[symbol] = Holding(symbol, Decimal(value) * Decimal(rate or 1) / close, Decimal(value))
    return Book(
        instruments=by_symbol,
        holdings=held,
        ranks={
            symbol: rank for rank, symbol in enumerate(ranks if ranks is not None else by_symbol, start=1)
        },
        cash_gbp=Decimal(cash_gbp),
        spendable_gbp=Decimal(cash_gbp if spendable_gbp is None else spendable_gbp),
        gbpusd_rate=None if rate is None else Decimal(rate),
        as_of_date=AS_OF_DATE,
        days=(Day(AS_OF_DATE, Decimal("0.001"), Decimal("0.02")),),
    )


def shuffled(book: Book, order) -> Book:
    """The same book with its rows in another order; `order` shuffles a list in place."""

    def mixed(rows):
        items = list(rows.items())
        order(items)
        return dict(items)

    return replace(
        book, instruments=mixed(book.instruments), holdings=mixed(book.holdings), ranks=mixed(book.ranks)
    )


@st.composite
def books(draw) -> Book:
    """Any book a desk could have: odd prices, part of the universe ranked, overweight and dust holdings."""
    symbols = [f"S{number:02d}" for number in range(draw(st.integers(1, 12)))]
    prices = st.decimals("0.01", "5000", places=2)
    instruments = [
        stock(
            symbol,
            str(draw(prices)),
            is_enabled=draw(st.sampled_from([True, True, True, False])),
            is_tradable=draw(st.sampled_from([True, True, True, False])),
            atr_14_usd=draw(st.sampled_from([Decimal(2), Decimal(2), None])),
        )
        for symbol in symbols
    ]
    held = draw(st.lists(st.sampled_from(symbols), unique=True))
    holdings = {symbol: str(draw(st.decimals("0.000001", "3000", places=6))) for symbol in held}
    ranked = draw(st.permutations(draw(st.lists(st.sampled_from(symbols), unique=True))))
    cash = str(draw(st.decimals("-500", "20000", places=2)))
    rate = str(draw(st.decimals("0.9", "2.1", places=4)))
    return book_of(instruments, holdings, list(ranked), cash, rate)


@st.composite
def policies(draw) -> Policy:
    """Any sizing within the committed risk limits."""
    return policy_with(
        sizing__positions_count=draw(st.integers(1, 12)),
        sizing__weight_ratio_max=str(draw(st.decimals("0.01", "1", places=3))),
        sizing__cash_buffer_ratio_min=str(draw(st.decimals("0", "0.5", places=3))),
        sizing__turnover_ratio_max=str(draw(st.decimals("0", "1", places=3))),
        sizing__order_gbp_min=str(draw(st.decimals("0.01", "100", places=2))),
        sizing__rebalance_band_ratio=str(draw(st.decimals("0", "0.1", places=3))),
    )
