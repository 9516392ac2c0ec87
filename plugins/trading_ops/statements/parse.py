"""
From the bytes of an account statement to what it says.

Pure. All or nothing: the first cell that cannot be understood without doubt refuses the file.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from trading_ops.statements.cells import (
    cents,
    leverage,
    needed_figure,
    paper_of,
    position_id,
    raw_text,
    split_ratio,
    text_of,
    units_of,
)
from trading_ops.statements.dates import DateReader, date_reader
from trading_ops.statements.headers import (
    ACTIVITY,
    CLOSED,
    DIVIDENDS,
    SUMMARY,
    Sheet,
    is_english,
    named_sheets,
    plain,
    read_header,
)
from trading_ops.statements.kinds import OPENINGS, Kind, kind_of
from trading_ops.statements.refusal import Place, StatementRefused, quoted
from trading_ops.statements.rows import ActivityRow, ClosedRow, DividendRow, Statement
from trading_ops.statements.summary import read_summary
from trading_ops.statements.workbook import Row, Workbook, read_workbook

_DATE_COLUMNS = ("date", "opened_at", "closed_at")
_ASSETS = {
    "stock": ("stock", "stocks", "acciones", "azioni", "aktien"),
    "etf": ("etf", "etfs"),
    "crypto": ("crypto", "cripto", "krypto", "criptomonedas", "kryptowahrungen"),
    "cfd": ("cfd", "cfds"),
}
_ASSET_OF = {word: asset for asset, words in _ASSETS.items() for word in words}
_SIDE = re.compile(
    r"(?:(buy|comprar|compra|acquista|acquisto|kaufen|kauf|long)|(sell|vender|venta|vendi|vendita|verkaufen|verkauf|short))\b\s*",
    re.I,
)

T = TypeVar("T")


def read_statement(content: bytes) -> Statement:
    """
    Return what an account statement says. Raises StatementRefused with the first reason it cannot be
    believed.
    """
    return parse(read_workbook(content))


def parse(book: Workbook) -> Statement:
    """Return what the cells of an account statement say; as read_statement for the rest."""
    named = named_sheets(book)
    summary = read_summary(*named[SUMMARY])
    sheets = {
        meaning: read_header(meaning, *named[meaning], summary.currency)
        for meaning in (ACTIVITY, CLOSED, DIVIDENDS)
        if meaning in named
    }
    about = [summary.account[name] for name in ("made_at", "start_at", "end_at")]
    dated = [*about, *_dates(sheets.values())]
    read_date = date_reader(dated, is_day_first=not is_english(named[ACTIVITY][0]))
    made_at, start_at, end_at = (read_date(cell, where) for cell, where in about)
    if not start_at <= end_at:
        raise StatementRefused(about[2][1], "an end after the start", quoted(about[2][0]))
    activity = _in_order(_read(sheets[ACTIVITY], _activity_row, read_date), sheets[ACTIVITY].title)
    for row in activity:
        if not start_at <= row.happened_at <= end_at:
            where = Place(sheets[ACTIVITY].title, row.row_number)
            raise StatementRefused(where, "a date within the statement's start and end", quoted(row.raw[0]))
    return Statement(
        account_name=text_of(summary.account["account_name"][0]),
        username=text_of(summary.account["username"][0]),
        currency=summary.currency,
        made_at=made_at,
        start_at=start_at,
        end_at=end_at,
        titles={meaning: title for meaning, (title, _) in named.items()},
        totals=summary.totals,
        activity=activity,
        closed=tuple(_once(_read(sheets[CLOSED], _closed_row, read_date), sheets[CLOSED].title)),
        dividends=tuple(_dividends(sheets.get(DIVIDENDS), read_date)),
        unread=tuple(f"{sheet.title}: {title}" for sheet in sheets.values() for title in sheet.unread),
    )


class _Cells:
    """One row of a sheet, each cell found by what its column means."""

    __slots__ = ("sheet", "row_number", "cells")

    def __init__(self, sheet: Sheet, row_number: int, cells: Row) -> None:
        self.sheet = sheet
        self.row_number = row_number
        self.cells = cells

    def at(self, column: str) -> Place:
        return Place(self.sheet.title, self.row_number, self.sheet.titles[self.sheet.columns[column]])

    def read(self, column: str, reader: Callable[[object, Place], T]) -> T:
        return reader(self.cells[self.sheet.columns[column]], self.at(column))

    def text(self, column: str) -> str:
        place = self.sheet.columns.get(column)
        return "" if place is None else text_of(self.cells[place])

    def raw(self) -> tuple[str, ...]:
        return tuple(map(raw_text, self.cells))


def _dates(sheets: Iterable[Sheet]) -> Iterator[tuple[object, Place]]:
    for sheet in sheets:
        for column in set(_DATE_COLUMNS) & set(sheet.columns):
            place = sheet.columns[column]
            for number, cells in _filled(sheet):
                yield cells[place], Place(sheet.title, number, sheet.titles[place])


def _filled(sheet: Sheet) -> Iterator[tuple[int, Row]]:
    """Yield the rows of a sheet that hold anything, each with its number in the file."""
    for number, cells in enumerate(sheet.rows, start=2):
        if any(cell != "" and cell is not None for cell in cells):
            yield number, cells


def _read(sheet: Sheet, reader: Callable[[_Cells, DateReader], T], read_date: DateReader) -> Iterator[T]:
    for number, cells in _filled(sheet):
        yield reader(_Cells(sheet, number, cells), read_date)


def _activity_row(cells: _Cells, read_date: DateReader) -> ActivityRow:
    kind = kind_of(cells.text("type"), cells.at("type"))
    paper, told_leverage = paper_of(cells.text("details"))
    row = ActivityRow(
        row_number=cells.row_number,
        kind=kind,
        happened_at=cells.read("date", read_date),
        details=cells.text("details"),
        paper=paper,
        leverage=told_leverage,
        amount=cells.read("amount", cents),
        units=cells.read("units", units_of),
        equity_change=cells.read("equity_change", cents),
        equity=cells.read("equity", cents),
        balance=cells.read("balance", cents),
        position_id=cells.read("position_id", position_id),
        asset=_asset(cells.text("asset_type")),
        split=split_ratio(cells.text("details"), cells.at("details")) if kind is Kind.SPLIT else None,
        raw=cells.raw(),
    )
    if (kind in OPENINGS or kind in (Kind.CLOSED, Kind.SPLIT)) and not row.position_id:
        raise StatementRefused(cells.at("position_id"), f"the position that was {kind.value}", "nothing")
    if kind in OPENINGS and not row.units:
        raise StatementRefused(cells.at("units"), "the units that were opened", quoted(cells.text("units")))
    return row


def _closed_row(cells: _Cells, read_date: DateReader) -> ClosedRow:
    action = cells.text("action")
    side = _SIDE.match(cells.text("direction") or action)
    if not side:
        raise StatementRefused(cells.at("action"), "an action that begins with Buy or Sell", quoted(action))
    number = cells.read("position_id", position_id)
    units = cells.read("units", units_of)
    if not number or not units:
        raise StatementRefused(cells.at("position_id"), "a position id and its units", quoted(cells.cells[0]))
    return ClosedRow(
        row_number=cells.row_number,
        position_id=number,
        instrument=action if cells.text("direction") else action[side.end() :],
        is_short=side[2] is not None,
        amount=cells.read("amount", cents),
        units=units,
        opened_at=cells.read("opened_at", read_date),
        closed_at=cells.read("closed_at", read_date),
        leverage=cells.read("leverage", leverage),
        profit=cells.read("profit", cents),
        open_rate=cells.read("open_rate", needed_figure),
        close_rate=cells.read("close_rate", needed_figure),
        asset=_asset(cells.text("type")),
        isin=cells.text("isin"),
        raw=cells.raw(),
    )


def _dividends(sheet: Sheet | None, read_date: DateReader) -> Iterator[DividendRow]:
    if sheet and {"net", "tax"} <= set(sheet.columns):
        yield from _read(sheet, _dividend_row, read_date)


def _dividend_row(cells: _Cells, read_date: DateReader) -> DividendRow:
    return DividendRow(
        row_number=cells.row_number,
        paid_at=cells.read("date", read_date),
        instrument=cells.text("instrument"),
        net=cells.read("net", cents),
        withheld=cells.read("tax", needed_figure),
        position_id=cells.read("position_id", position_id),
        isin=cells.text("isin"),
        raw=cells.raw(),
    )


def _asset(said: str) -> str:
    return _ASSET_OF.get(plain(said), plain(said))


def _in_order(rows: Iterator[ActivityRow], title: str) -> tuple[ActivityRow, ...]:
    """Return rows from the oldest on. Raises StatementRefused when they run neither way."""
    found: Sequence[ActivityRow] = tuple(rows)
    if len(found) > 1 and found[0].happened_at > found[-1].happened_at:
        found = found[::-1]
    for earlier, later in zip(found, found[1:], strict=False):
        if earlier.happened_at > later.happened_at:
            expected = f"a date not before that of row {earlier.row_number}"
            raise StatementRefused(Place(title, later.row_number), expected, quoted(later.raw[0]))
    return found


def _once(rows: Iterator[ClosedRow], title: str) -> Iterator[ClosedRow]:
    seen: dict[str, int] = {}
    for row in rows:
        if row.position_id in seen:
            found = f"{quoted(row.position_id)} in row {seen[row.position_id]} as well"
            raise StatementRefused(Place(title, row.row_number), "each closed position once", found)
        seen[row.position_id] = row.row_number
        yield row
