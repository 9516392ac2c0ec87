"""
Whatever is no sound statement is refused with what was expected and what was found, and nothing comes of
it.
"""

import io
import struct
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.statements.made_account import END, START, MadeAccount
from tests.unit.statements.workbooks import parts_of, xlsx, zipped
from trading_ops.statements import workbook
from trading_ops.statements.parse import read_statement
from trading_ops.statements.refusal import StatementRefused

DAY = START + timedelta(days=20)
SHEET = "xl/worksheets/sheet3.xml"


def account() -> MadeAccount:
    """A deposit, a buy, a part of it sold, a dividend."""
    made = MadeAccount()
    made.deposit(DAY, "1000.00")
    number = made.buy(DAY + timedelta(hours=1), "AAPL/USD", "300.00", "2", "Apple")
    made.sell(DAY + timedelta(hours=2), number, "1.50", "0.5")
    made.dividend(DAY + timedelta(hours=3), number, "0.36", "0.1543")
    return made


def refusal_of(content: bytes) -> str:
    """Return why a file is refused."""
    with pytest.raises(StatementRefused) as refused:
        read_statement(content)
    return str(refused.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "an empty file"), (b"%PDF-1.7 ...", "a PDF"), (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old .xls"),
        (b"Date,Type\n", "a text or CSV file"), (b"\xef\xbb\xbf<html>", "a web page"), (b"\x1f\x8b\x08", "a gzip file"),
        (b"\xff\xfe\x00\x01", "a file of another kind"), (zipped({"a.txt": b"hello"}), "a zip of other files"),
    ],
)  # fmt: skip
def test_a_file_of_another_kind_is_called_by_its_name(content, found):
    """Who chose the wrong file reads which one it was."""
    assert f"found {found}" in refusal_of(content)


@pytest.mark.parametrize("kept_ratio", [0.2, 0.5, 0.99])
def test_a_cut_file_is_refused(kept_ratio):
    """A download that broke off has no table of contents."""
    whole = account().export()
    assert "cut off" in refusal_of(whole[: int(len(whole) * kept_ratio)])


