"""
What an export holds, in a few lines, and what it kept too little of. Pure.
"""

from collections import Counter
from collections.abc import Iterable

from trading_ops.imported_fills.fill import ImportedFill
from trading_ops.wording.instants import utc_minute

_KEPT = {
    "text": "every digit is kept",
    "double": "kept as floats: a figure of more than 15 digits is rounded",
    "millionths": "cut off after six decimals: each price and amount may be up to 0.000001 more",
}
_SHOWN_COUNT_MAX = 5


def summary_text(fills: Iterable[ImportedFill]) -> str:
    """Return how many fills there are, of which pairs and when, and the rows whose figures are coarse."""
    pairs: Counter[tuple[str, str, str]] = Counter()
    orders, kept, coarse_count, coarse = set(), set(), 0, []
    first_at = last_at = None
    for fill in fills:
        pairs[fill.market, f"{fill.base_asset}-{fill.quote_asset}", fill.side] += 1
        orders.add((fill.market, fill.order_id))
        kept.add(fill.kept_as)
        first_at = min(first_at or fill.executed_at, fill.executed_at)
        last_at = max(last_at or fill.executed_at, fill.executed_at)
        if fill.is_coarse:
            coarse_count += 1
            if len(coarse) < _SHOWN_COUNT_MAX:
                coarse.append(f"  {fill.place}: {fill.amount} at {fill.price}")
    lines = [
        f"{pairs.total()} fills of {len(orders)} orders, {utc_minute(first_at)} to {utc_minute(last_at)}",
        *(f"  {market} {pair} {side:<4} {count}" for (market, pair, side), count in sorted(pairs.items())),
        *(_KEPT[each] for each in sorted(kept)),
    ]
    if coarse_count:
        lines += [f"{coarse_count} fills may have lost more than a thousandth, or a digit:", *coarse]
    return "\n".join(lines)
