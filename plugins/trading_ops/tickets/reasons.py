"""
How the reasons of a NO-TRADE are told: each cause once, with its fix and what follows from it.

Pure. Ticket, mail, page and report say the same words; `plan.reasons` judged them.
"""

from collections.abc import Iterable
from itertools import groupby

from trading_ops.plan.reasons import Reason, stored_reasons

__all__ = ["Reason", "following", "group_reasons", "stored_reasons", "told"]


def group_reasons(reasons: Iterable[Reason]) -> list[tuple[str, list[Reason]]]:
    """Return the reasons under their gate or step, in the order they are stored in."""
    return [(source, list(members)) for source, members in groupby(reasons, key=lambda reason: reason.source)]


def following(reason: Reason) -> str:
    """Return how much follows from a cause, in words, or nothing."""
    count = len(reason.follows)
    if not count:
        return ""
    return f"{count} more {'follows' if count == 1 else 'follow'} from it"


def told(reason: Reason) -> str:
    """Return a cause in one line: what it is, its fix, and how much follows from it."""
    more = f" {following(reason)}." if reason.follows else ""
    return f"{reason.sentence} Smallest fix: {reason.fix}{more}"
