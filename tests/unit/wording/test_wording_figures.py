"""How figures read."""

from decimal import Decimal

import pytest

from trading_ops.wording.figures import gbp, ratio, units, usd, usd_exact


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (gbp, "1234.5", "£1,234.50"),
        (gbp, "-0.05", "-£0.05"),
        (usd, "99.999", "$100.00"),
        (ratio, "0.018282", "1.83 %"),
        (ratio, "-0.2", "-20.00 %"),
        (units, "12.345600", "12.3456"),
        (units, "100.000000", "100"),
        (units, "0.0000001", "0.0000001"),
        (units, "1234.5", "1,234.5"),
        (usd, "0.5", "$0.5000"),
        (usd_exact, "154.2", "$154.20"),
        (usd_exact, "154.203400", "$154.2034"),
    ],
)
def test_a_figure_reads_in_the_units_of_its_kind(show, value, text):
    """Pounds, dollars, per cent and shares."""
    assert show(Decimal(value)) == text


@pytest.mark.parametrize("show", [gbp, usd, usd_exact, ratio, units])
def test_what_is_not_known_is_not_shown_as_zero(show):
    """A missing price reads unknown."""
    assert show(None) == "unknown"
