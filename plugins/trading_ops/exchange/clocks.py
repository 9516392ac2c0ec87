"""
One instant on both clocks the desk lives by.

Pure. New York decides when the window opens, London is where the person sits. For two or three weeks
a year the two are four hours apart instead of five, and that is said aloud.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
LONDON = ZoneInfo("Europe/London")
ZONES = {"London": LONDON, "New York": NEW_YORK}
USUAL_DIFFERENCE_HOURS = 5


@dataclass(frozen=True)
class BothClocks:
    """An instant in UTC with its New York and London readings."""

    instant: datetime
    new_york: datetime
    london: datetime

    @property
    def difference_hours(self) -> int:
        """Hours London is ahead of New York."""
        return int((self.london.utcoffset() - self.new_york.utcoffset()).total_seconds() // 3600)

    @property
    def is_mismatch(self) -> bool:
        """Whether the two clocks differ by other than the usual five hours."""
        return self.difference_hours != USUAL_DIFFERENCE_HOURS

    def as_json(self) -> dict[str, str]:
        """Return the instant and its two local readings as ISO 8601."""
        return {
            "at": f"{self.instant:%Y-%m-%dT%H:%M:%SZ}",
            "new_york": self.new_york.isoformat(timespec="minutes"),
            "london": self.london.isoformat(timespec="minutes"),
        }


def both_clocks(instant: datetime) -> BothClocks:
    """Return an aware instant on both clocks."""
    return BothClocks(instant.astimezone(UTC), instant.astimezone(NEW_YORK), instant.astimezone(LONDON))
