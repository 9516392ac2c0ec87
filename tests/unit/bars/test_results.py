"""The one word a load has for a symbol that several files spoke of."""

import pytest

from trading_ops.bars.results import Results

SERIES = ("yahoo", "PAYR")


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        # Loaded whole and refused in part: the whole one counts.
        (("needs_history", "restated"), "restated"),
        # New dividends do not bring a history back to one scale.
        (("needs_history", "stored"), "needs_history"),
        (("refused", "stored"), "stored"),
        (("unchanged", "refused"), "refused"),
        (("unchanged", "limit"), "limit"),
    ],
)
def test_the_outcome_that_matters_most_is_told(outcomes, told):
    """Whatever came beside it and in whichever order."""
    for order in (outcomes, outcomes[::-1]):
        results = Results()
        for outcome in order:
            results.add_outcome(SERIES, outcome, "")
        assert [row.outcome for row in results.rows()] == [told]
