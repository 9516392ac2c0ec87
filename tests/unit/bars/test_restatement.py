"""What a changed history is taken for: rescaled, revised, older, cut short, or another company's."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_ops.bars.restatement import Objection, Overlap, Restatement, appraise_change

FIRST = date(2024, 1, 1)
# A path with moves of one to three per cent, as stocks have.
PRICES = 100 * np.cumprod(1 + 0.02 * np.sin(np.arange(60) * 1.7) + 0.005)
OTHER = 40 * np.cumprod(1 + 0.02 * np.cos(np.arange(60) * 2.3))


def appraise(
    old: np.ndarray, new: np.ndarray, *, basis="fully_adjusted", adj=None, reach=(0, 0), skipped=0
) -> Restatement | Objection:
    """
    Appraise a file of `new` closes over stored `old` ones, one bar a day.

    `reach` says how many days the store goes further back, and the file further forward; `skipped`
    how many of the stored days the file does not go as far.
    """
    last = FIRST + timedelta(days=len(old) - 1)
    old_adj, new_adj = adj or (np.full(len(old), np.nan), np.full(len(old), np.nan))
    return appraise_change(
        Overlap(
            is_adjusted=basis != "raw",
            dates=np.datetime64(FIRST) + np.arange(len(old)),
            old_close=old,
            new_close=new,
            old_adj=old_adj,
            new_adj=new_adj,
            stored_first=FIRST - timedelta(days=reach[0]),
            stored_last=last + timedelta(days=skipped),
            file_first=FIRST,
            file_last=last + timedelta(days=reach[1]),
        )
    )


@settings(deadline=None)
@given(
    st.floats(0.001, 1000).filter(lambda ratio: abs(ratio - 1) > 0.0001),
    st.integers(4, 7),
    st.integers(5, 60),
)
def test_one_ratio_over_the_whole_history_is_a_rescaling_whatever_the_rounding(ratio, digits, count):
    """The ratio found is the vendor's to within its rounding, and every bar is on the new scale."""
    old = PRICES[:count].round(4)
    found = appraise(old, (old * ratio).round(digits), reach=(0, 5))
    assert (found.kind, found.is_scale_changed) == ("rescaled", True)
    assert float(found.ratio) == pytest.approx(ratio, rel=0.001)
    assert float(found.largest_ratio) == pytest.approx(abs(ratio - 1), rel=0.01)


@settings(deadline=None)
@given(st.floats(0.2, 5).filter(lambda ratio: abs(ratio - 1) > 0.0001), st.integers(1, 400))
def test_a_rescaled_file_without_the_whole_history_is_never_accepted(ratio, missing_days):
    """The bars it lacks would stay on the old scale, and the seam would look like a return."""
    found = appraise(PRICES, PRICES * ratio, reach=(missing_days, 5))
    assert found.outcome == "needs_history"
    assert str(FIRST - timedelta(days=missing_days)) in found.reason


@settings(deadline=None)
@given(st.integers(2, 59), st.floats(0.5, 2).filter(lambda ratio: abs(ratio - 1) > 0.002))
def test_one_corrected_bar_is_a_revision(place, ratio):
    """The history around it is as it was, so even a file of a part of it is accepted."""
    new = PRICES.copy()
    new[place] *= ratio
    for basis in ("raw", "fully_adjusted"):
        found = appraise(PRICES, new, basis=basis, reach=(300, 0))
        assert (found.kind, found.ratio, found.is_scale_changed) == ("revised", None, False)
        assert float(found.largest_ratio) == pytest.approx(abs(ratio - 1))


@settings(deadline=None)
@given(st.floats(0.9, 1.1), st.sampled_from(["raw", "fully_adjusted"]))
def test_an_unfinished_newest_bar_is_superseded(ratio, basis):
    """Saved at noon, it proves nothing about the scale; the bars before it do."""
    new = PRICES.copy()
    new[-1] *= ratio + 0.2
    found = appraise(PRICES, new, basis=basis, reach=(300, 1))
    assert (found.kind, found.is_scale_changed) == ("revised", False)


def test_a_rescaling_seen_beside_an_unfinished_bar_is_still_one():
    """AAPL of April 2022: everything times 0.98, and the bar of noon replaced by that of the close."""
    new = PRICES * 0.98
    new[-1] *= 0.97
    assert appraise(PRICES, new, reach=(0, 100)).ratio == Decimal("0.980000000")


def test_an_adjusted_file_that_shares_only_the_newest_bar_needs_history():
    """A bar of noon and a new scale look alike when nothing else is there to compare."""
    found = appraise(PRICES[:1], PRICES[:1] * 0.99, reach=(300, 1))
    assert found.outcome == "needs_history"
    assert appraise(PRICES[:1], PRICES[:1] * 0.99, basis="raw", reach=(300, 1)).kind == "revised"


@pytest.mark.parametrize("basis", ["raw", "fully_adjusted"])
def test_an_older_download_is_not_accepted(basis):
    """It ends before the stored history does, so what it says differently was corrected since."""
    found = appraise(PRICES, PRICES * 0.9, basis=basis, skipped=1)
    assert (found.outcome, "older download" in found.reason) == ("refused", True)


@pytest.mark.parametrize("basis", ["raw", "split_adjusted", "fully_adjusted"])
@pytest.mark.parametrize("count", [5, 60])
def test_the_series_of_another_company_is_not_accepted(basis, count):
    """Swapped symbols and reused tickers: the two prices part on most days, in no constant ratio."""
    found = appraise(PRICES[:count], OTHER[:count], basis=basis, reach=(0, 3))
    assert (found.outcome, "another company" in found.reason) == ("refused", True)


def test_a_constant_ratio_in_prices_as_traded_is_another_series():
    """Nobody rescales what was traded: pence for pounds, or an adjusted file under a raw name."""
    found = appraise(PRICES, PRICES * 100, basis="raw", reach=(0, 3))
    assert "disagree" in found.reason


def test_a_dividend_booked_late_in_the_middle_of_the_history_needs_all_of_it():
    """AVGO between 2020 and 2024: two ratios. Whole it is a revision; in part it has a seam."""
    new = PRICES.copy()
    new[:20] *= 0.995
    whole = appraise(PRICES, new, reach=(0, 5))
    assert (whole.kind, whole.is_scale_changed) == ("revised", True)
    assert appraise(PRICES, new, reach=(10, 5)).outcome == "needs_history"


def test_a_dividend_moves_only_the_adjusted_closes_of_a_split_adjusted_source():
    """Yahoo's closes stay, the adjusted ones are all rescaled; the ratio recorded is theirs."""
    adj = (PRICES * 0.9, PRICES * 0.9 * 0.997)
    found = appraise(PRICES, PRICES, basis="split_adjusted", adj=adj, reach=(0, 1))
    assert (found.kind, found.ratio) == ("rescaled", Decimal("0.997000000"))
    assert found.largest_ratio == Decimal("0.003000000")
    part = appraise(PRICES, PRICES, basis="split_adjusted", adj=adj, reach=(50, 1))
    assert part.outcome == "needs_history"


def test_a_dividend_of_a_cent_is_seen():
    """NVIDIA's 0.01 on 120 dollars is 0.008 %, below the rounding of one bar and above that of a median."""
    old = (PRICES / 50).round(4)
    assert appraise(old, (old * 0.99992).round(6), reach=(0, 1)).kind == "rescaled"
