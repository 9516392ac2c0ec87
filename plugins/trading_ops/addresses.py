"""
One mail address, with or without a name before it: `Trading Ops <desk@example.org>`.

Pure. A list of addresses is none: who is left out of a list would never be told of.
"""

import re
from dataclasses import dataclass

_ADDRESS = r"[^\s<>@,;:\"()\\]+@[^\s<>@,;:\"()\\]+"
_ONE = re.compile(rf"\s*(?:\"?([^\"<>\r\n]*?)\"?\s*<({_ADDRESS})>|({_ADDRESS}))\s*")


@dataclass(frozen=True)
class MailAddress:
    """Whom mail comes from or goes to; the domain is as DNS has it (`xn--...`), `local` as it was written."""

    name: str
    local: str
    domain: str

    @property
    def address(self) -> str:
        """The address alone, as the envelope has it."""
        return f"{self.local}@{self.domain}"


def one_address(text: str) -> MailAddress:
    """Return the one address a text holds. Raises ValueError for none, several, or a domain that is none."""
    found = _ONE.fullmatch(text)
    if found is None:
        raise ValueError(
            "one address is expected, such as desk@example.org or Trading Ops <desk@example.org>"
        )
    local, _, domain = (found[2] or found[3]).partition("@")
    try:
        return MailAddress((found[1] or "").strip(), local, domain.encode("idna").decode("ascii"))
    except UnicodeError:
        raise ValueError(f"{domain!r} is no domain") from None
