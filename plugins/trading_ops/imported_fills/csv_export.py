"""
Hummingbot's CSV of its trades: columns in any order, known by their names, every digit as it was traded.

Pure.
"""

import csv
from collections.abc import Iterable, Iterator

from trading_ops.imported_fills.fill import COLUMNS, OPTIONAL_COLUMNS, FillsError, ImportedFill, fill_of


def fills_of_csv(lines: Iterable[str], file: str) -> Iterator[ImportedFill]:
    """Yield the fills of a CSV as its lines come. Raises FillsError at the first mistake."""
    reader = csv.reader(lines, strict=True)
    try:
        header = next(reader, [])
        columns = _columns(header, file)
        for cells in reader:
            if not any(cells):
                continue
            place = f"line {reader.line_num}"
            if len(cells) != len(header):
                raise FillsError(f"{file}, {place}: {len(cells)} cells, and the header has {len(header)}")
            told = dict.fromkeys(OPTIONAL_COLUMNS, "")
            told |= {column: cells[at] for column, at in columns.items()}
            yield fill_of(told, file, place)
    except csv.Error as problem:
        raise FillsError(f"{file}, line {max(reader.line_num, 1)}: {problem}; is the file cut?") from None


def _columns(header: list[str], file: str) -> dict[str, int]:
    """Return where each column stands that a fill is made of."""
    names = [cell.strip().lower().replace(" ", "_") for cell in header]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise FillsError(
            f"{file}, line 1: not the trades Hummingbot exports, or not all of them: {', '.join(missing)} "
            f"missing in a header of {len(header)} cells with commas between them"
        )
    wanted = [name for name in names if name in COLUMNS + OPTIONAL_COLUMNS]
    twice = sorted({name for name in wanted if wanted.count(name) > 1})
    if twice:
        raise FillsError(f"{file}, line 1: {', '.join(twice)} twice")
    return {name: names.index(name) for name in wanted}
