"""The desk's own CSV: what is read, and how a mistake is told."""

import pytest

from trading_ops.config.csv_rows import DAY, read_rows

FORMS = {
    "day": (f"({DAY})?", "a day as YYYY-MM-DD, or nothing"),
    "symbol": ("[A-Z]+", "capitals"),
    "notes": (".*", "text"),
}


class FileError(Exception):
    """What a reader of a file raises."""


def rows(text: str) -> list[tuple]:
    """Parse a text as the file f.csv."""
    found = read_rows(text, "f.csv", FORMS, FileError)
    return [(row.line, row.day("day"), row["symbol"], row["notes"]) for row in found]


def test_a_row_has_its_cells_by_column_and_its_line():
    """A byte order mark, blanks around a cell, a quoted comma and rows without a word are all passed over."""
    text = '\ufeffday,symbol,notes\n2026-06-12, AAA ,"one, ""two"""\n\n,,\n,BBB,\n'
    first, second = rows(text)
    assert (first[0], str(first[1]), *first[2:]) == (2, "2026-06-12", "AAA", 'one, "two"')
    assert second == (5, None, "BBB", "")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_may_end_in_any_of_three_ways(end):
    """Old Macs ended them by a return alone; a language's own letters are seen as what they are."""
    found = rows(end.join(["day,symbol,notes", ",AAA,Škoda", ",BBB,", ""]))
    assert found == [(2, None, "AAA", "Škoda"), (3, None, "BBB", "")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1, field header: nothing; accepted is exactly day,symbol,notes"),
        ("symbol,day,notes\n", "line 1, field header: 'symbol,day,notes'; accepted is exactly"),
        ("*:*:postgres:canary,x\n", "line 1, field header: 2 cells of another file; accepted is exactly"),
        ("day,symbol,notes\n,AAA\n", "line 2, field row: 2 cells; accepted is 3 cells"),
        ("day,symbol,notes\n,AAA,\n,bbb,\n", "line 3, field symbol: 'bbb'; accepted is capitals"),
        ("day,symbol,notes\n2026-02-30,AAA,\n", "line 2, field day: '2026-02-30'; accepted is a day as"),
        (
            'day,symbol,notes\n,AAA,"open\n,BBB,\n',
            "line 3, field row: unexpected end of data; accepted is cells",
        ),
        ('day,symbol,notes\n,AAA,"a"b\n', "line 2, field row: ',' expected after '\"'; accepted is cells"),
        (
            f"day,symbol,notes\n,AAA,{'x' * 200_000}\n",
            "line 2, field row: field larger than field limit (131072); accepted is shorter cells",
        ),
        (
            "\ufeff\ufeffday,symbol,notes\n",
            r"line 1, field header: '\ufeffday,symbol,notes'; accepted is exactly",
        ),
        (
            "d\u0430y,symbol,notes\n",
            r"line 1, field header: 'd\u0430y,symbol,notes'; accepted is exactly day,",
        ),
        (f"{'secret' * 50}\n", "line 1, field header: 1 cells of another file; accepted is exactly day,"),
        *(
            (
                f"day,symbol,notes\n,AAA,fine\n,BBB,not{unseen}fine\n",
                f"line 3, field notes: {ascii(f'not{unseen}fine')}; accepted is characters that can be seen",
            )
            for unseen in "\0\x1b\x7f\x85\xa0\xad\u061c\u200b\u200f\u202e\u2028\u2066\u2800\u3164\ufeff\U000e0041"
        ),
        ("day,symbol,notes\n,AAA,\u2800\n", r"line 2, field notes: '\u2800'; accepted is characters"),
        (
            'day,symbol,notes\n,AAA,"two\rlines"\n',
            r"line 3, field notes: 'two\rlines'; accepted is characters",
        ),
        ("day,symbol,notes\n\u2028,AAA,\n", r"line 2, field day: '\u2028'; accepted is characters"),
    ],
)
def test_a_mistake_is_told_with_file_line_field_and_accepted_form(text, message):
    """A quote that is never closed would swallow the rest of the file without a word."""
    with pytest.raises(FileError) as refused:
        rows(text)
    assert str(refused.value).startswith(f"f.csv, {message}")
