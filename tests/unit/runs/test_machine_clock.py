"""What the keepers of a clock say, as chrony 4.3 and systemd print it."""

from decimal import Decimal

import pytest

from trading_ops.runs.machine_clock import NtpOffset, chrony_offset, timesyncd_offset

CHRONY = "C0248F97,192.36.143.151,2,1795910293.230072474,{},0.000001,0.000012,1.2,0.0,0.1,0.004,{},64.2,{}\n"
TIMESYNCD = """\
       Server: 185.125.190.57 (ntp.ubuntu.com)
Poll interval: 34min 8s (min: 32s; max 34min 8s)
         Leap: normal
      Version: 4
      Stratum: 2
       Offset: {}
        Delay: 20.213ms
       Jitter: 1.002ms
"""


@pytest.mark.parametrize(
    ("offset", "dispersion", "offset_ms"),
    [
        ("0.000312000", "0.000500000", "2.812"),
        ("-0.051000000", "0.000500000", "53.5"),
        # No server has answered for five days.
        ("0.000000120", "86.400000000", "86402.00012"),
    ],
)
def test_chrony_says_seconds_and_the_bound_of_the_error_is_judged(offset, dispersion, offset_ms):
    """The offset of the system's clock, not the last correction, half the root delay and the dispersion."""
    said = CHRONY.format(offset, dispersion, "Normal")
    assert chrony_offset(said) == NtpOffset("chrony", Decimal(offset_ms))


@pytest.mark.parametrize(
    "said",
    [
        "",
        "506 Cannot talk to daemon\n",
        CHRONY.format("0.000000000", "0.0005", "Not synchronised"),
        # It follows its own clock, by which it is always right.
        CHRONY.format("0.000000000", "0.0005", "Normal").replace("C0248F97", "7F7F0101"),
        CHRONY.format("nan", "0.0005", "Normal"),
        CHRONY.format("0.000000000", "inf", "Normal"),
    ],
)
def test_a_chrony_that_follows_nobody_knows_nothing(said):
    """Unknown is not right."""
    assert chrony_offset(said) is None


@pytest.mark.parametrize(
    ("said", "offset_ms"),
    [
        ("+312us", "0.312"),
        ("-1.204ms", "-1.204"),
        ("+1min 2.5s", "62500"),
        ("-2.000001s", "-2000.001"),
        ("0", None),
    ],
)
def test_timesyncd_says_it_in_words(said, offset_ms):
    """With the unit that fits; what is not understood is unknown."""
    wanted = offset_ms and NtpOffset("timesyncd", Decimal(offset_ms))
    assert timesyncd_offset(TIMESYNCD.format(said)) == wanted


def test_a_timesyncd_without_a_server_knows_nothing():
    """It prints the rest all the same."""
    assert (
        timesyncd_offset("       Server: n/a\nPoll interval: 0 (min: 32s; max 34min 8s)\n Packet count: 0\n")
        is None
    )
