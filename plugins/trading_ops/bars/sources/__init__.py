"""The vendors whose files the desk can read: one module each, and the one table of their layouts."""

from pathlib import PurePosixPath

from trading_ops.bars.sources import alpha_vantage, simulated, stooq, yahoo
from trading_ops.bars.sources.layout import Layout, header_of

# The simulated market comes first: its layout is Alpha Vantage's and only its file name tells.
LAYOUTS = (*simulated.LAYOUTS, *alpha_vantage.LAYOUTS, *yahoo.LAYOUTS, *stooq.LAYOUTS)


def layouts_of(header_line: str) -> tuple[Layout, ...]:
    """Return the layouts that have this header line."""
    header = header_of(header_line)
    return tuple(layout for layout in LAYOUTS if layout.header == header)


def symbol_in_name(layout: Layout, name: str) -> str | None:
    """Return the symbol a file name carries in a layout, upper-cased, or None if it is no such name."""
    found = layout.names.fullmatch(PurePosixPath(name).name)
    return found["symbol"].upper() if found else None


def any_symbol_in_name(name: str) -> str:
    """Return the symbol a file name carries in whichever layout, or the name itself; used for ordering only."""
    found = (symbol_in_name(layout, name) for layout in LAYOUTS)
    return next((symbol for symbol in found if symbol), PurePosixPath(name).name.upper())
