"""How far a long load or export is, said every few seconds to whoever listens."""

import time
from collections.abc import Callable

EVERY_S = 5.0


class Progress:
    """Counts the files of one load, or other things; quiet when nobody listens or nothing takes long."""

    def __init__(self, say: Callable[[str], None] | None, total_count: int, things: str = "files") -> None:
        self._say = say
        self._total_count, self._things = total_count, things
        self._started = self._said = time.monotonic()
        self._done_count = self._bar_count = 0

    def step(self, bar_count: int) -> None:
        """Count one more, with its bars."""
        self._done_count += 1
        self._bar_count += bar_count
        now = time.monotonic()
        if self._say is not None and now - self._said >= EVERY_S:
            self._said = now
            self._say(
                f"{self._done_count} of {self._total_count} {self._things}, {self._bar_count:,} bars read, "
                f"{now - self._started:.0f} s"
            )
