"""Errors of a form, one per field, collected instead of raised so a person sees all of them at once."""

from collections.abc import Callable
from dataclasses import dataclass

from confirm_app.figures import FigureError

NOTES_LENGTH_MAX = 2000


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field; a checkable one gives way to the 'figures checked' box."""

    field: str
    message: str
    is_checkable: bool = False


def read_field(
    errors: list[FieldError], field: str, label: str, parse: Callable, *texts: str, **accepted
):
    """Return what parse makes of the texts, or None after adding '<label> <what is wrong>' to errors."""
    try:
        return parse(*texts, **accepted)
    except FigureError as error:
        errors.append(FieldError(field, f"{label} {error}"))
        return None
