"""
Files that hold a secret: readable by their owner alone, or refused.

What such a file holds is never part of a message.
"""

from collections.abc import Callable
from pathlib import Path

from trading_ops.config.text import text_of_file


def secret_text(path: Path, error: Callable[[str], Exception]) -> str | None:
    """
    Return the text of a file of mode 0600, without a byte order mark; None when there is no file.

    Raises `error` when it cannot be read, when others could read it, or when it is no text.
    """
    try:
        mode = path.stat().st_mode & 0o777
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise error(f"{path} cannot be read ({problem.strerror})") from None
    if mode & 0o077:
        raise error(f"{path}: mode {mode:04o}; accepted: 0600, readable by its owner alone")
    return text_of_file(content, str(path), error).removeprefix("\ufeff")


def secret_lines(path: Path, error: Callable[[str], Exception]) -> list[tuple[int, str]]:
    """Return the lines of such a file with their numbers, blank ones and `#` comments left out."""
    lines = enumerate((secret_text(path, error) or "").splitlines(), 1)
    return [(number, line) for number, line in lines if line.strip() and not line.startswith("#")]
