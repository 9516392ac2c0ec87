"""What to do about an incident, as docs/INCIDENTS.md says, so that it is told where the incident is."""

import re
from functools import cache

from trading_ops.settings import PROJECT_ROOT

_ENTRY = r"^### {code}\n(?:(?!### ).*\n)*?- \*\*Do\*\*: (?P<todo>.+(?:\n  .+)*)"


@cache
def what_to_do(code: str) -> str:
    """Return the words of the code's "Do", without marks; where they cannot be read, where they should be."""
    found = re.search(_ENTRY.format(code=re.escape(code)), _manual(), re.MULTILINE)
    if not found:
        return "read docs/INCIDENTS.md"
    words = " ".join(re.sub(r"^\s*- ", "", found["todo"], flags=re.MULTILINE).split())
    return re.sub(r"\[([^]]+)\]\([^)]*\)|[`*]", r"\1", words)


def _manual() -> str:
    try:
        return (PROJECT_ROOT / "docs/INCIDENTS.md").read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        # An incident is told whatever became of the document.
        return ""
