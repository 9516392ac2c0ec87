"""The windows of a training: in order, apart by what a label sees, and never guessed."""

from datetime import date, timedelta

import pytest

from qlib_runner.manifest import Refused
from qlib_runner.windows import Lengths, parse_lengths, reach_of, split

DAYS = [date(2020, 1, 1) + timedelta(days=n) for n in range(100)]


def test_no_label_of_a_window_is_made_of_prices_of_the_next():
    """The weekly label reads 6 sessions ahead: from any train day it ends before the first valid day."""
    reach = reach_of("Ref($close, -6) / Ref($close, -1) - 1")
    windows = split(DAYS, Lengths(40, 15, 10, 0), reach)
    place = {day: index for index, day in enumerate(DAYS)}
    assert reach == 6
    for earlier, later in ((windows.train, windows.valid), (windows.valid, windows.test)):
        assert place[earlier[1]] + reach + 1 == place[later[0]]


def test_the_embargo_comes_on_top_of_the_purge():
    """Three sessions of embargo move both earlier windows, the test window stays at the end."""
    windows = split(DAYS, Lengths(40, 15, 10, 3), 6)
    assert windows.test == (DAYS[90], DAYS[99])
    assert windows.valid == (DAYS[90 - 9 - 15], DAYS[90 - 9 - 1])
    assert windows.train == (DAYS[66 - 9 - 40], DAYS[66 - 9 - 1])


def test_the_windows_have_the_lengths_asked_for():
    """First and last session both count."""
    windows = split(DAYS, Lengths(40, 15, 10, 3), 6)
    counts = [
        (last - first).days + 1 for first, last in (windows.train, windows.valid, windows.test)
    ]
    assert counts == [40, 15, 10]


def test_too_short_a_history_is_refused_with_both_numbers():
    """One session too few is refused, the exact number is not."""
    lengths = Lengths(40, 15, 10, 3)
    assert split(DAYS[:83], lengths, 6).train[0] == DAYS[0]
    with pytest.raises(Refused, match="need 83 sessions; the dataset has 82"):
        split(DAYS[:82], lengths, 6)


@pytest.mark.parametrize("label", ["$close / Ref($close, 1) - 1", "", "Ref($close, 5)"])
def test_a_label_that_looks_back_is_refused(label):
    """It would be known already, and the gap would be nothing."""
    with pytest.raises(Refused, match="looks at no later session"):
        reach_of(label)


@pytest.mark.parametrize("value", [0, -1, True, 2.5, "40"])
def test_a_length_is_a_whole_number_of_sessions(value):
    """True is 1 to Python, and 2.5 sessions are none."""
    with pytest.raises(Refused, match="train_sessions must be a whole number"):
        parse_lengths({"train_sessions": value})
