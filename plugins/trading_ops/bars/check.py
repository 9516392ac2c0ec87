"""
What must hold for the rows of a vendor file, checked a column at a time.

A broken row refuses the whole file while a signal or a gate could still read it. Older than that
it is left out and named instead: vendors carry a handful of wrong prices from decades ago, and
one of them must not cost the desk a symbol.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trading_ops.bars.refusal import Refusal
from trading_ops.bars.sources.layout import ADJ_CLOSE, CLOSE, DATE, HIGH, LOW, OPEN, VOLUME, Layout
from trading_ops.bars.table import Rows

# Momentum looks 252 sessions back and the gates 20; two years before a file's last bar nothing is read.
READ_DAYS = np.timedelta64(731, "D")

_NUMBER = r"^-?\d{1,15}(\.\d{1,25})?([eE](-\d{1,2}|\+?\d))?$"
_DATES = {
    "YYYY-MM-DD": r"^\d{4}-\d\d-\d\d$",
    "YYYYMMDD": r"^\d{8}$",
    "YYYY-MM-DD HH:MM:SS-05:00": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d$",
}


def check_numbers(rows: Rows, columns: list[str]) -> None:
    """Refuse the file unless every cell of these columns is a plain decimal number."""
    for column in columns:
        is_number = pc.match_substring_regex(rows.column(column), _NUMBER)
        if not pc.all(is_number, min_count=0).as_py():
            rows.refuse(
                ~np.asarray(is_number),
                column,
                "{} is no number; accepted is a plain decimal such as 101.25",
            )


def check_dates(rows: Rows, layout: Layout, newest_date: np.datetime64) -> tuple[Rows, np.ndarray]:
    """
    Return the rows oldest first without repeated ones, and their dates.

    Refuses dates that are no dates, out of order, in the future, or there twice with two contents.
    """
    texts = rows.column(DATE)
    is_form = pc.match_substring_regex(texts, _DATES[layout.date_form])
    if not pc.all(is_form, min_count=0).as_py():
        rows.refuse(
            ~np.asarray(is_form), DATE, f"{{}} is no date of the accepted form {layout.date_form}"
        )
    dates = _read_dates(rows, texts)
    if len(dates) == 0:
        if layout.has_bars:
            rows.refuse_header("there is no row under it; at least one is expected")
        return rows, dates
    is_future = dates > newest_date
    if is_future.any():
        rows.refuse(
            is_future, DATE, f"{{}} is in the future; the newest accepted date is {newest_date}"
        )
    steps = np.diff(dates.astype(np.int64))
    # Vendors write newest first or newest last; anything else is a file that was put together.
    if steps.min(initial=0) < 0:
        if steps.max(initial=0) > 0:
            wrong = steps < 0 if (steps > 0).sum() >= (steps < 0).sum() else steps > 0
            rows.refuse(
                np.append(False, wrong),
                DATE,
                "{} is out of order; accepted are dates all ascending or all descending",
            )
        rows, dates = rows.take(np.arange(len(dates))[::-1]), dates[::-1]
    if (steps == 0).any():
        rows, dates = _drop_repeated(rows, dates)
    return rows, dates


def check_bars(
    rows: Rows, dates: np.ndarray, session_dates: np.ndarray
) -> tuple[Rows, np.ndarray, tuple[Refusal, ...]]:
    """
    Return the bars worth storing, their dates, and what was left out.

    Prices must be above zero with open and close within low and high, exactly: in a million rows
    of five vendors' files no bar misses that by rounding, only by errors of 90 % and more. A bar on
    a weekend means shifted dates; one on another closed day (an index that is computed then, a
    closure the vendor filled) is left out at any age, because a session count must not see it.
    """
    is_weekend = ~np.is_busday(dates)
    if is_weekend.any():
        rows.refuse(
            is_weekend, DATE, "{} is a Saturday or Sunday; accepted are days the exchange was open"
        )
    is_kept = np.ones(len(dates), bool)
    left_out: list[Refusal] = []
    is_old = dates < dates[-1] - READ_DAYS
    for column, is_bad, reason in _broken(rows):
        if is_bad.any():
            recent = is_bad & ~is_old
            if recent.any():
                rows.refuse(recent, column, reason)
            _leave_out(rows, is_bad & is_kept, column, reason, left_out)
            is_kept &= ~is_bad
    place = np.searchsorted(session_dates, dates)
    is_closed = session_dates[np.minimum(place, len(session_dates) - 1)] != dates
    if is_closed.any():
        _leave_out(rows, is_closed & is_kept, DATE, "{} was no session of the exchange", left_out)
        is_kept &= ~is_closed
    if is_kept.all():
        return rows, dates, ()
    if not is_kept.any():
        rows.refuse(~is_kept, DATE, "{} was no session of the exchange, and no row is left")
    return (
        rows.take(np.flatnonzero(is_kept)),
        dates[is_kept],
        tuple(sorted(left_out, key=lambda one: one.line)),
    )


def _broken(rows: Rows):
    """Yield (column, which rows are broken, reason) for each thing that can be wrong with a bar."""
    prices = {column: rows.floats(column) for column in (OPEN, HIGH, LOW, CLOSE)}
    if ADJ_CLOSE in rows.table.column_names:
        yield ADJ_CLOSE, rows.floats(ADJ_CLOSE) <= 0, "{} cannot be: a price is above 0"
    for column, values in prices.items():
        yield column, values <= 0, "{} cannot be: a price is above 0"
    low, high = prices[LOW], prices[HIGH]
    yield HIGH, high < low, "{} is below the low of its row; accepted is low <= high"
    for column in (OPEN, CLOSE):
        is_outside = (prices[column] < low) | (prices[column] > high)
        yield (
            column,
            is_outside,
            "{} is outside low..high of its row; accepted is low <= price <= high",
        )
    yield VOLUME, rows.floats(VOLUME) < 0, "{} cannot be: a volume is not negative"


def _leave_out(
    rows: Rows, which: np.ndarray, column: str, reason: str, left_out: list[Refusal]
) -> None:
    for index in np.flatnonzero(which):
        found = repr(rows.column(column)[int(index)].as_py())
        left_out.append(
            Refusal(
                rows.name, int(rows.lines[index]), rows.field(column), reason.replace("{}", found)
            )
        )


def _read_dates(rows: Rows, texts: pa.Array) -> np.ndarray:
    if len(texts) and len(texts[0].as_py()) == 8:
        parts = (pc.utf8_slice_codeunits(texts, *span) for span in ((0, 4), (4, 6), (6, 8)))
        texts = pc.binary_join_element_wise(*parts, "-")
    else:
        texts = pc.utf8_slice_codeunits(texts, 0, 10)
    try:
        return texts.cast(pa.date32()).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    except pa.ArrowInvalid:
        for index, text in enumerate(texts.to_pylist()):
            try:
                np.datetime64(text)
            except ValueError:
                rows.refuse_row(index, DATE, f"{text!r} is no day of the calendar")
        raise


def _drop_repeated(rows: Rows, dates: np.ndarray) -> tuple[Rows, np.ndarray]:
    first = np.flatnonzero(np.append(True, dates[1:] != dates[:-1]))
    owner = first[np.searchsorted(first, np.arange(len(dates)), side="right") - 1]
    for column in rows.table.column_names:
        values = rows.column(column)
        differs = np.asarray(pc.not_equal(values, values.take(pa.array(owner))))
        if differs.any():
            rows.refuse(
                differs,
                column,
                f"{{}} is a second value for {dates[differs][0]}; accepted is one row per date",
            )
    return rows.take(first), dates[first]
