"""
How an instant reads: on the clock of whoever looks, or on both.

Pure. In full on a ticket and in a mail, which are read later and elsewhere; short on a phone.
"""

from datetime import UTC, datetime, timedelta

from trading_ops.exchange.clocks import ZONES, both_clocks


def on_clock(at: datetime, zone_name: str, pattern: str = "%a %-d %b %H:%M") -> str:
    """Return an instant on one clock: Mon 15 Jun 14:45."""
    return at.astimezone(ZONES[zone_name]).strftime(pattern)


def on_both_clocks(at: datetime) -> str:
    """Return an instant on both clocks, short: Mon 15 Jun 14:45 London (09:45 New York)."""
    return f"{on_clock(at, 'London')} London ({on_clock(at, 'New York', '%H:%M')} New York)"


def in_full(at: datetime) -> str:
    """Return an instant on both clocks: Monday 15 June 2026, 09:45 New York (EDT) = 14:45 London (BST)."""
    clocks = both_clocks(at)
    new_york, london = clocks.new_york, clocks.london
    # A deadline after midnight in London would otherwise be read as the wrong day.
    london_day = "" if london.date() == new_york.date() else f" on {london:%A}"
    return (
        f"{new_york:%A} {new_york.day} {new_york:%B %Y}, {new_york:%H:%M} New York ({new_york:%Z})"
        f" = {london:%H:%M} London ({london:%Z}){london_day}"
    )


def clock_warning(at: datetime) -> str:
    """Return what is said above the times of a week whose clocks are not five hours apart, else ''."""
    clocks = both_clocks(at)
    if not clocks.is_mismatch:
        return ""
    return (
        f"Clocks differ this week: London is only {clocks.difference_hours} hours ahead of New York. "
        "Use the times below, not habit."
    )


def utc_minute(at: datetime) -> str:
    """Return when something was written down: 2026-06-15 13:45 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def duration(span: timedelta) -> str:
    """Return a length of time in the two largest fitting words: 2 h 10 min."""
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
