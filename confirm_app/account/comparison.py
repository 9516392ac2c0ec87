"""
A recorded snapshot beside the books: a verdict on each figure, and what the next plan's gate will say.

Pure. Postgres compares, by the tolerances of the gate (`desk.snapshot_compared`); here it is put into words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading_ops.tickets.owed import Owed
from trading_ops.wording.figures import gbp, units

_GATE = "The gate reconciliation"


@dataclass(frozen=True)
class Compared:
    """Cash in pounds, or a stock in shares that either side has: a row of queries.page.snapshot_compared."""

    subject: str
    is_cash: bool
    is_known: bool
    shown_value: Decimal
    booked_value: Decimal
    tolerance_value: Decimal | None
    is_tolerated: bool

    @property
    def is_clear(self) -> bool:
        """Whether the gate has nothing against it."""
        return self.is_known and self.is_tolerated

    @property
    def drift_value(self) -> Decimal:
        """How much more the broker shows than the books have."""
        return self.shown_value - self.booked_value

    def write(self, figure: Decimal) -> str:
        """Return a figure of this row as it reads."""
        return gbp(figure) if self.is_cash else units(figure)

    @property
    def drift(self) -> str:
        """The difference, its sign said."""
        return f"{'+' if self.drift_value > 0 else ''}{self.write(self.drift_value)}"

    @property
    def verdict(self) -> str:
        """What is to be thought of the difference."""
        if not self.is_known:
            return "not in the universe: nobody can say what it is"
        if not self.drift_value:
            return "agrees"
        if not self.is_tolerated and not self.is_cash and not self.booked_value:
            return "differs: eToro shows it, and the books do not have it"
        if not self.is_tolerated and not self.is_cash and not self.shown_value:
            return "differs: the books have it, and eToro does not show it"
        side = "more" if self.drift_value > 0 else "less"
        tolerance = self.tolerance_value if self.tolerance_value is None else round(self.tolerance_value, 6)
        said = f"eToro shows {self.write(abs(self.drift_value))} {side}, {self.write(tolerance)} is tolerated"
        return f"{'agrees' if self.is_tolerated else 'differs'}: {said}"


def gate_sentence(rows: Sequence[Compared], owed: Sequence[Owed]) -> str:
    """Return what the gate will say to the next plan; `owed` is what people owe the books before it."""
    outside = [row for row in rows if not row.is_clear]
    counted = f"cash and {_positions(len(rows) - 1)}"
    if outside:
        return f"{_GATE} will block the next plan: {_named(outside)} {_do(outside)} not agree."
    waits = next((one for one in owed if one.step in ("confirm", "snapshot")), None)
    if waits:
        why = waits.why or waits.task
        return f"{_GATE} will block the next plan, although {counted} agree: {why}."
    return f"{_GATE} will let the next plan pass: {counted} agree. It looks again when more is booked."


def _positions(count: int) -> str:
    return f"{count} position{'s' * (count != 1)}" if count else "no position on either side"


def _named(rows: Sequence[Compared]) -> str:
    names = ["cash" if row.is_cash else row.subject for row in rows]
    return " and ".join([", ".join(names[:-1])] * (len(names) > 1) + names[-1:])


def _do(rows: Sequence[Compared]) -> str:
    return "do" if len(rows) > 1 else "does"
