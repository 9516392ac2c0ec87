"""
What must hold for the rows of a vendor file, checked a column at a time.

Pure. A broken row refuses the whole file while a signal or a gate could still read it. Older than that
it is quarantined instead: vendors carry a handful of wrong prices from decades ago, and one of
them must not cost the desk a symbol. So is the newest row of a file when the vendor has no price
for it yet.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trading_ops.bars.refusal import QuarantinedRow
from trading_ops.bars.table import Rows, told
from trading_ops.sources.layout import ADJ_CLOSE, CLOSE, DATE, HIGH, LOW, OPEN, VOLUME, Layout

# Momentum looks 252 sessions back and the gates 20; two years before a file's last bar nothing is read.
READ_DAYS = np.timedelta64(731, "D")
# The worst real file has 6 rows to leave out of 8,707. A file with more than this is broken as a whole.
QUARANTINED_RATIO_MAX, QUARANTINED_COUNT_MAX = 0.05, 20
# Far above any share (a history divided by reverse splits reaches two million), far below nonsense.
_PRICE_MAX = 1e9
# An adjusted close is at most the close; the slack is the vendors' rounding.
_ADJ_CLOSE_RATIO_MAX = 1.01

_NUMBER = r"^-?\d{1,15}(\.\d{1,25})?([eE](-\d{1,2}|\+?\d))?$"
_DATES = {
    "YYYY-MM-DD": r"^\d{4}-\d\d-\d\d$",
    "YYYYMMDD": r"^\d{8}$",
    "YYYY-MM-DD HH:MM:SS-05:00": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d$",
    "YYYY-MM-DD with or without 00:00:00-05:00": r"^\d{4}-\d\d-\d\d( 00:00:00[+-]\d\d:\d\d)?$",
}
_TIME_OF_DAY = r"\d[ T]\d?\d:\d\d"
# How vendors write a price they do not have.
_MISSING = pa.array(["", "NaN", "nan", "null"])


def check_numbers(rows: Rows, columns: list[str]) -> None:
    """Refuse the file unless every cell of these columns is a plain decimal number."""
    for column in columns:
        is_number = pc.match_substring_regex(rows.column(column), _NUMBER)
        if not pc.all(is_number, min_count=0).as_py():
            rows.refuse(
                ~np.asarray(is_number), column, "{} is no number; accepted is a plain decimal such as 101.25"
            )


def check_dates(rows: Rows, layout: Layout, newest_date: np.datetime64) -> tuple[Rows, np.ndarray]:
    """
    Return the rows oldest first without repeated ones, and their dates.

    Refuses dates that are no dates, out of order, in the future, or there twice with two contents.
    """
    texts = rows.column(DATE)
    is_form = pc.match_substring_regex(texts, _DATES[layout.date_form])
    if not pc.all(is_form, min_count=0).as_py():
        has_time = pc.any(pc.match_substring_regex(texts, _TIME_OF_DAY)).as_py()
        intraday = "; a time of day means intraday bars, accepted are daily ones" * has_time
        rows.refuse(
            ~np.asarray(is_form), DATE, f"{{}} is no date of the accepted form {layout.date_form}{intraday}"
        )
    dates = _read_dates(rows, texts)
    if len(dates) == 0:
        # A file of splits or dividends may say that there were none.
        if layout.has_bars or layout.price_basis is None:
            rows.refuse_header("there is no row under it; at least one is expected")
        return rows, dates
    is_future = dates > newest_date
    if is_future.any():
        rows.refuse(is_future, DATE, f"{{}} is in the future; the newest accepted date is {newest_date}")
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


def set_missing_aside(rows: Rows, dates: np.ndarray) -> tuple[Rows, np.ndarray, list[QuarantinedRow]]:
    """
    Return the rows that have all their prices, their dates, and the others as quarantined.

    The vendor writes NaN in the newest row while the session is not over, and in rows so old that
    nothing reads them. Between the two a missing price stays, and check_numbers refuses it.
    """
    columns = [
        column for column in (OPEN, HIGH, LOW, CLOSE, ADJ_CLOSE, VOLUME) if column in rows.table.column_names
    ]
    is_kept = np.ones(len(dates), bool)
    quarantined: list[QuarantinedRow] = []
    is_newest = np.arange(len(dates)) == len(dates) - 1
    is_old = dates < dates[-1] - READ_DAYS
    for column in columns:
        is_missing = np.asarray(pc.is_in(rows.column(column), value_set=_MISSING)) & is_kept
        if not is_missing.any():
            continue
        for which, reason in (
            (is_missing & is_newest, "{} in the newest row: the bar is not finished"),
            (is_missing & is_old, "{} is no number"),
        ):
            quarantined += _quarantine(rows, dates, which, column, reason)
            is_kept &= ~which
    if is_kept.all():
        return rows, dates, []
    _refuse_too_many(rows, ~is_kept, DATE, "{} has no price")
    return rows.take(np.flatnonzero(is_kept)), dates[is_kept], quarantined


def check_bars(
    rows: Rows, dates: np.ndarray, session_dates: np.ndarray
) -> tuple[Rows, np.ndarray, list[QuarantinedRow]]:
    """
    Return the bars worth storing, their dates, and what was quarantined.

    Prices must be above zero with open and close within low and high, exactly: in a million rows
    of five vendors' files no bar misses that by rounding, only by errors of 90 % and more. A bar on
    a weekend means shifted dates; one on another closed day (an index that is computed then, a
    closure the vendor filled) is quarantined at any age, because a session count must not see it.
    """
    is_weekend = ~np.is_busday(dates)
    if is_weekend.any():
        rows.refuse(is_weekend, DATE, "{} is a Saturday or Sunday; accepted are days the exchange was open")
    is_kept = np.ones(len(dates), bool)
    quarantined: list[QuarantinedRow] = []
    is_old = dates < dates[-1] - READ_DAYS
    for column, is_bad, reason in _broken(rows):
        if is_bad.any():
            recent = is_bad & ~is_old
            if recent.any():
                rows.refuse(recent, column, reason)
            quarantined += _quarantine(rows, dates, is_bad & is_kept, column, reason)
            is_kept &= ~is_bad
    place = np.searchsorted(session_dates, dates)
    is_closed = session_dates[np.minimum(place, len(session_dates) - 1)] != dates
    for column, is_odd, reason in (
        (DATE, is_closed, "{} was no session of the exchange"),
        (VOLUME, _is_issue_price(rows), "{} on the first row: an issue price, not yet a trade"),
    ):
        if is_odd.any():
            quarantined += _quarantine(rows, dates, is_odd & is_kept, column, reason)
            is_kept &= ~is_odd
    if is_kept.all():
        return rows, dates, []
    _refuse_too_many(rows, ~is_kept, DATE, quarantined[0].reason)
    return rows.take(np.flatnonzero(is_kept)), dates[is_kept], quarantined


def _broken(rows: Rows):
    """Yield (column, which rows are broken, reason) for each thing that can be wrong with a bar."""
    prices = {column: rows.floats(column) for column in (OPEN, HIGH, LOW, CLOSE)}
    if ADJ_CLOSE in rows.table.column_names:
        adj_close = rows.floats(ADJ_CLOSE)
        yield ADJ_CLOSE, adj_close <= 0, "{} cannot be: a price is above 0"
        is_above = adj_close > prices[CLOSE] * _ADJ_CLOSE_RATIO_MAX
        yield ADJ_CLOSE, is_above, "{} is above the close; accepted is an adjusted close up to it"
    for column, values in prices.items():
        yield column, values <= 0, "{} cannot be: a price is above 0"
        yield column, values > _PRICE_MAX, f"{{}} cannot be: a price is at most {_PRICE_MAX:.0f}"
    low, high = prices[LOW], prices[HIGH]
    yield HIGH, high < low, "{} is below the low of its row; accepted is low <= high"
    for column in (OPEN, CLOSE):
        is_outside = (prices[column] < low) | (prices[column] > high)
        yield (column, is_outside, "{} is outside low..high of its row; accepted is low <= price <= high")
    yield VOLUME, rows.floats(VOLUME) < 0, "{} cannot be: a volume is not negative"


def _is_issue_price(rows: Rows) -> np.ndarray:
    """Say which rows are the price a listing was offered at: the first one, flat, nothing traded."""
    is_first = np.arange(len(rows.lines)) == 0
    head = rows.take(np.arange(min(2, len(rows.lines))))
    volumes = head.floats(VOLUME)
    if len(volumes) < 2 or volumes[0] != 0 or volumes[1] == 0:
        return is_first & False
    return is_first & (head.floats(HIGH)[0] == head.floats(LOW)[0])


def _quarantine(
    rows: Rows, dates: np.ndarray, which: np.ndarray, column: str, reason: str
) -> list[QuarantinedRow]:
    return [
        QuarantinedRow(
            rows.name,
            int(rows.lines[index]),
            rows.field(column),
            reason.replace("{}", told(rows.column(column)[int(index)].as_py())),
            dates[index].astype(object),
            rows.text(int(index)),
        )
        for index in np.flatnonzero(which)
    ]


def _refuse_too_many(rows: Rows, is_out: np.ndarray, column: str, reason: str) -> None:
    """Refuse a file that has so many rows to leave out that the rest is not to be trusted either."""
    allowed = max(QUARANTINED_COUNT_MAX, int(len(is_out) * QUARANTINED_RATIO_MAX))
    if is_out.sum() > allowed:
        rows.refuse(is_out, column, f"{reason}; {is_out.sum()} such rows, accepted are {allowed} at most")
    if is_out.all():
        rows.refuse(is_out, column, f"{reason}, and no row is left")


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
            # Not a slip of one date but a file of another kind.
            intraday = f"; {len(dates)} rows for {len(first)} dates are intraday bars" * (
                len(dates) > 1.5 * len(first)
            )
            rows.refuse(
                differs,
                column,
                f"{{}} is a second value for {dates[differs][0]}; accepted is one row per date{intraday}",
            )
    return rows.take(first), dates[first]
