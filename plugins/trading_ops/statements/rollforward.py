"""
Does a statement agree with itself? Four roll-forwards, to the cent, each naming the first row it breaks at.

Pure. What comes before, moved by what a row says, is what comes after: realised equity, the balance, the
units of each position, and the totals of the summary. A file that was cut, edited or misunderstood breaks
one of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading_ops.statements.families import APART_MAX, Family, families
from trading_ops.statements.headers import ACTIVITY, CLOSED, SUMMARY
from trading_ops.statements.kinds import Effect, Kind
from trading_ops.statements.refusal import Place, StatementRefused
from trading_ops.statements.rows import ActivityRow, ClosedRow, Statement

_NONE = Decimal(0)
# A split leaves units that eToro rounds in the last decimal it shows.
_SPLIT_ROUNDING = Decimal("0.000001")
# Totals that are made of the same kinds of rows. eToro books what a short position pays as a dividend as
# either.
_MADE_OF = {
    ("deposits",): (Kind.DEPOSIT,),
    ("withdrawals",): (Kind.WITHDRAWAL,),
    ("withdrawal_fees",): (Kind.WITHDRAWAL_FEE,),
    ("profit",): (Kind.CLOSED,),
    ("adjustments", "credits"): (Kind.ADJUSTMENT, Kind.AIRDROP, Kind.STAKING),
    ("dividends", "rollover_fees", "refunds", "interest"): (
        Kind.DIVIDEND, Kind.ROLLOVER_FEE, Kind.ROLLOVER_REFUND, Kind.INTEREST,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Break:
    """
    The first row at which a roll-forward does not hold: what the rows before it make of it, and what it
    says.
    """

    where: Place
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}; found {self.found}"


@dataclass(frozen=True)
class RollForward:
    """One of the four: over how many rows it was taken, and where it breaks, if it does."""

    name: str
    rows_count: int
    first_break: Break | None


def roll_forwards(statement: Statement) -> Sequence[RollForward]:
    """Return the four roll-forwards of a statement."""
    found = families(statement)
    return (
        RollForward("realised equity", len(statement.activity), _first(_equity(statement))),
        RollForward("cash balance", len(statement.activity), _first(_balance(statement, found))),
        RollForward(
            "units per position",
            sum(len(family.openings) + len(family.closes) for family in found),
            _first(_units(statement, found)),
        ),
        RollForward("summary totals", len(statement.totals), _first(_totals(statement))),
    )


def _first(breaks: Iterator[Break]) -> Break | None:
    """Return the break that stands first in its sheet."""
    return min(breaks, key=lambda one: one.where.row_number, default=None)


def refuse_broken(statement: Statement) -> Sequence[RollForward]:
    """Return the four roll-forwards. Raises StatementRefused when one breaks."""
    taken = roll_forwards(statement)
    for one in taken:
        if one.first_break:
            expected = f"{one.name} of {one.first_break.expected}"
            raise StatementRefused(one.first_break.where, expected, one.first_break.found)
    return taken


def cash_steps(statement: Statement) -> Sequence[Decimal | None]:
    """
    Return by how much each row moved the balance, in the order of the activity.

    That of an opening is what the balance did; None for one that stands first, with no balance before it.
    """
    closed = {row.position_id: row for row in statement.closed}
    steps: list[Decimal | None] = []
    before: Decimal | None = None
    for row in statement.activity:
        steps.append(_told_step(row, closed) if before is None else row.balance - before)
        before = row.balance
    return steps


def _told_step(row: ActivityRow, closed: Mapping[str, ClosedRow]) -> Decimal | None:
    """
    Return what a row says of the balance's step, None where it does not say: an opening's amount may be
    less.
    """
    match row.kind.effect:
        case Effect.OPENING:
            return None
        case Effect.CLOSING:
            position = closed.get(row.position_id)
            return position and position.amount + position.profit
        case Effect.AMOUNT:
            return row.amount
        case Effect.NONE:
            return _NONE
        case Effect.EQUITY:
            return row.equity_change


def _equity(statement: Statement) -> Iterator[Break]:
    equity, title = statement.totals[0].amount, statement.titles[ACTIVITY]
    for row in statement.activity:
        equity += row.equity_change
        if row.equity != equity:
            yield Break(Place(title, row.row_number), f"{equity}", f"{row.equity}")
            # Every row after it would differ by as much.
            return
    end = statement.totals[-1]
    if end.amount != equity:
        yield Break(Place(statement.titles[SUMMARY], end.row_number), f"{equity}", f"{end.amount}")


def _balance(statement: Statement, found: Sequence[Family]) -> Iterator[Break]:
    """
    Yield the breaks of the balance by their rows: of those that tell their step, and of what was opened.
    """
    closed = {row.position_id: row for row in statement.closed}
    steps = dict(zip((row.row_number for row in statement.activity), cash_steps(statement), strict=True))
    told = {row.row_number: _told_step(row, closed) for row in statement.activity}
    told |= _told_costs(statement, found, steps)
    title = statement.titles[ACTIVITY]
    for row in statement.activity:
        step, expected = steps[row.row_number], told[row.row_number]
        if step is None:
            continue
        before = row.balance - step
        if expected is not None and step != expected:
            yield Break(Place(title, row.row_number), f"{before + expected}", f"{row.balance}")
        if row.kind is Kind.OPENED and step > 0:
            yield Break(Place(title, row.row_number), f"at most {before}", f"{row.balance}")


def _told_costs(
    statement: Statement, found: Sequence[Family], steps: Mapping[int, Decimal | None]
) -> dict[int, Decimal | None]:
    """
    Return the step that the last opening of each family has to make, where the file tells what the family
    had cost.

    Of one of which nothing is left it is what all its parts had cost; of another the amount that is left of
    it besides. A stop loss that was moved has added to that. A statement that was made after its end does
    not tell: a part may have been closed in between.
    """
    added: dict[str, Decimal] = defaultdict(Decimal)
    for row in statement.activity:
        if row.kind is Kind.EDIT_STOP_LOSS:
            added[row.position_id] += row.amount
    told: dict[int, Decimal | None] = {}
    for family in found:
        if not family.openings or any(row.kind is not Kind.OPENED for row in family.openings):
            continue
        *others, last = family.openings
        rest = [steps[row.row_number] for row in others]
        if None in rest or not (family.is_closed or statement.made_at <= statement.end_at):
            continue
        ended = [closed.amount for _, closed in family.closes]
        left = [part.amount for part in (*family.parts(), *family.openings)]
        moved = [added[row.position_id] for row in family.openings]
        told[last.row_number] = -sum(ended if family.is_closed else left) - sum(moved) - sum(rest)
    return told


def _units(statement: Statement, found: Sequence[Family]) -> Iterator[Break]:
    yield from _unpaired(statement)
    title = statement.titles[CLOSED]
    for family in found:
        if not family.openings:
            _, first = family.closes[0]
            if first.opened_at > statement.start_at + APART_MAX:
                expected = f"a row that opens it at {first.opened_at:%d/%m/%Y %H:%M:%S}"
                yield Break(Place(title, first.row_number), expected, "none")
            continue
        held, rounding = _NONE, _NONE
        for row, closed in _as_happened(family):
            if row.kind is Kind.SPLIT:
                held, rounding = held * row.split[0] / row.split[1], rounding + _SPLIT_ROUNDING
            elif closed is None:
                held += row.units
            else:
                held -= closed.units
                if held < -rounding:
                    expected = f"at most {held + closed.units} units"
                    yield Break(Place(title, closed.row_number), expected, f"{closed.units}")
        if family.is_closed and held > rounding:
            last = family.closes[-1][1]
            yield Break(Place(title, last.row_number), f"{last.units + held} units", f"{last.units}")


def _unpaired(statement: Statement) -> Iterator[Break]:
    closed = {row.position_id: row for row in statement.closed}
    ended = {row.position_id: row for row in statement.activity if row.kind is Kind.CLOSED}
    for title, rows, others, expected in (
        (statement.titles[ACTIVITY], ended, closed, "position {} among the closed ones"),
        (statement.titles[CLOSED], closed, ended, "a row of the activity that closes {}"),
    ):
        for number in rows.keys() - others.keys():
            yield Break(Place(title, rows[number].row_number), expected.format(number), "none")


def _as_happened(family: Family) -> Sequence[tuple[ActivityRow, ClosedRow | None]]:
    rows = [(row, None) for row in (*family.openings, *family.splits)] + family.closes
    return sorted(rows, key=lambda pair: (pair[0].happened_at, pair[1] is not None))


def _totals(statement: Statement) -> Iterator[Break]:
    title, (before, *between, after) = statement.titles[SUMMARY], statement.totals
    summed = before.amount + sum((total.amount for total in between), _NONE)
    changed: dict[Kind, Decimal] = defaultdict(Decimal)
    for row in statement.activity:
        changed[row.kind] += row.equity_change
    for meanings, kinds in _MADE_OF.items():
        said = [total for total in between if total.meaning in meanings]
        moved = sum((changed.pop(kind, _NONE) for kind in kinds), _NONE)
        summed_up = sum((total.amount for total in said), _NONE)
        if said and summed_up != moved:
            expected = f"{moved} for {' + '.join(total.label for total in said)}"
            yield Break(Place(title, said[0].row_number), expected, f"{summed_up}")
    if summed != after.amount:
        yield Break(Place(title, after.row_number), f"{summed}", f"{after.amount}")
