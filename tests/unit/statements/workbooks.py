"""Workbooks written by hand, cell by cell, so that a test can also write what no program would."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_BOOK_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def xlsx(sheets: Mapping[str, Sequence[Sequence]] | Sequence[tuple[str, Sequence[Sequence]]]) -> bytes:
    """Return an xlsx with these sheets; a text becomes a text cell, a float or Decimal a number."""
    return zipped(parts_of(sheets))


def parts_of(sheets) -> dict[str, bytes]:
    """Return the parts of such an xlsx, by their names in its zip."""
    named = list(sheets.items()) if isinstance(sheets, Mapping) else list(sheets)
    texts: dict[str, int] = {}
    bodies = [_sheet(rows, texts) for _, rows in named]
    numbers = range(1, len(named) + 1)
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, (name, _) in zip(numbers, named, strict=True)
    )
    related = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    strings = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    types = f'<Override PartName="/xl/workbook.xml" ContentType="{_BOOK_TYPE}"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}'
        f'<Relationship Id="rIdT" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
        **{f"xl/worksheets/sheet{number}.xml": body for number, body in zip(numbers, bodies, strict=True)},
    }
    return {name: body.encode() for name, body in parts.items()}


def zipped(parts: Mapping[str, bytes]) -> bytes:
    """Return parts as one zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return packed.getvalue()


def _sheet(rows: Sequence[Sequence], texts: dict[str, int]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            _cell(f"{_letters(place)}{number}", value, texts)
            for place, value in enumerate(row)
            if value != ""
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(place: str, value, texts: dict[str, int]) -> str:
    if isinstance(value, str):
        return f'<c r="{place}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def _letters(place: int) -> str:
    return chr(65 + place) if place < 26 else f"A{chr(65 + place - 26)}"
