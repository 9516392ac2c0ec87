"""
Which rows tell of one position: an opening, and every part of it that was closed.

Pure. A part that is closed gets a number of its own while the rest keeps the old one, so the number alone
finds one part in eleven not. What it shares with the rest is the paper and the instant it was opened at.
The open rate is no help: a split rewrites it. Two positions of one paper opened in the same second are one
family, as nothing tells their parts apart; their units still add up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trading_ops.statements.kinds import OPENINGS, Kind
from trading_ops.statements.rows import ActivityRow, ClosedRow, Statement

# The two sheets may differ by this in when a position was opened.
APART_MAX = timedelta(seconds=1)


@dataclass
class Family:
    """The rows of one position in the order they happened; `closes` pairs each with its closed position."""

    openings: list[ActivityRow] = field(default_factory=list)
    splits: list[ActivityRow] = field(default_factory=list)
    closes: list[tuple[ActivityRow, ClosedRow]] = field(default_factory=list)

    @property
    def is_closed(self) -> bool:
        """Whether every number that was opened is closed: then nothing is left of the family."""
        ended = {closed.position_id for _, closed in self.closes}
        return bool(self.openings) and all(opening.position_id in ended for opening in self.openings)

    def add_split(self, row: ActivityRow) -> None:
        """Note a split; each position of a family has a row of its own for the same one."""
        if (row.happened_at.date(), row.split) not in {
            (one.happened_at.date(), one.split) for one in self.splits
        }:
            self.splits.append(row)

    def parts(self) -> Iterator[ClosedRow]:
        """Yield what was closed under a number of its own."""
        own = {opening.position_id for opening in self.openings}
        return (closed for _, closed in self.closes if closed.position_id not in own)


def families(statement: Statement) -> Sequence[Family]:
    """Return the families of a statement; one that was opened before it has no openings."""
    found = _Families()
    for row in statement.activity:
        if row.kind in OPENINGS:
            found.begin(row)
    closed = {row.position_id: row for row in statement.closed}
    for row in statement.activity:
        if row.kind is Kind.CLOSED and row.position_id in closed:
            found.of_close(row, closed[row.position_id]).closes.append((row, closed[row.position_id]))
    for row in statement.activity:
        if row.kind is Kind.SPLIT and row.position_id in found.by_number:
            found.by_number[row.position_id].add_split(row)
    return found.all


class _Families:
    def __init__(self) -> None:
        self.all: list[Family] = []
        self.by_number: dict[str, Family] = {}
        self.by_instant: dict[tuple[str, datetime], Family] = {}

    def begin(self, row: ActivityRow) -> None:
        family = self.by_instant.get((row.paper, row.happened_at)) or self._new(row.paper, row.happened_at)
        family.openings.append(row)
        self.by_number[row.position_id] = family

    def of_close(self, row: ActivityRow, closed: ClosedRow) -> Family:
        if closed.position_id not in self.by_number:
            instants = (closed.opened_at, closed.opened_at - APART_MAX, closed.opened_at + APART_MAX)
            near = (self.by_instant.get((row.paper, instant)) for instant in instants)
            family = next(filter(None, near), None) or self._new(row.paper, closed.opened_at)
            self.by_number[closed.position_id] = family
        return self.by_number[closed.position_id]

    def _new(self, paper: str, opened_at: datetime) -> Family:
        family = self.by_instant[(paper, opened_at)] = Family()
        self.all.append(family)
        return family
