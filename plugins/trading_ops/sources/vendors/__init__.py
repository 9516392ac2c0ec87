"""
The vendors the desk can read: one module each, found by looking into this folder.

A module with LAYOUTS is a vendor, one with ONLINE is a vendor that can be asked over HTTP as well;
nothing else has to be told of a new one.
"""

from importlib import import_module
from pathlib import PurePosixPath
from pkgutil import iter_modules

from trading_ops.sources.layout import Layout, header_of
from trading_ops.sources.online import OnlineSource

_found = [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
# The simulated market comes first: its layout is Alpha Vantage's and only its file name tells.
MODULES = tuple(
    sorted(
        (module for module in _found if hasattr(module, "LAYOUTS")),
        key=lambda module: (not module.__name__.endswith(".simulated"), module.__name__),
    )
)
LAYOUTS: tuple[Layout, ...] = tuple(layout for module in MODULES for layout in module.LAYOUTS)
ONLINE: dict[str, OnlineSource] = {
    module.ONLINE.name: module.ONLINE for module in MODULES if hasattr(module, "ONLINE")
}


def layouts_of(header_line: str) -> tuple[Layout, ...]:
    """Return the layouts that have this header line."""
    header = header_of(header_line)
    return tuple(layout for layout in LAYOUTS if layout.header == header)


def symbol_in_name(layout: Layout, name: str) -> str | None:
    """Return the symbol a file name carries in a layout, upper-cased, or None if it is no such name."""
    found = layout.names.fullmatch(PurePosixPath(name).name)
    return found["symbol"].upper() if found else None


def any_symbol_in_name(name: str) -> str:
    """
    Return the symbol a file name carries in whichever layout, or the name itself; used for ordering only.
    """
    found = (symbol_in_name(layout, name) for layout in LAYOUTS)
    return next((symbol for symbol in found if symbol), PurePosixPath(name).name.upper())
