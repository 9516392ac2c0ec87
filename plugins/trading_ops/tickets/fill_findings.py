"""
What the market of its day says of a fill, in questions a person can answer.

Pure. dbt finds it (`marts.fill_findings`), the desk keeps it (`desk.fill_findings`); page and report ask
in the same words. A question is no error: whoever recorded the line looks again, and corrects it or not.
"""

from collections.abc import Mapping, Sequence

from trading_ops.wording.figures import gbp, units, usd_exact
from trading_ops.wording.instants import on_both_clocks


def is_checked(fill: Mapping) -> bool:
    """Say whether the bar of the fill's session is known, so that it could be held against it."""
    return fill.get("is_price_in_range") is not None


def questions(fill: Mapping) -> list[str]:
    """Return what is odd about a checked fill; nothing where all of it is plausible."""
    asked = []
    if not fill["is_price_in_range"]:
        asked.append(
            f"the price of {usd_exact(fill['price_usd'])} is none the market had that day: "
            f"{usd_exact(fill['low_usd'])} to {usd_exact(fill['high_usd'])}"
        )
    if not fill["is_in_session"]:
        asked.append(f"New York was closed at {on_both_clocks(fill['executed_at'])}")
    elif not fill["is_in_window"]:
        asked.append(f"{on_both_clocks(fill['executed_at'])} is outside the ticket's window")
    if fill["is_value_plausible"] is None:
        asked.append("its value is not checked: there is no exchange rate of that day")
    elif not fill["is_value_plausible"]:
        asked.append(
            f"the value of {gbp(fill['value_gbp'])} does not fit: {units(fill['units'])} units at "
            f"{usd_exact(fill['price_usd'])} were about {gbp(fill['expected_value_gbp'])} at the day's rate"
        )
    return asked


def questions_of(fills: Sequence[Mapping]) -> list[str]:
    """Return what is odd about several fills, each question once."""
    return list(dict.fromkeys(question for fill in fills if is_checked(fill) for question in questions(fill)))
