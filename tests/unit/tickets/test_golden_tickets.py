"""
Whole tickets, read as text.

After a change that means to alter what people read, write them anew and read the diff:
PYTHONPATH=plugins .venv/bin/python tests/unit/tickets/test_golden_tickets.py
"""

import json
from pathlib import Path

import pytest

from tests.unit.tickets import records
from trading_ops.tickets.build import build_ticket, canonical_json
from trading_ops.tickets.render import render_markdown

GOLDEN = Path(__file__).parent / "golden"
TICKETS = {
    "trade_normal_week": records.record,
    "trade_clock_mismatch_week": lambda: records.record(run=records.mismatch_run_row()),
    "no_trade": records.blocked_record,
    "no_trade_without_bars": records.barless_record,
}


def written(name: str) -> dict[str, str]:
    """Return the file names and texts of one golden ticket."""
    ticket = build_ticket(TICKETS[name](), now_at=records.SATURDAY_AT, failed_steps=[])
    body = canonical_json(ticket)
    return {
        f"{name}.md": render_markdown(ticket),
        f"{name}.json": json.dumps(json.loads(body), indent=2, ensure_ascii=False, sort_keys=True) + "\n",
    }


@pytest.mark.parametrize("name", TICKETS)
def test_a_ticket_reads_as_the_committed_one(name):
    """Every word of the markdown and every value of the JSON."""
    for file_name, text in written(name).items():
        assert text == (GOLDEN / file_name).read_text()


def test_no_golden_ticket_is_left_over():
    """A file nobody compares is a promise nobody keeps."""
    assert {path.name for path in GOLDEN.iterdir()} == {
        f"{name}.{kind}" for name in TICKETS for kind in ("md", "json")
    }


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for ticket_name in TICKETS:
        for file_name, text in written(ticket_name).items():
            (GOLDEN / file_name).write_text(text)
