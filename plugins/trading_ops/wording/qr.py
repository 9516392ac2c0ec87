"""
An address a phone reads off a screen: as text in a terminal, as SVG within a page.

Pure.
"""

import io
from typing import Any

from markupsafe import Markup


def qr_text(address: str) -> str:
    """Return an address as a QR code of block characters, for a dark or a light terminal."""
    out = io.StringIO()
    _code(address).terminal(out=out, compact=True)
    return out.getvalue().rstrip("\n")


def qr_svg(address: str) -> Markup:
    """Return an address as an SVG element with its own white ground, 4 pixels a module."""
    return Markup(_code(address).svg_inline(scale=4, light="#fff", svgclass=None, lineclass=None))


def _code(address: str) -> Any:
    # Not above: `trading-ops halt` also works between an upgrade and its `make setup`.
    import segno

    return segno.make(address, micro=False)
