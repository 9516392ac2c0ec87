"""One instant on both clocks, through the weeks in which they disagree."""

from datetime import UTC, datetime

import pytest

from trading_ops.exchange.clocks import both_clocks


@pytest.mark.parametrize(
    ("instant", "sentence", "difference_hours"),
    [
        ("2026-06-15T13:45", "Monday 15 June 2026, 09:45 New York (EDT) = 14:45 London (BST)", 5),
        ("2026-01-05T14:45", "Monday 5 January 2026, 09:45 New York (EST) = 14:45 London (GMT)", 5),
        # America changes first in spring and Britain first in autumn.
        ("2026-03-09T13:45", "Monday 9 March 2026, 09:45 New York (EDT) = 13:45 London (GMT)", 4),
        ("2026-03-30T13:45", "Monday 30 March 2026, 09:45 New York (EDT) = 14:45 London (BST)", 5),
        ("2026-10-26T13:45", "Monday 26 October 2026, 09:45 New York (EDT) = 13:45 London (GMT)", 4),
        ("2026-11-02T14:45", "Monday 2 November 2026, 09:45 New York (EST) = 14:45 London (GMT)", 5),
        ("2026-06-16T00:30", "Monday 15 June 2026, 20:30 New York (EDT) = 01:30 London (BST) on Tuesday", 5),
    ],
)
def test_an_instant_is_read_off_both_clocks(instant, sentence, difference_hours):
    """With the zone's name, and the other day's where it differs."""
    clocks = both_clocks(datetime.fromisoformat(instant).replace(tzinfo=UTC))
    assert (clocks.sentence, clocks.difference_hours) == (sentence, difference_hours)
    assert clocks.is_mismatch == (difference_hours == 4)