def test_a_flipped_byte_inside_a_part_is_refused():
    """The checksum of each part is looked at."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, body in parts_of(account().sheets()).items():
            archive.writestr(name, body)
    damaged = packed.getvalue().replace(b"1000.00", b"9000.00", 1)
    assert "damaged" in refusal_of(damaged)


@pytest.mark.parametrize(
    "name", ["xl/vbaProject.bin", "xl/embeddings/x.xlsx", "xl/externalLinks/externalLink1.xml"]
)
def test_what_could_run_or_reach_out_is_refused(name):
    """Macros, embedded and linked files."""
    assert "a macro" in refusal_of(zipped(parts_of(account().sheets()) | {name: b"x"}))


def test_a_workbook_that_says_it_has_macros_is_refused():
    """Also without any that were found."""
    parts = parts_of(account().sheets())
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"spreadsheetml.sheet", b"ms-excel.sheet.macroEnabled"
    )
    assert "one with macros" in refusal_of(zipped(parts))


def test_a_part_that_unpacks_to_200_mb_is_refused_before_it_is(monkeypatch):
    """Its size stands in the table of contents; nothing of it is unpacked."""
    parts = parts_of(account().sheets()) | {"xl/sharedStrings.xml": b" " * (200 * 1024 * 1024)}
    bomb = zipped(parts)
    assert len(bomb) < 400_000
    monkeypatch.setattr(
        zipfile.ZipExtFile,
        "read",
        lambda *_: pytest.fail("unpacked") if _[0].name.endswith("Strings.xml") else _real_read(*_),
    )
    assert "'xl/sharedStrings.xml': expected at most" in refusal_of(bomb)


_real_read = zipfile.ZipExtFile.read


def test_a_table_of_contents_that_lies_about_a_size_hides_nothing():
    """Said to be small and in truth large: only what was said and has its checksum would be handed on."""
    parts = parts_of(account().sheets()) | {"xl/sharedStrings.xml": b"<sst/>" + b" " * 2_000_000}
    lying = zipped(parts)
    lying = lying.replace(struct.pack("<L", 2_000_006), struct.pack("<L", 600))
    assert "damaged" in refusal_of(lying)


def test_a_part_that_is_shorter_than_said_is_refused():
    """The table of contents says three bytes more than there are; the checksum is right."""
    body = b"<sst/>" + b" " * 70_001
    padded = zipped(parts_of(account().sheets()) | {"xl/sharedStrings.xml": body})
    lying = padded.replace(struct.pack("<L", len(body)), struct.pack("<L", len(body) + 3))
    assert "expected 70010 bytes, as its zip says; found 70007" in refusal_of(lying)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice_is_refused():
    """One reader takes the first, another the last."""
    packed = io.BytesIO(zipped(parts_of(account().sheets())))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(SHEET, b"<worksheet/>")
    assert f"part '{SHEET}': expected one part of that name" in refusal_of(packed.getvalue())


def test_many_parts_that_are_large_together_are_refused(monkeypatch):
    """No part is too large, all of them are."""
    monkeypatch.setattr(workbook, "UNPACKED_BYTES_MAX", 100_000)
    many = {f"xl/media/{number}.xml": b" " * 30_000 for number in range(4)}
    assert "a zip bomb" in refusal_of(zipped(parts_of(account().sheets()) | many))


@pytest.mark.parametrize("cell", ["XFD1", "A1048576", "BA1", "A100000"])
def test_a_cell_far_outside_is_refused_before_memory_is_asked_for(cell):
    """One cell at XFD1048576 would make a block of 17 thousand million cells."""
    parts = parts_of(account().sheets())
    parts[SHEET] = parts[SHEET].replace(b"</row>", f'<c r="{cell}"><v>1</v></c></row>'.encode(), 1)
    assert "expected cells up to row 99999 and column AZ" in refusal_of(zipped(parts))


def test_a_document_type_is_refused():
    """Entities that name each other grow without end."""
    parts = parts_of(account().sheets())
    parts[SHEET] = b'<!DOCTYPE a [<!ENTITY b "bb">]>' + parts[SHEET]
    assert "a document type" in refusal_of(zipped(parts))


@pytest.mark.parametrize(
    "body",
    [
        b"<worksheet",
        b"\x00\x01",
        b"<worksheet><sheetData><row><c t='s'><v>999</v></c></row></sheetData></worksheet>",
    ],
)
def test_a_sheet_that_is_no_sheet_is_refused(body):
    """Also when its reader would have panicked."""
    assert "expected" in refusal_of(zipped(parts_of(account().sheets()) | {SHEET: body}))


def test_duplicate_sheets_are_refused():
    """By their names, and by what they mean in two languages."""
    sheets = account().sheets()
    assert "one sheet of that name" in refusal_of(
        xlsx([*sheets.items(), ("ACCOUNT ACTIVITY", sheets["Account Activity"])])
    )
    assert "one sheet with Account Activity" in refusal_of(xlsx(sheets | {"Actividad de la cuenta": [[]]}))


def test_a_sheet_of_another_file_or_a_missing_one_is_refused():
    """Another broker's workbook, a statement of before 2021, and one somebody has tidied."""
    sheets = account().sheets()
    assert "'Trades': expected a sheet of eToro's" in refusal_of(xlsx(sheets | {"Trades": [["x"]]}))
    assert "since 2021" in refusal_of(xlsx(sheets | {"Transactions Report": [["x"]]}))
    del sheets["Closed Positions"]
    assert "expected a sheet Closed Positions" in refusal_of(xlsx(sheets))


