"""
An address a phone reads off a screen: as text in a terminal, as SVG within a page.

Pure.
"""

import io

import segno
from markupsafe import Markup


def qr_text(address: str) -> str:
    """Return an address as a QR code of block characters, for a dark or a light terminal."""
    out = io.StringIO()
    segno.make(address, micro=False).terminal(out=out, compact=True)
    return out.getvalue().rstrip("\n")


def qr_svg(address: str) -> Markup:
    """Return an address as an SVG element with its own white ground, 4 pixels a module."""
    code = segno.make(address, micro=False)
    return Markup(code.svg_inline(scale=4, light="#fff", svgclass=None, lineclass=None))
