"""
Order sizing: from ranks to the trades a person will click.

Pure functions over plain data, so the same book and policy always give the same orders, whatever
order the rows came in. No order spends cash the ledger does not have, even when every sale of the
ticket is skipped.
"""

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from trading_ops.config.policy import Policy, Sizing
from trading_ops.plan.book import Book, Order, Plan, Target

PENNY = Decimal("0.01")
CENT = Decimal("0.01")
UNIT_STEP = Decimal("0.00000001")
WEIGHT_STEP = Decimal("0.000001")

# The words of desk.portfolio_targets.binding_constraint, and what each says of its symbol.
CONSTRAINTS = {
    "selected": "wanted at equal weight",
    "weight_cap": "wanted, at the highest weight the policy allows",
    "within_band": "held close enough to its target to be left alone",
    "turnover_cap": "its order was reduced or dropped to keep the turnover",
    "cash_buffer": "its order was reduced or dropped to keep the cash buffer",
    "order_min": "its order would be too small",
    "outranked": "could be bought, but others rank higher",
    "not_ranked": "has no score",
    "disabled": "disabled in the universe",
    "not_tradable": "not a stock the desk may buy",
    "no_price": "has no price on the as-of date",
    "no_history": "too young for the price band",
    "blocked": "nothing could be sized",
}


@dataclass(frozen=True)
class Wish:
    """A trade before the caps; a full exit sells every unit."""

    side: str
    symbol: str
    value_gbp: Decimal
    is_full_exit: bool = False


def size_plan(book: Book, policy: Policy) -> Plan:
    """
    Return a target for every symbol and the orders towards them, SELL lines before BUY lines.

    Without a rate, a price for every holding, any equity, or any symbol worth buying there are no
    orders at all, not even sales; the plan then names the obstacles.
    """
    selected = _select(book, policy.sizing.positions_count)
    obstacles, is_unknown = _find_obstacles(book, selected)
    if obstacles:
        blocked = tuple(_target(book, symbol, Decimal(0), "blocked") for symbol in _symbols(book))
        return Plan(blocked, (), obstacles, is_unknown)
    weight, word = _target_weight(policy.sizing)
    targets = {}
    for symbol in _symbols(book):
        is_wanted = symbol in selected
        targets[symbol] = _target(
            book, symbol, weight if is_wanted else Decimal(0), word if is_wanted else _why_not(book, symbol)
        )
    band_gbp = policy.sizing.rebalance_band_ratio * book.equity_gbp
    for symbol in selected:
        is_close = abs(targets[symbol].value_gbp - book.value_of(symbol)) <= band_gbp
        if book.units_of(symbol) > 0 and is_close:
            targets[symbol] = replace(targets[symbol], binding_constraint="within_band")
    wishes = _wish_sales(book, targets) + _wish_purchases(book, targets, selected)
    granted, capped = _keep_caps(wishes, book, policy)
    targets |= {symbol: replace(targets[symbol], binding_constraint=cap) for symbol, cap in capped.items()}
    orders = tuple(
        _order(wish, number, book, policy.execution.price_limit_ratio)
        for number, wish in enumerate(granted, start=1)
    )
    return Plan(tuple(targets.values()), orders)


def limit_price(side: str, reference_price_usd: Decimal, price_limit_ratio: Decimal) -> Decimal:
    """
    Return the price beyond which a line is skipped, in whole cents.

    Rounded against the trade: a BUY's limit down, a SELL's up, so neither goes past the ratio.
    """
    if side == "BUY":
        return (reference_price_usd * (1 + price_limit_ratio)).quantize(CENT, ROUND_FLOOR)
    return (reference_price_usd * (1 - price_limit_ratio)).quantize(CENT, ROUND_CEILING)


def _find_obstacles(book: Book, selected: tuple[str, ...]) -> tuple[tuple[str, ...], bool]:
    """Return what makes sizing impossible, and whether nothing but a missing input does."""
    missing, known = [], []
    if book.gbpusd_rate is None:
        missing.append("the GBP/USD rate is missing")
    for symbol in sorted(book.holdings):
        instrument = book.instruments.get(symbol)
        if instrument is None:
            known.append(f"{symbol} is held but not in the universe")
        elif not instrument.has_price or book.holdings[symbol].value_gbp is None:
            missing.append(f"{symbol} is held but has no price on the as-of date")
    if not missing and not known and book.equity_gbp <= 0:
        known.append("the book has no equity")
    if not selected:
        # Selling everything because the signal is missing would be a trade nobody decided.
        may_buy = any(stock.is_enabled and stock.is_tradable for stock in book.instruments.values())
        (missing if may_buy else known).append("no ranked symbol can be bought")
    return (*missing, *known), bool(missing) and not known


def _symbols(book: Book) -> list[str]:
    return sorted({*book.instruments, *book.holdings})


def _select(book: Book, positions_count: int) -> tuple[str, ...]:
    """Return the best ranked symbols that can be bought, best first."""
    ranked = sorted(book.ranks, key=lambda symbol: (book.ranks[symbol], symbol))
    return tuple(symbol for symbol in ranked if _why_not(book, symbol) == "outranked")[:positions_count]


