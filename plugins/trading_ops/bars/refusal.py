"""What is said about a file that was not accepted: where, which field, and the accepted form."""

import re
from dataclasses import dataclass

_TEXT = re.compile(r"line (\d+), field ([^:]*): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Refusal:
    """One reason a file, or one old row of it, was not stored; line 1 is the header's."""

    file: str
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, {self.detail()}"

    def detail(self) -> str:
        """Return the text kept in raw.payloads.error, beside the file name."""
        return f"line {self.line}, field {self.field}: {self.reason}"


def read_refusal(file: str, detail: str) -> Refusal:
    """Return the refusal whose `detail` was stored."""
    line, field, reason = _TEXT.fullmatch(detail).groups()
    return Refusal(file, int(line), field, reason)


class FileRefused(Exception):
    """Nothing of a file may be stored; carries the refusal."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
