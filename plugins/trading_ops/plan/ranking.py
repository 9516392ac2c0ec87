"""
Ranking: from scores to one order of the universe.

Pure. Equal scores are ordered by symbol, so a ranking never depends on the order its rows came in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Ranked:
    """One symbol's place; rank 1 is the best."""

    symbol: str
    rank: int
    score: Decimal


def rank_scores(scores: Mapping[str, Decimal | None]) -> tuple[Ranked, ...]:
    """Rank by score, highest first, then symbol; a symbol without a finite score is not ranked."""
    known = [(symbol, score) for symbol, score in scores.items() if score is not None and score.is_finite()]
    known.sort(key=lambda item: (-item[1], item[0]))
    return tuple(Ranked(symbol, rank, score) for rank, (symbol, score) in enumerate(known, start=1))


def rank_static_list(symbols: Sequence[str]) -> tuple[Ranked, ...]:
    """Rank a list that is already in order, best first; the score counts down to 1."""
    return tuple(
        Ranked(symbol, rank, Decimal(len(symbols) - rank + 1)) for rank, symbol in enumerate(symbols, start=1)
    )
