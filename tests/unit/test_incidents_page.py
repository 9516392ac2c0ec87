"""docs/INCIDENTS.md has an entry for every code the desk raises, and none for a code that is gone."""

import re

from trading_ops.comms.incidents import CODES
from trading_ops.settings import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs/INCIDENTS.md").read_text()


def test_every_code_has_its_entry_and_no_other_has():
    """A code without a word is one nobody can answer."""
    assert sorted(re.findall(r"^### (\w+)$", PAGE, re.M)) == sorted(CODES)


def test_every_entry_has_its_four_parts_in_order():
    """What raised it, why it matters, what it looks like, what to do: each once, none empty."""
    entries = re.split(r"^### \w+$", PAGE, flags=re.M)[1:]
    for entry in entries:
        parts = re.findall(r"^- \*\*([\w ]+)\*\*: \S", entry, re.M)
        assert parts == ["Raised", "Why", "Looks like", "Do"], entry


def test_every_code_that_is_raised_is_known():
    """A code that is written as text somewhere else would have no mail subject and no entry."""
    raised = {
        code
        for folder in ("trading_ops", "trading_ops_airflow")
        for path in (PROJECT_ROOT / "plugins" / folder).rglob("*.py")
        for code in re.findall(
            r"""(?:raise|record)_incident\(\s*(?:connection,\s*)?"([A-Z_]+)\"""", path.read_text()
        )
    }
    assert len(raised) >= 6
    assert raised <= set(CODES)
