"""
The shape of a vendor file: which columns it has, whose it is, and how its prices are adjusted.

Pure. A layout is data. What a file is follows from its header line and its name, never from a guess
about its numbers: the basis of a price is declared here and nowhere else.
"""

import re
from dataclasses import dataclass

# What a column of a vendor file can be. BESIDE is checked to be a number and not stored;
# further columns nobody reads are named beside_<something> and not even checked.
DATE, OPEN, HIGH, LOW, CLOSE = ("session_date", "open_price", "high_price", "low_price", "close_price")
ADJ_CLOSE, VOLUME = "adj_close_price", "volume_units"
DIVIDEND, SPLIT = "dividend", "split"
TICKER, PERIOD, TIME = "ticker", "period", "time"
RATE, BASE, QUOTE, SOURCE = "rate", "base_currency", "quote_currency", "source"
BESIDE, INTEREST = "beside", "open_interest"


@dataclass(frozen=True)
class Layout:
    """
    One kind of vendor file.

    `header` is the header line in lower case without quotes, `columns` says what each of its
    columns is. `names` are the file names the vendor gives such files, with a group `symbol`.
    `no_split` is what the vendor writes into a split column when nothing happened.
    """

    title: str
    source: str
    price_basis: str | None
    header: tuple[str, ...]
    columns: tuple[str, ...]
    names: re.Pattern
    names_form: str
    date_form: str = "YYYY-MM-DD"
    no_split: float = 1.0

    @property
    def has_bars(self) -> bool:
        """Whether its rows are bars, rather than only splits, dividends or rates."""
        return CLOSE in self.columns


def header_of(line: str) -> tuple[str, ...]:
    """Return the comparable form of a header line."""
    return tuple(cell.strip().strip('"').strip().lower() for cell in line.split(","))
