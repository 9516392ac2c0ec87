"""
What befell a part of the desk, noted by whoever mended it and told by the watcher.

A note is an empty file whose name says everything, `<part>.<what>.<unix time>`, so it can be left while the
database is away and by a process without passwords, and says nothing but these words. A part is mended again
and again without end; it is noted when it begins and once more when it does not stay up. People are told of
the first of a part and day, the others stand in the watcher's log.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trading_ops.settings import Settings
from trading_ops.wording.instants import in_full

MEANINGS = {
    "ended": "ended by itself and was started again",
    "hung": "did not answer for a minute; it was ended and started again",
    "idle": "left tasks in its queue for minutes although it had room for them; it was ended and started again",
    "unsteady": "does not stay up; it is started again every five minutes until it does",
}
_NAME = re.compile(r"([a-z][a-z-]{0,30})\.([a-z]+)\.(\d{10})")


@dataclass(frozen=True)
class Trouble:
    """A part of the desk, what befell it (a key of MEANINGS) and when, and the note that says so."""

    part: str
    what: str
    noted_at: datetime
    path: Path

    @property
    def detail(self) -> str:
        """The sentence people are told."""
        return f"{self.part} {MEANINGS[self.what]} ({in_full(self.noted_at)}); its log says more"


def folder(config: Settings) -> Path:
    """Return where the notes lie."""
    return config.data.parent / "troubles"


def note(config: Settings, part: str, what: str, now_s: float) -> None:
    """Leave a note; now_s is the machine's own time, in seconds since 1970."""
    folder(config).mkdir(parents=True, exist_ok=True)
    (folder(config) / f"{part}.{what}.{int(now_s)}").touch()


def noted(config: Settings) -> Iterator[Trouble]:
    """Yield every note that waits, the oldest first; what is none, also by being a folder, is left alone."""
    found = []
    for path in folder(config).glob("*"):
        name = _NAME.fullmatch(path.name)
        if name and name[2] in MEANINGS and path.is_file():
            found.append(Trouble(name[1], name[2], datetime.fromtimestamp(int(name[3]), UTC), path))
    yield from sorted(found, key=lambda trouble: (trouble.noted_at, trouble.path.name))
