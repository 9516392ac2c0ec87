"""
What a plan came to, in one line, as Airflow shows it beside the run.

Pure.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from trading_ops.plan.reasons import Reason
from trading_ops.wording.figures import gbp


def outcome(kind: str, values_gbp: Iterable[Decimal], reasons: Sequence[Reason]) -> str:
    """
    Return a ticket's kind with its orders or its first reason: `TRADE 3 orders · £1,204.10`,
    `NO-TRADE: no bars of the session (+4 follow, +1 more)`.
    """
    values = list(values_gbp)
    if kind == "TRADE":
        return f"TRADE {len(values)} order{'s' * (len(values) != 1)} · {gbp(sum(values, Decimal(0)))}"
    first, *others = reasons
    counts = [f"+{len(first.follows)} follow"] if first.follows else []
    counts += [f"+{len(others)} more"] if others else []
    return f"NO-TRADE: {first.sentence.rstrip('.')}" + (f" ({', '.join(counts)})" if counts else "")
