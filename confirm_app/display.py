"""How figures and instants look on the page: exact, short, and always on both clocks. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from confirm_app.forms.figures import ZONES
from trading_ops.exchange import clocks
from trading_ops.tickets.build import instruction, label_of, skip_rule


def gbp(value: Decimal | None) -> str:
    """Return £1,234.50."""
    return "–" if value is None else f"-£{-value:,.2f}" if value < 0 else f"£{value:,.2f}"


def usd(price: Decimal) -> str:
    """Return $154.20 with as many decimals as the price has, at least two."""
    exact = f"{price.normalize():,f}"
    decimals = len(exact.partition(".")[2])
    return f"${exact}" if decimals >= 2 else f"${price:,.2f}"


def units(count: Decimal | None) -> str:
    """Return the units exactly, without trailing zeros."""
    return "–" if count is None else f"{count.normalize():,f}"


def on_clock(at: datetime, zone_name: str, pattern: str = "%a %-d %b %H:%M") -> str:
    """Return an instant on one clock."""
    return at.astimezone(ZONES[zone_name]).strftime(pattern)


def both_clocks(at: datetime) -> str:
    """Return an instant on both clocks: Mon 15 Jun 14:45 London (09:45 New York)."""
    return f"{on_clock(at, 'London')} London ({on_clock(at, 'New York', '%H:%M')} New York)"


def clock_warning(at: datetime) -> str:
    """Return a warning in the weeks when the two clocks are not five hours apart, else ''."""
    both = clocks.both_clocks(at)
    if not both.is_mismatch:
        return ""
    return (
        f"This week London is only {both.difference_hours} hours ahead of New York: "
        "go by the times above, not by habit."
    )


def duration(span: timedelta) -> str:
    """Return a length of time in the two largest fitting words: 2 h 10 min."""
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def label(desk: Mapping) -> str:
    """Return the word that marks a desk without real money, as on its tickets, or '' for the live one."""
    # A desk whose portfolio does not exist yet has no money of any kind.
    return label_of(desk["portfolio_kind"] or "simulated", desk["environment"])


FILTERS = {
    "label": label,
    "instruction": instruction,
    "skip_rule": skip_rule,
    "gbp": gbp,
    "usd": usd,
    "units": units,
    "on_clock": on_clock,
    "both_clocks": both_clocks,
    "clock_warning": clock_warning,
    "duration": duration,
}
