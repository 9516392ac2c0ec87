"""
A pasted table in the rows of the snapshot form, for a person to look at.

Pure. What was typed before stays, and a line that is not understood stays in its box with the reason.
"""

from collections import defaultdict
from collections.abc import Mapping

from confirm_app.account.pasted import PastedRow, UnreadRow, rows_of_table
from confirm_app.account.rows import has_room, read_rows, with_units
from confirm_app.forms.fields import FieldError
from confirm_app.forms.figures import UNIT_PLACES, FigureError, as_typed, parse_figure
from confirm_app.forms.posted import PostedForm
from trading_ops.universe.names import as_named


def with_pasted(
    fields: Mapping[str, str], symbol_of: Mapping[str, str]
) -> tuple[PostedForm, tuple[str, ...]]:
    """Return the form with what its box says in rows, the rest of it as errors, and what to look at."""
    read, unread = rows_of_table(fields.get("paste", ""), symbol_of)
    told = [f"Left out, it has no units: {row.line}" for row in unread if row.is_left_out]
    wrong = [row for row in unread if not row.is_left_out]
    by_stock: dict[str, list[PastedRow]] = defaultdict(list)
    for row in read:
        by_stock[symbol_of.get(as_named(row.name), as_named(row.name))].append(row)
    values, filled = dict(fields), 0
    for stock, pasted in by_stock.items():
        typed = _row_of(stock, values, symbol_of)
        units = pasted[0].units if len(pasted) == 1 else _sum(pasted)
        if units is None:
            wrong += [
                UnreadRow(row.line, f"{row.name} is there more than once: type the sum") for row in pasted
            ]
        elif not typed and not has_room(values):
            wrong += [UnreadRow(row.line, "the form has no row left for it") for row in pasted]
        elif typed and typed.units.strip() not in ("", units):
            wrong += [
                UnreadRow(
                    row.line, f"the row of {row.name} has {typed.units.strip()} units: clear one of them"
                )
                for row in pasted
            ]
        else:
            values = with_units(values, pasted[0].name, units, typed)
            filled += 1
            if len(pasted) > 1:
                told.append(f"{len(pasted)} lines of {pasted[0].name} are added up: {units} units")
    values["paste"] = "\n".join(row.line for row in wrong)
    errors = tuple(FieldError("paste", f"{row.line[:60]}: {row.why}") for row in wrong)
    stocks = f"{filled} stock{'s' * (filled != 1)} read from the table, none recorded yet"
    return PostedForm(values, errors), (f"{stocks}. Compare each row with eToro.", *told)


def _row_of(stock: str, values: Mapping[str, str], symbol_of: Mapping[str, str]):
    rows = [row for row in read_rows(values) if not row.is_empty]
    named = (row for row in rows if symbol_of.get(as_named(row.name), as_named(row.name)) == stock)
    return next(named, None)


def _sum(pasted: list[PastedRow]) -> str | None:
    try:
        return as_typed(sum(parse_figure(row.units, places=UNIT_PLACES) for row in pasted))
    except FigureError:
        return None
