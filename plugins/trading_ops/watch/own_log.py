"""
What the watcher and the supervisor say into their own logs.
"""

import sys
from contextlib import suppress
from typing import TextIO


def say(text: str, stream: TextIO | None = None) -> None:
    """Write a line, to stdout unless told otherwise; on a full disk it is lost, and whoever spoke goes on."""
    with suppress(OSError):
        print(text, file=stream or sys.stdout, flush=True)
