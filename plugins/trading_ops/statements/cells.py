"""
Cells of a statement read exactly: figures, texts and numbers of positions.

Pure. The reader gives every number as a float; its shortest text is what the file shows, and that becomes a
Decimal.
"""

import re
from datetime import datetime
from decimal import Decimal

from trading_ops.statements.refusal import Place, StatementRefused, quoted

# How eToro writes that there is nothing.
_NOTHING = ("", "-", "–")
_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
# Thousands are only told from decimals where a decimal point follows.
_GROUPED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+")
_IN_BRACKETS = re.compile(r"\((.+)\)")
_ID = re.compile(r"[0-9]{1,20}")
_RATIO = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?: ?([0-9]+(?:\.[0-9]+)?)")
# An opening may tell its leverage beside the paper: NVDA/USD x2.
_LEVERED = re.compile(r"\s+[xX]([0-9]+)$")
_NUMBER_MAX = Decimal(10) ** 12


def text_of(cell: object) -> str:
    """Return what a cell says, stripped; nothing for an empty one and for a dash."""
    said = str(cell).strip() if cell is not None else ""
    return "" if said in _NOTHING else said


def figure(cell: object, where: Place | str) -> Decimal | None:
    """
    Return a cell's number, None where there is none. Raises StatementRefused if it could be read two ways.
    """
    if isinstance(cell, bool) or not isinstance(cell, float | int | str):
        raise StatementRefused(where, "a number", quoted(cell))
    if isinstance(cell, str):
        said = text_of(cell).replace("\u00a0", "").replace("\u2212", "-").lstrip("$€£").strip()
        if not said:
            return None
        if bracketed := _IN_BRACKETS.fullmatch(said):
            said = f"-{bracketed[1]}"
        if _GROUPED.fullmatch(said):
            said = said.replace(",", "")
        if not _PLAIN.fullmatch(said):
            raise StatementRefused(where, "a number such as 1234.56", quoted(cell))
    else:
        said = repr(cell)
    number = Decimal(said)
    if not number.is_finite() or abs(number) >= _NUMBER_MAX:
        raise StatementRefused(where, "a number below a million millions", quoted(cell))
    return number


def needed_figure(cell: object, where: Place | str) -> Decimal:
    """Return a cell's number. Raises StatementRefused where there is none."""
    number = figure(cell, where)
    if number is None:
        raise StatementRefused(where, "a number", quoted(cell))
    return number


def cents(cell: object, where: Place | str) -> Decimal:
    """Return an amount of money, which has no more than two decimals."""
    amount = needed_figure(cell, where)
    if amount != round(amount, 2):
        raise StatementRefused(where, "an amount with two decimals", quoted(cell))
    return round(amount, 2)


def units_of(cell: object, where: Place | str) -> Decimal | None:
    """Return a count of units, which eToro writes as text; None where there is none."""
    count = figure(cell, where)
    if count is not None and count < 0:
        raise StatementRefused(where, "no units below zero", quoted(cell))
    return count


def position_id(cell: object, where: Place | str) -> str:
    """
    Return the number of a position as text, empty where there is none.

    One that arrives as a number has lost digits to whoever saved the file again, and may be another's.
    """
    if not isinstance(cell, str):
        expected = "a position id as text, as eToro writes it"
        raise StatementRefused(where, expected, f"the number {quoted(cell)}")
    said = text_of(cell)
    if said and not _ID.fullmatch(said):
        raise StatementRefused(where, "a position id of digits", quoted(cell))
    return said


def leverage(cell: object, where: Place | str) -> Decimal:
    """Return a leverage, which is written 1, x1 or X1."""
    factor = needed_figure(text_of(cell).lstrip("xX") if isinstance(cell, str) else cell, where)
    if factor < 1:
        raise StatementRefused(where, "a leverage of at least 1", quoted(cell))
    return factor


def paper_of(details: str) -> tuple[str, Decimal]:
    """Return the paper a row's details name, such as NVDA/USD, and the leverage they tell, 1 if none."""
    levered = _LEVERED.search(details)
    return (details[: levered.start()], Decimal(levered[1])) if levered else (details, Decimal(1))


def split_ratio(details: str, where: Place | str) -> tuple[Decimal, Decimal]:
    """
    Return how many units become of how many, of a split's details: `NVDA/USD 10:1`, or `GLDM/USD 1:2`
    backwards.
    """
    found = _RATIO.search(details)
    if not found or not Decimal(found[1]) or not Decimal(found[2]):
        raise StatementRefused(where, "a ratio such as NVDA/USD 10:1", quoted(details))
    return Decimal(found[1]), Decimal(found[2])


def raw_text(cell: object) -> str:
    """Return a cell as it is kept: its text, or the shortest text of its number."""
    if isinstance(cell, datetime):
        return cell.isoformat()
    return cell if isinstance(cell, str) else repr(cell)
