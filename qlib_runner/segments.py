"""
Which sessions a model learns from, is stopped by, and is measured on.

Between two segments lies a gap: the sessions a label reaches into (the purge), so that no label of the
earlier segment is made of prices of the later one, and an embargo on top. Qlib leaves no gap of its own.
"""

import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from qlib_runner.manifest import Refused

_FUTURE = re.compile(r"Ref\(\s*\$\w+\s*,\s*-\s*(\d+)\s*\)")


@dataclass(frozen=True)
class Lengths:
    """The lengths of the segments and of the embargo between them, in sessions."""

    train_sessions: int = 2016
    valid_sessions: int = 252
    test_sessions: int = 252
    embargo_sessions: int = 5


@dataclass(frozen=True)
class Segments:
    """First and last session of each segment, both included."""

    train: tuple[date, date]
    valid: tuple[date, date]
    test: tuple[date, date]

    @classmethod
    def of_variables(cls, variables: dict[str, str]) -> "Segments":
        """Return the segments whose variables these are."""
        return cls(
            *(
                (
                    date.fromisoformat(variables[f"{name.upper()}_START"]),
                    date.fromisoformat(variables[f"{name.upper()}_END"]),
                )
                for name in cls.__dataclass_fields__
            )
        )

    def variables(self) -> dict[str, str]:
        """Return TRAIN_START, TRAIN_END, VALID_START, ... for a workflow's template."""
        return {
            f"{name.upper()}_{edge}": day.isoformat()
            for name, segment in asdict(self).items()
            for edge, day in zip(("START", "END"), segment, strict=True)
        }


def reach_of(label: str) -> int:
    """Return how many sessions after its own a label's expression looks; Refused if it looks at none."""
    steps = [int(step) for step in _FUTURE.findall(label)]
    if not steps:
        raise Refused(f"the label {label!r} looks at no later session")
    return max(steps)


def horizon_of(label: str) -> int:
    """Return how many sessions a label's return spans: from the first later session it names to the last."""
    steps = [int(step) for step in _FUTURE.findall(label)]
    # With one later session the return starts at the label's own.
    return reach_of(label) - (min(steps) if len(steps) > 1 else 0)


def parse_lengths(fields: dict[str, Any]) -> Lengths:
    """Return the lengths of a manifest's config; raises Refused for what is no length."""
    lengths = Lengths(**fields)
    for name, value in asdict(lengths).items():
        if type(value) is not int or value < (0 if name == "embargo_sessions" else 1):
            raise Refused(f"config {name} must be a whole number of sessions, not {value!r}")
    return lengths


def split(sessions: list[date], lengths: Lengths, reach: int) -> Segments:
    """
    Return the segments that end with the last session.

    Raises Refused when there are fewer sessions than the segments and the two gaps need.
    """
    gap = reach + lengths.embargo_sessions
    needed = lengths.train_sessions + lengths.valid_sessions + lengths.test_sessions + 2 * gap
    if len(sessions) < needed:
        raise Refused(f"the segments need {needed} sessions; the dataset has {len(sessions)}")
    test_start = len(sessions) - lengths.test_sessions
    valid_end = test_start - gap - 1
    valid_start = valid_end - lengths.valid_sessions + 1
    train_end = valid_start - gap - 1
    train_start = train_end - lengths.train_sessions + 1
    return Segments(
        train=(sessions[train_start], sessions[train_end]),
        valid=(sessions[valid_start], sessions[valid_end]),
        test=(sessions[test_start], sessions[-1]),
    )


def roll(sessions: list[date], segments: Segments, count: int) -> list[Segments]:
    """
    Return the segments moved along the test segment, which they share among them without a gap.

    Each part of it is as long as the first, the last one perhaps shorter; train and valid segment move
    as far as their part, so they keep their lengths and gaps. Raises Refused for more parts than sessions.
    """
    place = {day: at for at, day in enumerate(sessions)}
    first, last = (place[day] for day in segments.test)
    if not 1 <= count <= last - first + 1:
        raise Refused(f"a test segment of {last - first + 1} sessions has no {count} parts")
    step = -(-(last - first + 1) // count)
    return [
        Segments(
            train=_moved(sessions, place, segments.train, start - first),
            valid=_moved(sessions, place, segments.valid, start - first),
            test=(sessions[start], sessions[min(start + step - 1, last)]),
        )
        for start in range(first, last + 1, step)
    ]


def _moved(
    sessions: list[date], place: dict[date, int], segment: tuple[date, date], by: int
) -> tuple[date, date]:
    return sessions[place[segment[0]] + by], sessions[place[segment[1]] + by]
