"""
Stocks an account holds before the desk keeps its book. Pure.

They are named as the universe or the broker names them, and understood without doubt or refused, each mistake
in a sentence.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from trading_ops.universe.instruments import Universe
from trading_ops.universe.names import Names, as_named, instruments_by_name

# What a row says: the stock, its units, what they cost in pounds, and since when they are held, if known.
FIELDS = ("symbol", "units", "cost_gbp", "held_since")
_UNITS_MAX, _COST_GBP_MAX = Decimal(10**9), Decimal(10**9)


class HoldingsError(Exception):
    """Holdings that are not understood; `mistakes` has a sentence for each."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("; ".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True)
class OpeningPosition:
    """Units of one instrument, and what they cost in pounds."""

    symbol: str
    units: Decimal
    cost_gbp: Decimal
    held_since: date | None = None

    def as_request(self) -> dict[str, str | None]:
        """Return it as desk.record_opening takes it."""
        return {
            "symbol": self.symbol,
            "units": str(self.units),
            "cost_gbp": str(self.cost_gbp),
            "held_since": self.held_since.isoformat() if self.held_since else None,
        }


def opening_cash(text: str) -> Decimal:
    """Return an amount of pounds an account holds. Raises ValueError for what is none."""
    amount = _decimal(text)
    if amount is None or amount > 1_000_000_000 or amount != round(amount, 2):
        raise ValueError(f"{text!r} is no amount such as 5000.00")
    return amount


def _decimal(text: str) -> Decimal | None:
    """Return a plain figure, or None: what only a program reads as a number (1e3, 1_000) is a slip."""
    return Decimal(text) if re.fullmatch(r"[0-9]{1,20}(\.[0-9]{1,20})?", text) else None


def rows_of(found: object) -> list[dict[str, str]]:
    """Return positions as a file of answers has them. Raises ValueError when they are no rows of texts."""
    is_list = isinstance(found, list) and all(isinstance(row, dict) for row in found)
    if not is_list or not all(isinstance(text, str) for row in found for text in row.values()):
        raise ValueError(f"positions: a list of rows with {', '.join(FIELDS)} is expected")
    return found


def rows_typed(text: str) -> list[dict[str, str]]:
    """Return positions as a person types them: fields with commas between them, stocks with semicolons."""
    rows = [[field.strip() for field in row.split(",")] for row in text.split(";") if row.strip()]
    if any(len(row) > len(FIELDS) for row in rows):
        raise ValueError(f"a position is {', '.join(FIELDS)}, with commas between them")
    return [dict(zip(FIELDS, row, strict=False)) for row in rows]


def parse_holdings(
    rows: Sequence[Mapping[str, str]], universe: Universe, today: date
) -> tuple[OpeningPosition, ...]:
    """Return what rows of FIELDS say, each a text. Raises HoldingsError naming every mistake."""
    found, mistakes = [], []
    for number, row in enumerate(rows, start=1):
        try:
            found.append(_holding(row, universe, today))
        except ValueError as mistake:
            mistakes.append(f"position {number}: {mistake}")
    symbols = [holding.symbol for holding in found]
    mistakes += [
        f"{symbol} is there {symbols.count(symbol)} times: give the sum of its units and costs"
        for symbol in sorted(set(symbols))
        if symbols.count(symbol) > 1
    ]
    if mistakes:
        raise HoldingsError(mistakes)
    return tuple(found)


def _holding(row: Mapping[str, str], universe: Universe, today: date) -> OpeningPosition:
    if strange := set(row) - set(FIELDS):
        raise ValueError(f"{', '.join(sorted(strange))} is unknown; a position has {', '.join(FIELDS)}")
    symbol = instrument_named(row.get("symbol", ""), universe)
    units = _figure(row.get("units", ""), f"units of {symbol}", 8, _UNITS_MAX)
    if units == 0:
        raise ValueError(f"units of {symbol}: 0 are none; leave it out")
    cost_gbp = _figure(row.get("cost_gbp", ""), f"cost_gbp of {symbol}", 2, _COST_GBP_MAX)
    return OpeningPosition(symbol, units, cost_gbp, _day(row.get("held_since", ""), symbol, today))


def instrument_named(name: str, universe: Universe) -> str:
    """
    Return the instrument a person means by its symbol or by the broker's name, in capitals or not.

    Raises ValueError for a name that no instrument has, or two.
    """
    names = (Names(row.internal_symbol, row.vendor_symbol, row.etoro_search_name) for row in universe.entries)
    found = instruments_by_name(names).get(as_named(name), ())
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{name!r} is the name of {' and '.join(found)}: give the symbol")
    cure = "add a row for it, with is_enabled false if it is not to be bought"
    raise ValueError(f"{name!r} is no instrument of the universe: {cure}")


def _figure(text: str, what: str, places: int, limit: Decimal) -> Decimal:
    accepted = f"a number such as 12.5, with {places} decimals at most"
    figure = _decimal(text.strip())
    if figure is None or figure >= limit or figure != round(figure, places):
        raise ValueError(f"{what}: {text!r} is not {accepted}")
    return figure


def _day(text: str, symbol: str, today: date) -> date | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"held_since of {symbol}: {text!r} is no day such as 2024-05-31") from None
    if not date(1900, 1, 1) < day <= today:
        raise ValueError(f"held_since of {symbol}: {day} is no day up to {today}")
    return day
