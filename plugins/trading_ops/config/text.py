"""
What a file of the desk holds as text, and how a message shows a piece of it.

Pure.
"""

import re
from collections.abc import Callable
from decimal import Decimal

_SHOWN_CHARS_MAX = 60
# Printed as nothing although Unicode has them as letters or symbols: fillers, and braille without a dot.
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"


def text_of_file(content: bytes, name: str, error: Callable[[str], Exception]) -> str:
    """Return a file's bytes as text; raise `error` with the line of the first that is none, not shown."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise error(f"{name}:{line}: no UTF-8 text; accepted: a file saved as UTF-8") from None


def unseen_at(text: str) -> int | None:
    """Return the place of the first character that is not seen as what it is, None when all are."""
    return next((at for at, one in enumerate(text) if not one.isprintable() or one in _BLANKS), None)


def shown(value: object) -> str:
    """Return a value for a message: cut when long, escaped beyond ASCII, without the name before a host."""
    text = str(value) if isinstance(value, int | Decimal) else ascii(value)
    text = re.sub(r"//.*@", "//...@", text)
    return text if len(text) <= _SHOWN_CHARS_MAX else f"{text[:_SHOWN_CHARS_MAX]} ..."
