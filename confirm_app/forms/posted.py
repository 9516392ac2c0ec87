"""
A form as it was posted.

Pure. What its fields hold and what is wrong with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from confirm_app.forms.fields import FieldError


@dataclass(frozen=True)
class PostedForm:
    """What the fields of a form hold and what is wrong with them."""

    values: Mapping[str, str]
    errors: tuple[FieldError, ...] = ()

    @property
    def asks_for_check(self) -> bool:
        """Whether ticking 'figures checked' would let an odd but true figure pass."""
        return any(error.is_checkable for error in self.errors) or self.values.get("figures_checked") == "yes"

    def errors_of(self, name: str) -> list[FieldError]:
        """Return the errors of one field."""
        return [error for error in self.errors if error.field == name]
