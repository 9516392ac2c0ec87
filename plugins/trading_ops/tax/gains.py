"""
Realised gains per UK tax year in words, what was bought again too soon, and what the figures do not know.

Pure. Information drawn from one book, and no advice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from trading_ops.tax.matching import AFTER, Disposal, Matched, disposals_of, tax_year
from trading_ops.tax.trades import Known, Trade
from trading_ops.wording.figures import gbp, units

LIMITS = (
    "Information from the entries of this book, and no advice: a return needs somebody who knows the rest.",
    "The rules look at all shares of a company a person owns: those in another account are not known here.",
    "Pounds are as they were recorded with each fill, after fees, and days are London's.",
    "Dividends, interest, allowances, losses of other years and the tax itself are not in it.",
    "Shares a book began with were bought on the day it says, or the day before it began where it says none.",
)
_WORDS = {
    "same day": "bought the same day",
    "30 days": "bought {}, within 30 days after",
    "pool": "of the pool",
}


def gains_text(known: Known, year: str | None = None) -> str:
    """Return the disposals of a tax year, or of all of them, with their sums, and the limits of it."""
    by_year: dict[str, list[Disposal]] = {}
    for disposal in sorted(_disposals(known.trades), key=lambda each: (each.day, each.symbol)):
        by_year.setdefault(tax_year(disposal.day), []).append(disposal)
    lines = []
    for name in sorted(by_year if year is None else {year}):
        lines += [f"Tax year {name}, from 6 April", *_year_lines(by_year.get(name, [])), ""]
    if not lines:
        lines = ["No stock was sold.", ""]
    if known.left_out:
        lines += ["Left out, for what happened to it follows other rules:"]
        lines += [f"  {symbol}: {reason}" for symbol, reason in known.left_out.items()] + [""]
    return "\n".join([*lines, "What these figures are not:", *(f"  {limit}" for limit in LIMITS)])


def _year_lines(disposals: Sequence[Disposal]) -> list[str]:
    lines = []
    for each in disposals:
        gained = "loss" if each.gain_gbp < 0 else "gain"
        lines.append(
            f"  {each.day}  {each.symbol:<8} {_units(each.units)} units for {gbp(each.proceeds_gbp)}, "
            f"cost {gbp(each.cost_gbp)}, {gained} {gbp(abs(each.gain_gbp))}"
        )
        lines += [f"      {_part_words(part)}" for part in each.parts]
    gains = sum((each.gain_gbp for each in disposals if each.gain_gbp > 0), Decimal(0))
    losses = -sum((each.gain_gbp for each in disposals if each.gain_gbp < 0), Decimal(0))
    proceeds = sum((each.proceeds_gbp for each in disposals), Decimal(0))
    return [
        *lines,
        f"  {len(disposals)} disposals for {gbp(proceeds)}: gains {gbp(gains)}, losses {gbp(losses)}, "
        f"together {gbp(gains - losses)}",
    ]


def rebought(trades: Mapping[str, Sequence[Trade]], today: date) -> tuple[str, ...]:
    """
    Return a line for each purchase of the last thirty days that followed a sale within as many, and for each
    sale not older than that, of which another purchase would be.
    """
    lines = []
    for disposal in _disposals(trades):
        sold = f"{disposal.symbol}, sold on {disposal.day}"
        again = [part for part in disposal.parts if part.rule == "30 days"]
        lines += [
            f"{sold}, was bought again on {part.bought_on}: {_units(part.units)} of "
            f"{_units(disposal.units)} units are matched with that purchase, {_outcome(part)}"
            for part in again
            if part.bought_on + AFTER >= today
        ]
        if disposal.day + AFTER >= today and sum(part.units for part in again) < disposal.units:
            lines.append(
                f"{sold}: what is bought of it until {disposal.day + AFTER} is matched with that sale"
            )
    return tuple(lines)


def _disposals(trades: Mapping[str, Sequence[Trade]]) -> Iterable[Disposal]:
    return (disposal for found in trades.values() for disposal in disposals_of(found) if found)


def _part_words(part: Matched) -> str:
    return f"{_units(part.units)} {_WORDS[part.rule].format(part.bought_on)}, cost {gbp(part.cost_gbp)}"


def _outcome(part: Matched) -> str:
    gain_gbp = part.proceeds_gbp - part.cost_gbp
    return f"a {'loss' if gain_gbp < 0 else 'gain'} of {gbp(abs(gain_gbp))}"


def _units(count: Fraction) -> str:
    """Return units to the eighth decimal, as eToro counts them."""
    return units(Decimal(round(count * 10**8)).scaleb(-8))
