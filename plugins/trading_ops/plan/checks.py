"""
The riskguard: one function per check, one signature, one Check each.

Pure. A check that lacks what it needs is not clear. The same facts are checked again in SQL by the risk
gate; the names are those of desk.required_checks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from trading_ops.config.policy import Policy
from trading_ops.plan.book import Book, Day, Instrument, Order, Plan
from trading_ops.wording.figures import gbp, ratio

RATIO_STEP = Decimal("0.000001")
_UNVALUED = "Load a bar of every holding, or read the log of build_book in Airflow, and plan again."


@dataclass(frozen=True)
class Check:
    """What one check saw, its limit, whether it is clear, and if not the smallest fix."""

    check_name: str
    observed_value: Decimal | None
    limit_value: Decimal | None
    is_clear: bool
    reason: str
    fix: str


def run_checks(book: Book, plan: Plan, policy: Policy) -> tuple[Check, ...]:
    """Return every check of the riskguard over a plan."""
    return tuple(check(book, plan, policy) for check in CHECKS)


def positions_count(book: Book, plan: Plan, policy: Policy) -> Check:
    """Is the number of positions after the plan within its limit, or does the plan only close some?"""
    exits = {order.symbol for order in plan.orders if order.is_full_exit}
    opened = {order.symbol for order in plan.orders if order.side == "BUY"} - set(book.holdings)
    count = Decimal(len((set(book.holdings) - exits) | opened))
    limit = Decimal(policy.risk.positions_count_max)
    is_lowered = not opened and count < len(book.holdings)
    return Check(
        "positions_count",
        count,
        limit,
        count <= limit or is_lowered,
        f"{count} positions after the plan, {limit} allowed"
        + ("; they only become fewer" if is_lowered and count > limit else ""),
        "Lower sizing.positions_count or sell a position first.",
    )


def position_weight(book: Book, plan: Plan, policy: Policy) -> Check:
    """
    Is every position's share of equity after the plan within its limit, or nearer to it than before?

    Clear as well when what is above the limit, summed over all positions, becomes less and nothing above
    it is bought: one week's turnover may not be enough.
    """
    limit = policy.risk.weight_ratio_max
    before = {symbol: book.value_of(symbol) for symbol in book.holdings}
    values = dict(before)
    for order in plan.orders:
        values[order.symbol] = values.get(order.symbol, Decimal(0)) + _signed_value(order)
    heaviest = max(sorted(values), key=lambda symbol: values[symbol], default=None)
    if heaviest is None:
        return Check("position_weight", Decimal(0), limit, True, "no position after the plan", "")
    weight = _ratio(values[heaviest], book.equity_gbp)
    room = limit * book.equity_gbp
    above = {symbol for symbol, value in values.items() if value > room}
    is_within = weight is not None and not above
    is_lowered = (
        weight is not None
        and not any(order.symbol in above for order in plan.orders if order.side == "BUY")
        and _above(values, room) < _above(before, room)
    )
    return Check(
        "position_weight",
        weight,
        limit,
        is_within or is_lowered,
        f"{heaviest}, the largest position after the plan, is {_shown(weight)} of equity, {ratio(limit)} allowed"
        + ("; what is above it is only lowered" if is_lowered and not is_within else ""),
        f"Raise sizing.turnover_ratio_max until the plan sells some of {heaviest}, and plan again.",
    )


def cash_buffer(book: Book, plan: Plan, policy: Policy) -> Check:
    """
    Does the cash buffer stay when every purchase is made and every sale is skipped? Only cash the broker has
    shown counts.

    A plan without purchases is clear: it can only raise cash.
    """
    limit = policy.risk.cash_buffer_ratio_min
    left_gbp = book.spendable_gbp - plan.total_gbp("BUY")
    observed = _ratio(left_gbp, book.equity_gbp)
    spends = plan.total_gbp("BUY") > 0
    is_clear = not spends or (observed is not None and left_gbp >= limit * book.equity_gbp)
    return Check(
        "cash_buffer",
        observed,
        limit,
        is_clear,
        f"cash after all purchases and no sale is {_shown(observed)} of equity, {ratio(limit)} must stay",
        "Deposit cash or wait for the sales of an earlier week to settle.",
    )


def turnover(book: Book, plan: Plan, policy: Policy) -> Check:
    """Is the value of all orders within its share of equity?"""
    limit = policy.risk.turnover_ratio_max
    traded_gbp = plan.total_gbp("SELL") + plan.total_gbp("BUY")
    observed = _ratio(traded_gbp, book.equity_gbp)
    is_clear = traded_gbp == 0 or (observed is not None and traded_gbp <= limit * book.equity_gbp)
    return Check(
        "turnover",
        observed,
        limit,
        is_clear,
        f"the orders turn over {_shown(observed)} of equity, {ratio(limit)} allowed",
        "Lower sizing.turnover_ratio_max and plan again.",
    )


def long_only(book: Book, plan: Plan, policy: Policy) -> Check:
    """Does no order sell more than is held?"""
    short = [
        order.symbol
        for order in plan.orders
        if order.side == "SELL"
        and (
            order.units_estimate > book.units_of(order.symbol)
            or order.value_gbp > book.value_of(order.symbol)
        )
    ]
    return _listing(
        "long_only", short, "would be sold beyond what is held", "Reconcile the ledger and plan again."
    )


def symbols_tradable(book: Book, plan: Plan, policy: Policy) -> Check:
    """Is everything bought an enabled stock of the universe, and everything traded known and priced?"""
    refused = [
        order.symbol
        for order in plan.orders
        if not _may_trade(book.instruments.get(order.symbol), order.side)
    ]
    return _listing("symbols_tradable", refused, "may not be traded", "Correct universe.csv and plan again.")


def sizes_possible(book: Book, plan: Plan, policy: Policy) -> Check:
    """Could everything be sized, and is every order large enough and in whole pennies?"""
    limit = policy.risk.order_gbp_min
    smallest = min((order.value_gbp for order in plan.orders), default=None)
    if plan.obstacles:
        return Check(
            "sizes_possible",
            None if plan.is_unknown else Decimal(0),
            limit,
            False,
            "; ".join(plan.obstacles),
            "Load what is missing, correct universe.csv or record a deposit, and plan again.",
        )
    odd = [order.symbol for order in plan.orders if not _is_possible(order, limit)]
    if odd:
        reason = f"impossible size: {', '.join(odd)}"
    else:
        reason = "nothing to trade" if smallest is None else f"the smallest order is {gbp(smallest)}"
    return Check(
        "sizes_possible", smallest, limit, not odd, reason, "Raise sizing.order_gbp_min and plan again."
    )


def drawdown(book: Book, plan: Plan, policy: Policy) -> Check:
    """Has the book lost less than its limit since its peak, which a drawdown review counts anew?"""
    today = _today(book)
    observed = today.drawdown_ratio if today else None
    fix = "Find out why. If the strategy goes on, an operator records a drawdown review; then plan again."
    seen = f"the book is {_shown(observed)} below its peak"
    return _loss("drawdown", observed, policy.risk.drawdown_ratio_max, seen, fix)


def daily_loss(book: Book, plan: Plan, policy: Policy) -> Check:
    """Did the book lose less than its limit on the as-of session?"""
    today = _today(book)
    is_known = today is not None and today.return_ratio is not None
    observed = max(-today.return_ratio, Decimal(0)) if is_known else None
    fix = "Look for the cause before planning again."
    seen = f"the book lost {_shown(observed)} on the as-of session"
    return _loss("daily_loss", observed, policy.risk.daily_loss_ratio_max, seen, fix)


def equity_jump(book: Book, plan: Plan, policy: Policy) -> Check:
    """Did the book move less on the as-of session than a book can, up or down?"""
    today = _today(book)
    moved = today.return_ratio if today else None
    observed = None if moved is None else abs(moved)
    fix = "Look for a wrong price or GBP/USD rate of that session, load it corrected, and plan again."
    seen = f"the book moved by {_shown(moved)} on the as-of session"
    return _loss("equity_jump", observed, policy.risk.equity_jump_ratio_max, seen, fix)


def price_band(book: Book, plan: Plan, policy: Policy) -> Check:
    """Is every reference price within its band of true ranges around the close before?"""
    limit = policy.risk.price_band_atr_max
    widest, outside = Decimal(0), []
    for order in plan.orders:
        distance = _distance_atr(book, order)
        if distance is None or distance > limit:
            outside.append(order.symbol)
        widest = max(widest, distance or Decimal(0))
    moved = f"{', '.join(outside)} moved out of the band or lacks one"
    reason = moved if outside else "every reference price is in its band"
    return Check(
        "price_band",
        widest.quantize(RATIO_STEP, ROUND_HALF_EVEN),
        limit,
        not outside,
        f"{reason}; {limit} times the ATR(14) allowed",
        "Check the bars of the symbols named, then load a correction or disable them.",
    )


CHECKS: tuple[Callable[[Book, Plan, Policy], Check], ...] = (
    positions_count,
    position_weight,
    cash_buffer,
    turnover,
    long_only,
    symbols_tradable,
    sizes_possible,
    drawdown,
    price_band,
    daily_loss,
    equity_jump,
)


def _above(values: Mapping[str, Decimal], room: Decimal) -> Decimal:
    return sum((max(value - room, Decimal(0)) for value in values.values()), Decimal(0))


def _loss(check_name: str, observed: Decimal | None, limit: Decimal, seen: str, fix: str) -> Check:
    is_clear = observed is not None and observed < limit
    fix = _UNVALUED if observed is None else fix
    return Check(check_name, observed, limit, is_clear, f"{seen}, less than {ratio(limit)} allowed", fix)


def _listing(check_name: str, symbols: list[str], what: str, fix: str) -> Check:
    reason = f"{', '.join(symbols)} {what}" if symbols else f"nothing {what}"
    return Check(check_name, Decimal(len(symbols)), Decimal(0), not symbols, reason, fix)


def _may_trade(instrument: Instrument | None, side: str) -> bool:
    if instrument is None or not instrument.has_price:
        return False
    return side == "SELL" or (instrument.is_enabled and instrument.is_tradable)


def _signed_value(order: Order) -> Decimal:
    return order.value_gbp if order.side == "BUY" else -order.value_gbp


def _is_possible(order: Order, order_gbp_min: Decimal) -> bool:
    in_pennies = order.value_gbp == order.value_gbp.quantize(Decimal("0.01"))
    return in_pennies and order.value_gbp >= order_gbp_min and order.units_estimate > 0


def _distance_atr(book: Book, order: Order) -> Decimal | None:
    instrument = book.instruments.get(order.symbol)
    if instrument is None or instrument.previous_close_usd is None or instrument.atr_14_usd is None:
        return None
    move = abs(order.reference_price_usd - instrument.previous_close_usd)
    if instrument.atr_14_usd <= 0:
        # A price that never moves has no band: only standing still is within it.
        return Decimal(0) if move == 0 else None
    return move / instrument.atr_14_usd


def _today(book: Book) -> Day | None:
    """Return the newest session of the book's past if it is the as-of date, else None."""
    newest = max(book.days, key=lambda day: day.session_date, default=None)
    return newest if newest and newest.session_date == book.as_of_date else None


def _ratio(value: Decimal, whole: Decimal) -> Decimal | None:
    return (value / whole).quantize(RATIO_STEP, ROUND_HALF_EVEN) if whole > 0 else None


def _shown(value: Decimal | None) -> str:
    return "an unknown share" if value is None else ratio(value)
