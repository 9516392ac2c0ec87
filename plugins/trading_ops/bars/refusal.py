"""
What is said about a file that was not accepted, or about one row of it: where, which field, and why.

Pure.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

_TEXT = re.compile(r"line (\d+), field ([^:]*): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Refusal:
    """One reason a file was not stored; line 1 is the header's."""

    file: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, {self.detail()}"

    def detail(self) -> str:
        """Return the text kept in raw.payloads.error, beside the file name."""
        return f"line {self.line}, field {self.field}: {self.reason}"


@dataclass(frozen=True)
class QuarantinedRow(Refusal):
    """
    One row left out of a file that was otherwise accepted.

    `row_text` is the row as the vendor wrote it, `session_date` the date it gave.
    """

    session_date: date
    row_text: str


def read_refusal(file: str, detail: str) -> Refusal:
    """Return the refusal whose `detail` was stored."""
    line, field, reason = _TEXT.fullmatch(detail).groups()
    return Refusal(file, int(line), field, reason)


class FileRefused(Exception):
    """
    Nothing of a file may be stored; carries the refusal.

    `outcome` is the word for it in raw.load_results: needs_history where a file that reaches
    further would be accepted.
    """

    def __init__(self, refusal: Refusal, outcome: Literal["refused", "needs_history"] = "refused") -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.outcome = outcome
