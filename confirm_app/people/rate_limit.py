"""
A brake on password guessing.

Counts failures per person and address in the memory of each worker, so a restart forgets them and
n workers allow n times as many: a brake, not a wall. It needs no clock of the desk, only durations.
"""

import threading
import time

FAILURES_MAX = 5
WINDOW_S = 15 * 60
_TRACKED_MAX = 1000


class FailureBrake:
    """Remembers recent failures and says when somebody has to wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[tuple[str, str], list[int]] = {}

    def is_pressed(self, person_id: str, address: str) -> bool:
        """Say whether this person has failed too often from this address to try again now."""
        with self._lock:
            return len(self._recent((person_id, address))) >= FAILURES_MAX

    def note_failure(self, person_id: str, address: str) -> None:
        """Remember one more failure."""
        with self._lock:
            recent = self._recent((person_id, address))
            # The oldest entry goes first, so a flood of made-up names cannot fill the memory.
            if len(self._failures) >= _TRACKED_MAX and (person_id, address) not in self._failures:
                del self._failures[next(iter(self._failures))]
            self._failures[person_id, address] = [*recent, time.monotonic_ns()]

    def forget(self, person_id: str, address: str) -> None:
        """Forget the failures of somebody who got in."""
        with self._lock:
            self._failures.pop((person_id, address), None)

    def _recent(self, who: tuple[str, str]) -> list[int]:
        oldest_ns = time.monotonic_ns() - WINDOW_S * 1_000_000_000
        return [at_ns for at_ns in self._failures.get(who, []) if at_ns > oldest_ns]
