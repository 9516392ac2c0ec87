"""
What people call an instrument: by its symbol, its vendor's symbol, or the name the broker's search shows.

Pure. Capitals and the number of blanks do not matter, and a name is never guessed: two instruments may share
one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Names:
    """The names of one instrument, the one that counts first when two instruments share a name in front."""

    internal_symbol: str
    vendor_symbol: str
    etoro_search_name: str


def as_named(name: str) -> str:
    """Return a name as it is compared: in capitals, with one blank between its words."""
    return " ".join(name.split()).upper()


def instruments_by_name(instruments: Iterable[Names]) -> dict[str, tuple[str, ...]]:
    """Return the instruments each name means, as `as_named` writes it: one, or several that share it."""
    named: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for instrument in instruments:
        for rank, name in enumerate(astuple(instrument)):
            named[as_named(name)][rank].append(instrument.internal_symbol)
    return {name: tuple(ranks[min(ranks)]) for name, ranks in named.items()}
