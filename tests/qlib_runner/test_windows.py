"""The windows of a training: in order, apart by what a label sees, and never guessed."""

from datetime import date, timedelta

import pytest

from qlib_runner.manifest import Refused
from qlib_runner.windows import Lengths, Windows, horizon_of, parse_lengths, reach_of, roll, split

DAYS = [date(2020, 1, 1) + timedelta(days=n) for n in range(100)]


def test_no_label_of_a_window_is_made_of_prices_of_the_next():
    """The weekly label reads 6 sessions ahead: from any train day it ends before the first valid day."""
    reach = reach_of("Ref($close, -6) / Ref($close, -1) - 1")
    windows = split(DAYS, Lengths(40, 15, 10, 0), reach)
    place = {day: index for index, day in enumerate(DAYS)}
    assert reach == 6
    for earlier, later in ((windows.train, windows.valid), (windows.valid, windows.test)):
        assert place[earlier[1]] + reach + 1 == place[later[0]]


@pytest.mark.parametrize(
    ("label", "sessions"),
    [
        ("Ref($close, -6) / Ref($close, -1) - 1", 5),
        ("Ref($close, -2)/Ref($close, -1) - 1", 1),
        ("Ref($close, -5)/$close - 1", 5),
    ],
)
def test_the_horizon_is_from_the_purchase_to_the_sale(label, sessions):
    """Bought at the next close or at the label's own."""
    assert horizon_of(label) == sessions


def test_the_embargo_comes_on_top_of_the_purge():
    """Three sessions of embargo move both earlier windows, the test window stays at the end."""
    windows = split(DAYS, Lengths(40, 15, 10, 3), 6)
    assert windows.test == (DAYS[90], DAYS[99])
    assert windows.valid == (DAYS[90 - 9 - 15], DAYS[90 - 9 - 1])
    assert windows.train == (DAYS[66 - 9 - 40], DAYS[66 - 9 - 1])


def test_the_windows_have_the_lengths_asked_for():
    """First and last session both count."""
    windows = split(DAYS, Lengths(40, 15, 10, 3), 6)
    counts = [(last - first).days + 1 for first, last in (windows.train, windows.valid, windows.test)]
    assert counts == [40, 15, 10]


def test_too_short_a_history_is_refused_with_both_numbers():
    """One session too few is refused, the exact number is not."""
    lengths = Lengths(40, 15, 10, 3)
    assert split(DAYS[:83], lengths, 6).train[0] == DAYS[0]
    with pytest.raises(Refused, match="need 83 sessions; the dataset has 82"):
        split(DAYS[:82], lengths, 6)


def test_the_windows_roll_through_the_test_window_without_a_gap():
    """Ten sessions in three parts are 4, 4 and 2; the other windows move along and keep their lengths."""
    windows = split(DAYS, Lengths(40, 15, 10, 3), 6)
    parts = roll(DAYS, windows, 3)
    assert [part.test for part in parts] == [(DAYS[90], DAYS[93]), (DAYS[94], DAYS[97]), (DAYS[98], DAYS[99])]
    assert roll(DAYS, windows, 1) == [windows]
    for moved, part in zip((0, 4, 8), parts, strict=True):
        assert part.valid == (DAYS[66 + moved], DAYS[80 + moved])
        assert part.train == (DAYS[17 + moved], DAYS[56 + moved])
        assert (part.test[0] - part.valid[1]).days == 6 + 3 + 1


@pytest.mark.parametrize("count", [0, 11])
def test_a_test_window_has_no_more_parts_than_sessions(count):
    """Ten sessions cannot be eleven parts."""
    with pytest.raises(Refused, match=f"a test window of 10 sessions has no {count} parts"):
        roll(DAYS, split(DAYS, Lengths(40, 15, 10, 3), 6), count)


def test_windows_are_read_back_from_their_variables():
    """What model.json holds is enough to have them again."""
    windows = split(DAYS, Lengths(40, 15, 10, 3), 6)
    assert Windows.of_variables(windows.variables()) == windows


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
