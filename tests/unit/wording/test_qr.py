"""An address as a code that a phone reads."""

from trading_ops.wording.qr import qr_svg, qr_text

ADDRESS = "https://desk.example.org"


def test_page_and_terminal_show_the_same_code():
    """25 modules wide with a quiet zone of four; another address is another code; no script, no style."""
    svg, text = qr_svg(ADDRESS), qr_text(ADDRESS)
    assert 'width="132" height="132"' in svg and "style" not in svg
    assert {len(line) for line in text.splitlines()} == {33}
    assert qr_text(f"{ADDRESS}:8175") != text and qr_svg(f"{ADDRESS}:8175") != svg
