"""
The vendors the desk can read: one module each, found by looking into this folder.

A module with LAYOUTS declares files, one with ONLINE can be asked over HTTP; nothing else has to be told
of a new one.
"""

import re
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
_NAMES = tuple(dict.fromkeys(layout.names for layout in LAYOUTS))
ONLINE: dict[str, OnlineSource] = {
    module.ONLINE.name: module.ONLINE for module in _found if hasattr(module, "ONLINE")
}


def layouts_of(header_line: str) -> tuple[Layout, ...]:
    """Return the layouts that have this header line."""
    header = header_of(header_line)
    return tuple(layout for layout in LAYOUTS if layout.header == header)


def symbol_in_name(layout: Layout, name: str) -> str | None:
    """Return the symbol a file name carries in a layout, upper-cased, or None if it is no such name."""
    return _symbol(layout.names, name)


def symbol_in_any_name(name: str) -> str | None:
    """Return the symbol a file name carries in whichever layout, or None if it is no source's name."""
    found = (_symbol(names, name) for names in _NAMES)
    return next((symbol for symbol in found if symbol), None)


def _symbol(names: re.Pattern, name: str) -> str | None:
    # Letters of other scripts fold into ours, and would be a second way to write one symbol.
    last = PurePosixPath(name).name
    found = names.fullmatch(last) if last.isascii() else None
    return found["symbol"].upper() if found else None
