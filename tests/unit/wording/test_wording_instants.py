"""One instant on both clocks, through the weeks in which they disagree."""

from datetime import UTC, datetime, timedelta

import pytest

from trading_ops.exchange.clocks import both_clocks
from trading_ops.wording.instants import clock_warning, duration, in_full, on_both_clocks, utc_minute


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
    at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    clocks = both_clocks(at)
    assert (in_full(at), clocks.difference_hours) == (sentence, difference_hours)
    assert clocks.is_mismatch == (difference_hours == 4)
    assert clock_warning(at) == (
        ""
        if difference_hours == 5
        else "Clocks differ this week: London is only 4 hours ahead of New York. Use the times below, not habit."
    )


def test_a_phone_shows_both_clocks_on_one_line():
    """London first, where the person is."""
    assert (
        on_both_clocks(datetime(2026, 6, 15, 13, 45, tzinfo=UTC))
        == "Mon 15 Jun 14:45 London (09:45 New York)"
    )


def test_what_was_written_down_is_told_in_utc():
    """Whatever the clock it came in on."""
    at = datetime(2026, 6, 15, 15, 45, tzinfo=UTC).astimezone()
    assert utc_minute(at) == "2026-06-15 15:45 UTC"


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
        (timedelta(hours=2, minutes=10), "2 h 10 min"),
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=-5), "0 min"),
    ],
)
def test_a_length_of_time_has_two_words_at_most(span, text):
    """What is over is nothing left."""
    assert duration(span) == text