def _why_not(book: Book, symbol: str) -> str:
    """Return what keeps a symbol from being bought; only its rank does when it is "outranked"."""
    instrument = book.instruments.get(symbol)
    if instrument is None or not instrument.is_enabled:
        return "disabled"
    if not instrument.is_tradable:
        return "not_tradable"
    if not instrument.has_price:
        return "no_price"
    if symbol not in book.ranks:
        return "not_ranked"
    if instrument.previous_close_usd is None or instrument.atr_14_usd is None:
        return "no_history"
    return "outranked"


def _target_weight(sizing: Sizing) -> tuple[Decimal, str]:
    equal = ((1 - sizing.cash_buffer_ratio_min) / sizing.positions_count).quantize(WEIGHT_STEP, ROUND_DOWN)
    return (
        (equal, "selected") if equal <= sizing.weight_ratio_max else (sizing.weight_ratio_max, "weight_cap")
    )


def _target(book: Book, symbol: str, weight_ratio: Decimal, word: str) -> Target:
    value_gbp = _to_penny(weight_ratio * book.equity_gbp)
    return Target(symbol, weight_ratio, value_gbp, book.units_of(symbol), book.value_of(symbol), word)


def _wish_sales(book: Book, targets: dict[str, Target]) -> list[Wish]:
    """Return the sales, largest holding first: what weighs most is the most urgent to reduce."""
    wishes = []
    for symbol in sorted(book.holdings, key=lambda held: (-book.value_of(held), held)):
        target = targets[symbol]
        value_gbp = _to_penny(book.value_of(symbol) - target.value_gbp)
        if value_gbp > 0 and target.binding_constraint != "within_band":
            wishes.append(Wish("SELL", symbol, value_gbp, is_full_exit=target.weight_ratio == 0))
    return wishes


def _wish_purchases(book: Book, targets: dict[str, Target], selected: tuple[str, ...]) -> list[Wish]:
    """Return the purchases, best rank first."""
    wishes = [
        Wish("BUY", symbol, _to_penny(targets[symbol].value_gbp - book.value_of(symbol)))
        for symbol in selected
        if targets[symbol].binding_constraint != "within_band"
    ]
    return [wish for wish in wishes if wish.value_gbp > 0]


def _keep_caps(wishes: list[Wish], book: Book, policy: Policy) -> tuple[list[Wish], dict[str, str]]:
    """
    Grant wishes in their order while turnover and cash last; also return what bound whom.

    The wish that meets a cap is reduced to what is left, those after it are dropped.
    """
    sizing = policy.sizing
    turnover_left = _to_penny(sizing.turnover_ratio_max * book.equity_gbp)
    # The worst case is that every sale is skipped, so only cash that is there today may be spent.
    cash_left = _to_penny(book.spendable_gbp - sizing.cash_buffer_ratio_min * book.equity_gbp)
    granted, bound = [], {}
    for wish in wishes:
        room = {"turnover_cap": turnover_left}
        if wish.side == "BUY":
            room["cash_buffer"] = cash_left
        cap = min(room, key=lambda name: room[name])
        value_gbp = min(wish.value_gbp, room[cap])
        if value_gbp < wish.value_gbp:
            bound[wish.symbol] = cap
            wish = replace(wish, value_gbp=value_gbp, is_full_exit=False)
        # A dust trade costs the executor's attention and a spread, and moves nothing.
        if value_gbp < sizing.order_gbp_min or _units(wish, book) <= 0:
            bound.setdefault(wish.symbol, "order_min")
            continue
        granted.append(wish)
        turnover_left -= value_gbp
        cash_left -= value_gbp if wish.side == "BUY" else 0
    return granted, bound


def _units(wish: Wish, book: Book) -> Decimal:
    """Return the units a trade moves: all of them for a full exit, never more than held for a sale."""
    held = book.units_of(wish.symbol)
    if wish.is_full_exit:
        return held
    price_usd = book.instruments[wish.symbol].close_usd
    units = (wish.value_gbp * book.gbpusd_rate / price_usd).quantize(UNIT_STEP, ROUND_DOWN)
    return min(units, held) if wish.side == "SELL" else units


def _order(wish: Wish, number: int, book: Book, price_limit_ratio: Decimal) -> Order:
    reference = book.instruments[wish.symbol].close_usd
    return Order(
        line_number=number,
        symbol=wish.symbol,
        side=wish.side,
        value_gbp=wish.value_gbp,
        units_estimate=_units(wish, book),
        is_full_exit=wish.is_full_exit,
        reference_price_usd=reference,
        price_limit_usd=limit_price(wish.side, reference, price_limit_ratio),
        gbpusd_rate=book.gbpusd_rate,
    )


def _to_penny(value_gbp: Decimal) -> Decimal:
    """Round towards less money: down for an amount to trade, further down for a debt."""
    return value_gbp.quantize(PENNY, ROUND_FLOOR)
