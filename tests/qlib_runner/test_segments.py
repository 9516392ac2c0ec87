"""The segments of a training: in order, apart by what a label sees, and never guessed."""

from datetime import date, timedelta

import pytest

from qlib_runner.manifest import Refused
from qlib_runner.segments import Lengths, Segments, horizon_of, parse_lengths, reach_of, roll, split

DAYS = [date(2020, 1, 1) + timedelta(days=n) for n in range(100)]


def test_no_label_of_a_segment_is_made_of_prices_of_the_next():
    """The weekly label reads 6 sessions ahead: from any train day it ends before the first valid day."""
    reach = reach_of("Ref($close, -6) / Ref($close, -1) - 1")
    segments = split(DAYS, Lengths(40, 15, 10, 0), reach)
    place = {day: index for index, day in enumerate(DAYS)}
    assert reach == 6
    for earlier, later in ((segments.train, segments.valid), (segments.valid, segments.test)):
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
    """Three sessions of embargo move both earlier segments, the test segment stays at the end."""
    segments = split(DAYS, Lengths(40, 15, 10, 3), 6)
    assert segments.test == (DAYS[90], DAYS[99])
    assert segments.valid == (DAYS[90 - 9 - 15], DAYS[90 - 9 - 1])
    assert segments.train == (DAYS[66 - 9 - 40], DAYS[66 - 9 - 1])


def test_the_segments_have_the_lengths_asked_for():
    """First and last session both count."""
    segments = split(DAYS, Lengths(40, 15, 10, 3), 6)
    counts = [(last - first).days + 1 for first, last in (segments.train, segments.valid, segments.test)]
    assert counts == [40, 15, 10]


def test_too_short_a_history_is_refused_with_both_numbers():
    """One session too few is refused, the exact number is not."""
    lengths = Lengths(40, 15, 10, 3)
    assert split(DAYS[:83], lengths, 6).train[0] == DAYS[0]
    with pytest.raises(Refused, match="need 83 sessions; the dataset has 82"):
        split(DAYS[:82], lengths, 6)


def test_the_segments_roll_through_the_test_segment_without_a_gap():
    """Ten sessions in three parts are 4, 4 and 2; the other segments move along and keep their lengths."""
    segments = split(DAYS, Lengths(40, 15, 10, 3), 6)
    parts = roll(DAYS, segments, 3)
    assert [part.test for part in parts] == [(DAYS[90], DAYS[93]), (DAYS[94], DAYS[97]), (DAYS[98], DAYS[99])]
    assert roll(DAYS, segments, 1) == [segments]
    for moved, part in zip((0, 4, 8), parts, strict=True):
        assert part.valid == (DAYS[66 + moved], DAYS[80 + moved])
        assert part.train == (DAYS[17 + moved], DAYS[56 + moved])
        assert (part.test[0] - part.valid[1]).days == 6 + 3 + 1


@pytest.mark.parametrize("count", [0, 11])
def test_a_test_segment_has_no_more_parts_than_sessions(count):
    """Ten sessions cannot be eleven parts."""
    with pytest.raises(Refused, match=f"a test segment of 10 sessions has no {count} parts"):
        roll(DAYS, split(DAYS, Lengths(40, 15, 10, 3), 6), count)


def test_segments_are_read_back_from_their_variables():
    """What model.json holds is enough to have them again."""
    segments = split(DAYS, Lengths(40, 15, 10, 3), 6)
    assert Segments.of_variables(segments.variables()) == segments


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
