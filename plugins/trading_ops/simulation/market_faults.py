"""What can be made to go wrong in the files of the simulated market."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class MissingBars:
    """The vendor has no bar of these symbols on these dates; GBPUSD stands for the exchange rate."""

    symbols: tuple[str, ...]
    dates: tuple[date, ...]


@dataclass(frozen=True)
class Delisting:
    """The symbol has no bar after its last date."""

    symbol: str
    last_date: date


@dataclass(frozen=True)
class BadPrint:
    """All four prices of one bar are a multiple of what they were: a slipped decimal point."""

    symbol: str
    session_date: date
    factor: int = 10


@dataclass(frozen=True)
class UnrecordedSplit:
    """From a date on the price is divided by the ratio, and the vendor's split column stays silent."""

    symbol: str
    session_date: date
    ratio: int = 2


Fault = MissingBars | Delisting | BadPrint | UnrecordedSplit
