"""
What a statement says, in sentences: for the preview on the page and for the command line.

Pure.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from trading_ops.statements.families import families
from trading_ops.statements.rollforward import RollForward
from trading_ops.statements.rows import UNDERLYING, Statement
from trading_ops.wording.figures import signed, units
from trading_ops.wording.instants import utc_minute


def told(statement: Statement) -> Iterator[str]:
    """Yield what a statement is about: whose, of when, which rows, and what is kept apart in it."""
    yield f"Account {statement.username} ({statement.account_name}), in {statement.currency}."
    yield (
        f"From {utc_minute(statement.start_at)} to {utc_minute(statement.end_at)}, "
        f"made {utc_minute(statement.made_at)}."
    )
    kinds = Counter(row.kind.value for row in statement.activity)
    named = [f"{count} {kind.replace('_', ' ')}" for kind, count in kinds.most_common()]
    yield f"{len(statement.activity)} rows of activity: {', '.join(named) or 'none'}."
    parts = sum(len(list(family.parts())) for family in families(statement))
    yield f"{len(statement.closed)} closed positions, {parts} of them parts under a number of their own."
    apart = sum(row.asset not in UNDERLYING or row.is_short or row.leverage > 1 for row in statement.closed)
    if apart:
        yield f"{apart} of them are CFDs, short, leveraged or crypto: kept apart, and no line is proven by them."
    if statement.unread:
        yield f"Not read: {', '.join(statement.unread)}."


def taken(roll_forwards: Sequence[RollForward]) -> Iterator[str]:
    """Yield how each roll-forward went; of a broken one where it breaks."""
    for one in roll_forwards:
        if one.first_break:
            yield f"{one.name.capitalize()} BREAKS at {one.first_break}."
        else:
            yield f"{one.name.capitalize()} holds over {counted(one.rows_count, 'row')}."


def objection(statement: Statement, earlier: Mapping | None) -> str | None:
    """Return why a statement cannot be of a book whose first one is `earlier`, as Postgres would say it."""
    if earlier and earlier["username"] != statement.username:
        return (
            f"the statements of this book are of the account {earlier['username']}, "
            f"and this one is of {statement.username}"
        )
    if earlier and earlier["currency"] != statement.currency:
        return f"the statements of this book are in {earlier['currency']}, and this one is in {statement.currency}"
    return None


def dispute(line: Mapping, now_at: datetime) -> str:
    """Return what is disputed about a line, with both differences and since when."""
    said = f"claimed {units(line['claimed_units'])} units, eToro has {units(line['told_units'])}"
    return (
        f"{line['ticket_id']} line {line['line_number']}, {line['side']} {line['internal_symbol']}: "
        f"{line['dispute']} ({said}; {signed(line['value_difference'])} {line['currency']}), "
        f"{counted((now_at - line['window_close_at']).days, 'day')} old"
    )


def unbooked(row: Mapping, currency: str) -> str:
    """Return a row of a statement that the book lacks."""
    count = f", {units(row['units'])} units" if row["units"] else ""
    apart = "" if row["is_underlying"] else ", no stock itself"
    paper = f" {row['paper']}" if row["paper"] else ""
    return (
        f"{utc_minute(row['happened_at'])}: {row['kind'].replace('_', ' ')}{paper}{count}{apart}, "
        f"{signed(row['amount'])} {currency}"
    )


def counted(count: int, thing: str) -> str:
    """Return how many there are of a thing: 1 line, 2 lines."""
    return f"{count} {thing}{'' if count == 1 else 's'}"
