"""
One vendor file, parsed: its rows as the vendor wrote them, or the reason it is refused.

Pure: bytes in, columns out, no clock and no disk. A file is accepted whole or not at all, and a
number keeps every digit of its text; floats exist here only to compare two prices of one row.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trading_ops.bars.check import check_bars, check_dates, check_numbers, set_missing_aside
from trading_ops.bars.refusal import FileRefused, QuarantinedRow, Refusal
from trading_ops.bars.table import Rows, read_rows, told
from trading_ops.exchange.trial_symbols import is_test_issue
from trading_ops.sources.layout import (
    ADJ_CLOSE,
    BASE,
    BESIDE,
    CLOSE,
    DATE,
    DIVIDEND,
    HIGH,
    INTEREST,
    LOW,
    OPEN,
    PERIOD,
    QUOTE,
    RATE,
    SOURCE,
    SPLIT,
    TICKER,
    TIME,
    VOLUME,
    Layout,
)
from trading_ops.sources.vendors import LAYOUTS, layouts_of, symbol_in_name
from trading_ops.sources.vendors.simulated import RATE_SOURCES

_NUMBERS = (OPEN, HIGH, LOW, CLOSE, ADJ_CLOSE, BESIDE, VOLUME, INTEREST, DIVIDEND, SPLIT, RATE)
_KNOWN_HEADERS = ", ".join(dict.fromkeys(layout.title for layout in LAYOUTS))


@dataclass(frozen=True)
class ParsedFile:
    """
    The accepted rows of one file, oldest first.

    `bars` has string columns named like raw.eod_bars and no duplicate date; `lines` gives the
    line of each bar. `actions` are (ex_date, kind, value text), complete for `action_kinds`
    between the file's first and last date. `quarantined` are the rows left out, in file order.
    """

    layout: Layout
    source: str
    symbol: str
    dates: np.ndarray
    lines: np.ndarray
    bars: pa.Table | None = None
    actions: tuple[tuple[str, str, str], ...] = ()
    action_kinds: tuple[str, ...] = ()
    rates: tuple[tuple[str, str, str, str], ...] = ()
    quarantined: tuple[QuarantinedRow, ...] = field(default=(), compare=False)

    @property
    def row_count(self) -> int:
        """How many rows of the file count."""
        return len(self.dates)


def parse_file(body: bytes, name: str, newest_date: np.datetime64, session_dates: np.ndarray) -> ParsedFile:
    """
    Return the rows of a vendor file.

    `newest_date` is the last date a row may have, `session_dates` the sorted days the exchange
    was open. Raises FileRefused with the first problem found.
    """
    rows = read_rows(body, name)
    layout, symbol = _recognise(rows, len(body))
    rows = rows.named(layout.columns)
    if TICKER in layout.columns:
        _refuse_other_symbol(rows, symbol)
    _refuse_intraday(rows)
    rows, dates = check_dates(rows, layout, newest_date)
    quarantined: list[QuarantinedRow] = []
    if layout.has_bars:
        rows, dates, quarantined = set_missing_aside(rows, dates)
    check_numbers(rows, [column for column in _NUMBERS if column in layout.columns])
    if layout.price_basis is None:
        return _parse_rates(rows, layout, symbol, dates)
    kinds = tuple(kind for kind in (SPLIT, DIVIDEND) if kind in layout.columns)
    # A split on a row whose price is broken is a split all the same.
    actions = tuple(action for kind in kinds for action in _actions(rows, layout, dates, kind))
    if layout.has_bars:
        rows, dates, broken = check_bars(rows, dates, session_dates)
        quarantined += broken
    return ParsedFile(
        layout=layout,
        source=layout.source,
        symbol=symbol,
        dates=dates,
        lines=rows.lines,
        bars=_bar_columns(rows, dates) if layout.has_bars else None,
        actions=actions,
        action_kinds=kinds,
        quarantined=tuple(sorted(quarantined, key=lambda one: one.line)),
    )


def named_series(body: bytes, name: str) -> tuple[str, str] | None:
    """Return source and symbol of a file nobody could parse, if its header or its name leave only one."""
    header_line = body.lstrip()[:200].split(b"\n")[0].decode("utf-8-sig", errors="replace")
    found = {
        (layout.source, symbol)
        for layout in layouts_of(header_line) or LAYOUTS
        if layout.price_basis is not None and (symbol := symbol_in_name(layout, name))
    }
    return found.pop() if len(found) == 1 else None


def _recognise(rows: Rows, size_bytes: int) -> tuple[Layout, str]:
    candidates = layouts_of(rows.header_line)
    if not candidates:
        found = f"{rows.table.num_columns} cells in a file of {size_bytes} bytes"
        rows.refuse_header(f"{found}, no header of a known vendor file; accepted are {_KNOWN_HEADERS}")
    for layout in candidates:
        symbol = symbol_in_name(layout, rows.name)
        if symbol and is_test_issue(symbol):
            reason = f"{symbol} is a symbol the exchanges send test orders under, not a company"
            raise FileRefused(Refusal(rows.name, rows.header_line_number, "file name", reason))
        if symbol:
            return layout, symbol
    forms = " or ".join(dict.fromkeys(layout.names_form for layout in candidates))
    raise FileRefused(
        Refusal(
            rows.name,
            rows.header_line_number,
            "file name",
            f"no symbol in it; a {candidates[-1].title} file is named like {forms}",
        )
    )


def _refuse_other_symbol(rows: Rows, symbol: str) -> None:
    # A file under another symbol's name would put one company's prices into another's history.
    ticker = f"{symbol}.US"
    is_other = np.asarray(pc.not_equal(pc.utf8_upper(rows.column(TICKER)), ticker))
    if is_other.any():
        rows.refuse(is_other, TICKER, f"{{}} is not the symbol the file is named after; accepted is {ticker}")


def _refuse_intraday(rows: Rows) -> None:
    for column, daily in ((PERIOD, "D"), (TIME, "000000")):
        if column in rows.table.column_names:
            other = pc.not_equal(rows.column(column), daily)
            if pc.any(other).as_py():
                rows.refuse(
                    np.asarray(other),
                    column,
                    f"{{}} is an intraday bar; only daily bars ({daily}) are accepted",
                )


def _bar_columns(rows: Rows, dates: np.ndarray) -> pa.Table:
    columns = [
        column for column in (OPEN, HIGH, LOW, CLOSE, ADJ_CLOSE, VOLUME) if column in rows.table.column_names
    ]
    texts = {DATE: pa.array(dates).cast(pa.string())}
    return pa.table({**texts, **{column: rows.column(column) for column in columns}})


def _actions(rows: Rows, layout: Layout, dates: np.ndarray, kind: str) -> list[tuple[str, str, str]]:
    values = rows.floats(kind)
    nothing = layout.no_split if kind == SPLIT else 0.0
    bad = (values <= 0) & (values != nothing) if kind == SPLIT else values < 0
    if bad.any():
        accepted = "a split ratio is above 0" if kind == SPLIT else "a dividend is not negative"
        rows.refuse(bad, kind, f"{{}} cannot be: {accepted}")
    happened = np.flatnonzero(values != nothing)
    texts = rows.column(kind)
    return [(str(dates[index]), kind, texts[int(index)].as_py()) for index in happened]


def _parse_rates(rows: Rows, layout: Layout, symbol: str, dates: np.ndarray) -> ParsedFile:
    bad = rows.floats(RATE) <= 0
    if bad.any():
        rows.refuse(bad, RATE, "{} cannot be: a rate is above 0")
    for column, accepted in ((BASE, {symbol[:3]}), (QUOTE, {symbol[3:]}), (SOURCE, set(RATE_SOURCES))):
        values = rows.column(column).to_pylist()
        for index, value in enumerate(values):
            if value not in accepted or value != values[0]:
                rows.refuse_row(
                    index,
                    column,
                    f"{told(value)} is not accepted here; expected {' or '.join(sorted(accepted))}, "
                    "the same in every row",
                )
    texts = (rows.column(column).to_pylist() for column in (BASE, QUOTE, RATE))
    rates = tuple(zip(np.datetime_as_string(dates).tolist(), *texts, strict=True))
    return ParsedFile(
        layout=layout,
        source=rows.column(SOURCE)[0].as_py(),
        symbol=symbol,
        dates=dates,
        lines=rows.lines,
        rates=rates,
    )