# sheet, row (1 is the titles), column, what is put there, what the refusal says
CELLS = {
    "unknown kind": ("Account Activity", 2, 1, "Cashback", "a kind of row this desk knows; found 'Cashback'"),
    "copy trading": ("Account Activity", 2, 1, "Start Copy", "found 'Start Copy'"),
    "no kind": ("Account Activity", 2, 1, "", "found nothing"),
    "changed header": ("Account Activity", 1, 5, "Equity Delta", "a column 'realized equity change'"),
    "foreign header": ("Account Activity", 1, 0, "Päivämäärä", "a column 'date'"),
    "header twice": ("Account Activity", 1, 10, "Balance", "one column for balance"),
    "id as number": ("Account Activity", 3, 8, Decimal("2000000001"), "a position id as text, as eToro writes it"),
    "id with letters": ("Account Activity", 3, 8, "2E9", "a position id of digits"),
    "closed id as number": ("Closed Positions", 2, 0, Decimal("2000000002"), "a position id as text"),
    "money in words": ("Account Activity", 2, 3, "a lot", "a number such as 1234.56; found 'a lot'"),
    "money read two ways": ("Account Activity", 2, 3, "1,000", "found '1,000'"),
    "decimal comma": ("Account Activity", 2, 3, "1.000,00", "found '1.000,00'"),
    "half a cent": ("Account Activity", 2, 3, Decimal("1000.005"), "an amount with two decimals"),
    "no money": ("Account Activity", 2, 3, "-", "a number; found '-'"),
    "a formula's error": ("Account Activity", 2, 3, "#REF!", "found '#REF!'"),
    "negative units": ("Account Activity", 3, 4, "-2", "no units below zero"),
    "opened without units": ("Account Activity", 3, 4, "-", "the units that were opened"),
    "opened without number": ("Account Activity", 3, 8, "", "the position that was opened"),
    "no date": ("Account Activity", 2, 0, "yesterday", "a date such as"),
    "a day of no month": ("Account Activity", 2, 0, "31/02/2026 00:00:00", "a date such as"),
    "a serial date": ("Account Activity", 2, 0, Decimal("46043.5"), "a date such as"),
    "date in another form": ("Account Activity", 2, 0, "2026-01-21 00:00:00", "every date written alike"),
    "before the start": ("Account Activity", 2, 0, "31/12/2025 00:00:00", "within the statement's start and end"),
    "out of order": ("Account Activity", 3, 0, "21/02/2026 00:00:00", "a date not before that of row 3"),
    "an action that is none": ("Closed Positions", 2, 1, "Apple", "begins with Buy or Sell"),
    "leverage of nothing": ("Closed Positions", 2, 6, "0", "a leverage of at least 1"),
    "no currency": ("Account Summary", 5, 1, "dollars", "a currency such as USD"),
    "no account": ("Account Summary", 4, 1, "", "a row Username"),
    "end before start": ("Account Summary", 8, 1, "31/12/2025 00:00:00", "an end after the start"),
    "a total in words": ("Account Summary", 12, 1, "none", "a number such as"),
}  # fmt: skip


@pytest.mark.parametrize("case", CELLS)
def test_one_bad_cell_refuses_the_file_and_is_named(case):
    """Sheet, row, what was expected and what was found there."""
    sheet, row, place, cell, said = CELLS[case]
    sheets = account().sheets()
    sheets[sheet][row - 1][place] = cell
    assert said in refusal_of(xlsx(sheets))


def test_a_closed_position_that_stands_there_twice_is_refused():
    """It would be counted twice."""
    sheets = account().sheets()
    sheets["Closed Positions"].append(sheets["Closed Positions"][1])
    assert "each closed position once" in refusal_of(xlsx(sheets))


def test_a_made_statement_is_read_as_it_stands():
    """What all of the above are one change away from, with a column nobody knows told and not read."""
    sheets = account().sheets()
    for row, cell in zip(sheets["Account Activity"], ["Mood", *["good"] * 4], strict=True):
        row.append(cell)
    statement = read_statement(xlsx(sheets))
    assert (len(statement.activity), len(statement.closed), len(statement.dividends)) == (4, 1, 1)
    assert (statement.end_at, statement.currency, statement.username) == (END, "USD", "aperson")
    assert statement.unread == ("Account Activity: Mood",)
