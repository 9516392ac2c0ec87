"""
A form as it was posted.

Pure. What its fields hold and what is wrong with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from confirm_app.forms.fields import Doubt, FieldError


@dataclass(frozen=True)
class PostedForm:
    """What the fields of a form hold and what is wrong with them, doubts that were waived included."""

    values: Mapping[str, str]
    errors: tuple[FieldError, ...] = ()

    @property
    def open_errors(self) -> tuple[FieldError, ...]:
        """What keeps the form from being recorded."""
        return tuple(error for error in self.errors if not self.is_waived(error))

    @property
    def waived(self) -> tuple[Doubt, ...]:
        """The doubts a person has ticked, each about the figure it is about now."""
        return tuple(error for error in self.errors if self.is_waived(error))

    def refused(self, error: FieldError, **fields: str) -> Self:
        """Return the form with one more error and some fields anew; what was ticked stays ticked."""
        return replace(self, values={**self.values, **fields}, errors=(*self.errors, error))

    def is_waived(self, error: FieldError) -> bool:
        """Say whether an error is a doubt whose tick came with the figure it is about."""
        return isinstance(error, Doubt) and self.values.get(error.box) == error.figure

    def errors_of(self, name: str) -> list[FieldError]:
        """Return the errors of one field."""
        return [error for error in self.errors if error.field == name]

    def is_wrong(self, name: str) -> bool:
        """Say whether a field is to be looked at."""
        return any(error.field == name for error in self.open_errors)
