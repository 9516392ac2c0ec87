"""
What the desk lives on: room on its disk, and a database that answers.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from trading_ops.settings import Settings, variable
from trading_ops.wording.instants import in_full

# A statement that reads nothing takes milliseconds; longer than this stops every run sooner or later.
ANSWER_MAX = timedelta(seconds=5)
# One lost connection is no outage.
AWAY_MIN = timedelta(seconds=90)
_FULL_MB = 50


def short_of_disk(config: Settings) -> list[str]:
    """Return a sentence for each disk of the desk with less room than `disk_free_mb_min`."""
    return list(_short(config))


def _short(config: Settings) -> Iterator[str]:
    seen = set()
    for place in (config.data, config.data.parent / "postgres", config.data.parent):
        if not place.exists() or place.stat().st_dev in seen:
            continue
        seen.add(place.stat().st_dev)
        free_mb = shutil.disk_usage(place).free // 1_000_000
        if free_mb < config.disk_free_mb_min:
            yield _sentence(place, free_mb, config.disk_free_mb_min)


def _sentence(place: Path, free_mb: int, wanted_mb: int) -> str:
    state = "is full" if free_mb < _FULL_MB else f"has {free_mb} MB left"
    return (
        f"the disk of {place} {state}, less than {wanted_mb} MB ({variable('disk_free_mb_min')}): "
        "make room, or nothing can be written any more"
    )


class DatabaseWatch:
    """When the database was last away or slow, by the machine's own time: the database's cannot be asked."""

    def __init__(self) -> None:
        self._away_since: datetime | None = None

    def missed(self, at: datetime) -> None:
        """Take note that it did not answer."""
        self._away_since = self._away_since or at

    def answered(self, at: datetime, took: timedelta) -> str | None:
        """Take note that it answered, and return the sentence people are told, if there is one."""
        since, self._away_since = self._away_since, None
        if since is not None and at - since >= AWAY_MIN:
            return f"the database did not answer from {in_full(since)} to {in_full(at)}"
        if took > ANSWER_MAX:
            return f"the database took {took.total_seconds():.0f} s to say what time it is ({in_full(at)})"
        return None
