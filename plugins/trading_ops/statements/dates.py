"""
The dates of a statement, read one way for the whole file.

Pure. eToro writes them as text, in the order and with the separator of the account's country. One date
alone says nothing of the order of day and month; all dates of a file together do, or else the file is
refused.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from trading_ops.statements.refusal import Place, StatementRefused, quoted

_DATE = re.compile(
    r"(?P<first>\d{1,2})(?P<separator>[./-])(?P<second>\d{1,2})(?P=separator)(?P<year>\d{4})"
    r"(?:[ T]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second_of_minute>\d{2}))?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2})?)?")
_EXPECTED = "a date such as 31/12/2026 23:59:59"
_CURE = "a period with a day after the 12th in it, so that day and month can be told apart"

# What reads one date of the file: its cell and where that stands.
DateReader = Callable[[object, Place | str], datetime]


def date_reader(cells: Iterable[tuple[object, Place | str]], is_day_first: bool = False) -> DateReader:
    """
    Return what reads every date of a file, given all its cells with dates and where each stands.

    `is_day_first` says that the language of the file settles the order. Times are UTC. Raises
    StatementRefused when dates are written in more than one way, or day and month could be either.
    """
    texts = {cell.strip(): where for cell, where in cells if isinstance(cell, str)}
    shapes: dict[str, tuple[str, Place | str]] = {}
    for text, where in texts.items():
        shapes.setdefault(_shape(text, where), (text, where))
    if len(shapes) > 1:
        (one, _), (other, where) = list(shapes.values())[:2]
        raise StatementRefused(where, f"every date written alike, as {quoted(one)}", quoted(other))
    is_iso = "iso" in shapes
    orders = [True] if is_iso else _orders(texts, is_day_first or "." in shapes)

    def read(cell: object, where: Place | str) -> datetime:
        if isinstance(cell, datetime):
            return cell.replace(tzinfo=UTC)
        if not isinstance(cell, str):
            raise StatementRefused(where, _EXPECTED, quoted(cell))
        return _instant(cell.strip(), orders[0], where)

    return read


def _shape(text: str, where: Place | str) -> str:
    if _ISO.fullmatch(text):
        return "iso"
    if not (found := _DATE.fullmatch(text)):
        raise StatementRefused(where, _EXPECTED, quoted(text))
    return found["separator"]


def _orders(texts: dict[str, Place | str], is_day_first: bool) -> list[bool]:
    if is_day_first:
        return [True]
    pairs = {(int(found["first"]), int(found["second"])) for found in map(_DATE.fullmatch, texts)}
    can_be = [
        is_first
        for is_first, days, months in (
            (True, [one for one, _ in pairs], [two for _, two in pairs]),
            (False, [two for _, two in pairs], [one for one, _ in pairs]),
        )
        if all(1 <= day <= 31 for day in days) and all(1 <= month <= 12 for month in months)
    ]
    where = next(iter(texts.values()), "the file")
    if not can_be:
        raise StatementRefused(where, "days and months in one order", "a file in which neither order fits")
    if len(can_be) == 2 and any(one != two for one, two in pairs):
        raise StatementRefused("the dates of the file", _CURE, f"only such as {quoted(next(iter(texts)))}")
    return can_be


def _instant(text: str, is_day_first: bool, where: Place | str) -> datetime:
    if _ISO.fullmatch(text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    found = _DATE.fullmatch(text)
    if not found:
        raise StatementRefused(where, _EXPECTED, quoted(text))
    day, month = (found["first"], found["second"]) if is_day_first else (found["second"], found["first"])
    hour = int(found["hour"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"] in "Pp" else 0)
    try:
        return datetime(
            int(found["year"]), int(month), int(day), hour, int(found["minute"] or 0),
            int(found["second_of_minute"] or 0), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        raise StatementRefused(where, _EXPECTED, quoted(text)) from None
