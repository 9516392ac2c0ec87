"""How figures read."""

from decimal import Decimal

import pytest

from trading_ops.reports.figures import gbp, ratio, units, usd


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
        (units, "0.0000001", "0"),
    ],
)
def test_a_figure_reads_in_the_units_of_its_kind(show, value, text):
    """Pounds, dollars, per cent and shares."""
    assert show(Decimal(value)) == text


@pytest.mark.parametrize("show", [gbp, usd, ratio, units])
def test_what_is_not_known_is_not_shown_as_zero(show):
    """A missing price reads unknown."""
    assert show(None) == "unknown"
