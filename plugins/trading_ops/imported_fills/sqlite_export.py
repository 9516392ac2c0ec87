"""
Hummingbot's SQLite file: what its version keeps of each figure, and where that is too little.

Opened to be read and never changed. Since 2022 price and amount are whole millionths, what is smaller is cut
off; before, they are floats. A file brought over from before has millionths in a column declared a float, and
numbers added to its trade ids. What was cut to nothing is a figure this file does not know: nothing of it is
taken.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

from trading_ops.config.text import shown
from trading_ops.imported_fills.fill import (
    COLUMNS,
    OPTIONAL_COLUMNS,
    FillsError,
    ImportedFill,
    KeptAs,
    fill_of,
)

_FIGURES = ("price", "amount")
_FLOATS = ("FLOAT", "REAL", "DOUBLE", "NUMERIC")
_MAGIC = b"SQLite format 3\0"


def is_sqlite(head: bytes) -> bool:
    """Whether a file that begins so is one of SQLite's."""
    return head.startswith(_MAGIC)


def fills_of_sqlite(path: Path) -> Iterator[ImportedFill]:
    """Yield the fills of a SQLite file in their order. Raises FillsError at the first mistake."""
    _require_whole(path)
    uri = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            yield from _fills(connection, path.name)
    except sqlite3.Error as problem:
        raise FillsError(f"{path.name}: SQLite cannot read it: {problem}; copy it again") from None


def _fills(connection: sqlite3.Connection, file: str) -> Iterator[ImportedFill]:
    connection.execute("pragma trusted_schema = off")
    [(state,)] = connection.execute("pragma quick_check(1)")
    if state != "ok":
        raise FillsError(f"{file}: the file is damaged ({state.splitlines()[-1]}); copy it again")
    declared = _declared(connection, file)
    kept_as, is_brought_over = _kept_as(declared, file)
    if kept_as == "millionths":
        _require_nothing_lost(connection, file)
    columns = [*COLUMNS, *(column for column in OPTIONAL_COLUMNS if column in declared)]
    found = connection.execute(f"select rowid, {', '.join(columns)} from TradeFill order by timestamp, rowid")
    for number, *values in found:
        place = f"row {number}"
        cells = dict.fromkeys(OPTIONAL_COLUMNS, "")
        for column, value in zip(columns, values, strict=True):
            cells[column] = _text(value, column, file, place, kept_as)
        if is_brought_over:
            # The number a fill had in the old file was added to its id, and another export does not know it.
            cells["exchange_trade_id"] = re.sub(r"_[0-9]+$", "", cells["exchange_trade_id"])
        yield fill_of(cells, file, place, kept_as)


def _require_whole(path: Path) -> None:
    with path.open("rb") as opened:
        head = opened.read(100)
    # The page size, 1 standing for 65536, and how many pages there are.
    page_bytes, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    expected = (65536 if page_bytes == 1 else page_bytes) * pages
    found = path.stat().st_size
    if len(head) < 100 or found < expected:
        raise FillsError(f"{path.name}: the file is cut, {found} of {expected} bytes; copy it again")
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists() and beside.stat().st_size:
            raise FillsError(
                f"{path.name}: {beside.name} beside it holds what is not in it yet; stop Hummingbot, then copy it"
            )


def _declared(connection: sqlite3.Connection, file: str) -> dict[str, str]:
    """Return the columns of the table of fills with how each is declared."""
    tables = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
    if "TradeFill" not in tables:
        raise FillsError(f"{file}: no table TradeFill: this is no file of Hummingbot's trades")
    declared = {row[1]: row[2].upper() for row in connection.execute("pragma table_info(TradeFill)")}
    missing = [column for column in COLUMNS if column not in declared]
    if missing:
        raise FillsError(f"{file}: the table TradeFill has no {', '.join(missing)}")
    return declared


def _kept_as(declared: dict[str, str], file: str) -> tuple[KeptAs, bool]:
    """Return how figures are kept, and whether they were brought over from a version before."""
    price, amount = (declared[figure] for figure in _FIGURES)
    if price == "BIGINT" and (amount == "BIGINT" or amount.startswith(_FLOATS)):
        return "millionths", amount != "BIGINT"
    if price.startswith(_FLOATS) and amount.startswith(_FLOATS):
        return "double", False
    raise FillsError(
        f"{file}: price is declared {shown(price)} and amount {shown(amount)}, as in no known version: how they "
        "are scaled is not known"
    )


def _require_nothing_lost(connection: sqlite3.Connection, file: str) -> None:
    for figure in _FIGURES:
        lost, total = connection.execute(
            f"select count(*) filter (where {figure} = 0), count(*) from TradeFill"
        ).fetchone()
        if lost:
            number, pair = connection.execute(
                f"select rowid, base_asset || '-' || quote_asset from TradeFill where {figure} = 0"
                " order by rowid limit 1"
            ).fetchone()
            raise FillsError(
                f"{file}, row {number}, field {figure}: the {figure} of {lost} of {total} fills was lost, first of "
                f"{shown(pair)}: this file keeps six decimals, and it was smaller. Nothing is taken: import the CSV "
                "Hummingbot writes of the same trades"
            )


def _text(value: object, column: str, file: str, place: str, kept_as: KeptAs) -> str:
    """Return a stored value as an export would write it."""
    if column not in _FIGURES or kept_as == "double":
        return "" if value is None else str(value)
    # A column that was declared a float holds its whole number as one.
    if not isinstance(value, int) and not (isinstance(value, float) and value.is_integer()):
        raise FillsError(f"{file}, {place}, field {column}: {shown(value)} is no whole number of millionths")
    return f"{Decimal(int(value)).scaleb(-6):f}"
