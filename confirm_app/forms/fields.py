"""
Errors of a form, one per field, collected instead of raised so a person sees all of them at once.

Pure. What may be true although it looks wrong is a doubt: it gives way to a tick of its own, never to that
of another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from confirm_app.forms.figures import FigureError, parse_instant

NOTES_LENGTH_MAX = 2000
# The books are compared with the broker's every week, so nothing older is left to be typed in.
AGE_MAX = timedelta(days=366)


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field."""

    field: str
    message: str


@dataclass(frozen=True)
class Doubt(FieldError):
    """
    What looks wrong with one field and may be true.

    `name` says which question it is, the same however often the form is sent; `figure` is what it is about,
    exactly. A tick sends the figure back, so it answers this question about this figure and no other.
    """

    name: str
    figure: str

    @property
    def box(self) -> str:
        """The name its tick has on the form."""
        return f"doubt-{self.field}-{self.name}"

    def as_json(self) -> dict[str, str]:
        """Return what the audit log keeps of a doubt that was waived."""
        return {"doubt": f"{self.field}-{self.name}", "figure": self.figure}


def read_field(errors: list[FieldError], field: str, label: str, parse: Callable, *texts: str, **accepted):
    """Return what parse makes of the texts, or None after adding '<label> <what is wrong>' to errors."""
    try:
        return parse(*texts, **accepted)
    except FigureError as error:
        errors.append(FieldError(field, f"{label} {error}"))
        return None


def read_past(
    fields: Mapping[str, str], label: str, now_at: datetime, errors: list[FieldError]
) -> datetime | None:
    """
    Return the instant of a form's date, time and zone; None after adding that it is unreadable, in the
    future, or so long ago that the year is a slip.
    """
    at = read_field(
        errors, "time", label, parse_instant, *(fields.get(name, "") for name in ("date", "time", "zone"))
    )
    if at and at > now_at:
        errors.append(FieldError("time", f"{label} is in the future: check the date and the clock"))
    if at and at < now_at - AGE_MAX:
        errors.append(FieldError("time", f"{label} is more than a year ago: check the year"))
    return at
