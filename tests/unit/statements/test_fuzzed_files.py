"""Whatever stands in a file, it is read or refused in words: nothing else comes of it."""

from contextlib import suppress
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.statements.test_bad_files import account
from tests.unit.statements.workbooks import parts_of, xlsx, zipped
from trading_ops.statements.record import check_file
from trading_ops.statements.refusal import StatementRefused

SHEETS = account().sheets()
PLACES = [
    (sheet, row, place)
    for sheet, rows in SHEETS.items()
    for row, cells in enumerate(rows)
    for place in range(len(cells))
]
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40) | st.sampled_from(
    [
        "-",
        "NaN",
        "inf",
        "1e400",
        "0",
        "-0",
        "1,2.3",
        "()",
        "00/00/0000",
        "99/99/9999 99:99:99",
        "1:0",
        "0:0",
        "x",
        "x0",
    ]
)
NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20
) | st.sampled_from([Decimal("1e300"), Decimal("1e-300"), Decimal("-0")])


@given(st.lists(st.tuples(st.sampled_from(PLACES), TEXTS | NUMBERS), min_size=1, max_size=4))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_cell_may_hold_anything(changes):
    """Texts of all scripts, numbers of all sizes, in any cell."""
    sheets = {title: [list(row) for row in rows] for title, rows in SHEETS.items()}
    for (sheet, row, place), cell in changes:
        sheets[sheet][row][place] = cell
    with suppress(StatementRefused):
        check_file(xlsx(sheets))


@given(st.sampled_from(sorted(SHEETS)), st.integers(0, 8), st.integers(0, 30))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_sheet_may_be_cut(sheet, rows_count, cells_count):
    """Fewer rows, shorter rows, none at all."""
    cut = [row[:cells_count] for row in SHEETS[sheet][:rows_count]]
    with suppress(StatementRefused):
        check_file(xlsx(SHEETS | {sheet: cut}))


@given(st.data())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_part_may_be_damaged(data):
    """Bytes replaced, left out or put in, with a right checksum over them."""
    parts = parts_of(SHEETS)
    name = data.draw(st.sampled_from(sorted(parts)))
    body = bytearray(parts[name])
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.integers(0, len(body)))
        last = data.draw(st.integers(first, min(len(body), first + 20)))
        body[first:last] = data.draw(
            st.binary(max_size=12) | st.sampled_from([b"<", b'"', b"</row>", b"<c/>", b"&#0;"])
        )
    with suppress(StatementRefused):
        check_file(zipped(parts | {name: bytes(body)}))
