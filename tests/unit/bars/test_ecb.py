"""The European Central Bank's history becomes dollars per pound."""

from datetime import date

from trading_ops.bars.ecb import history

TEXT = """\
Date,USD,JPY,GBP,
2026-10-30,1.1172,175.68,0.8338,
2026-10-29,1.1200,175.00,0.8400,
2026-10-28,1.1200,175.00,N/A,
1999-01-04,1.1789,133.73,0.7111,
"""


def test_a_pound_in_dollars_is_the_quotient_of_two_rates():
    """
    1.1172 dollars and 0.8338 pounds per euro are 1.339890 dollars per pound; days without both are absent.
    """
    assert history(TEXT, date(2026, 11, 1)) == [
        ("1999-01-04", "1.657854"),
        ("2026-10-29", "1.333333"),
        ("2026-10-30", "1.339890"),
    ]


def test_rates_after_the_desks_date_do_not_exist_yet():
    """A desk that replays June must not know October's rate."""
    assert history(TEXT, date(2026, 10, 29))[-1] == ("2026-10-29", "1.333333")


def test_a_day_the_desk_knows_is_left_as_it_is():
    """The package is older than what the bank or a person has said since."""
    assert [day for day, _ in history(TEXT, date(2026, 11, 1), {"1999-01-04", "2026-10-30"})] == [
        "2026-10-29"
    ]
