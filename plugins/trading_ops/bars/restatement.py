"""
What a vendor did to bars it had given before: rescaled all of them, revised some, or mixed up two series.

Pure: two columns of prices in, a verdict out. Floats are enough, because the prices are only
compared; what is stored keeps the vendor's digits.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import numpy as np

# Two roundings of one price: relative for what vendors round in their factors, absolute for the
# fifth digit after the point. Between three real vintages the worst of 400,000 bars used two thirds of it.
_ROUNDING_RATIO, _ROUNDING_USD = 0.0005, 0.00001
# A median of many roundings is far better than one of them: unrescaled histories give exactly 1,
# and NVIDIA's one-cent dividend of 0.008 % is still seen.
_SCALE_RATIO_MIN = 0.00001
# A rescaled history may have a few bars corrected as well (DIA between 2020 and 2024: one of 3,752).
_CORRECTED_RATIO_MAX = 0.005
# Fewer breaks than this can be corrections, whatever their share.
_BREAKS_MIN = 3
_STEP = Decimal("0.000000001")


@dataclass(frozen=True)
class Overlap:
    """
    The bars that a file and the store both have, oldest first, and how far either of them reaches.

    The arrays are of one length: dates, and closes in USD; `adj` closes are NaN where a side has none.
    """

    is_adjusted: bool
    dates: np.ndarray
    old_close: np.ndarray
    new_close: np.ndarray
    old_adj: np.ndarray
    new_adj: np.ndarray
    stored_first: date
    stored_last: date
    file_first: date
    file_last: date

    @property
    def is_whole(self) -> bool:
        """Whether the file reaches over the whole stored history."""
        return self.file_first <= self.stored_first and self.stored_last <= self.file_last


@dataclass(frozen=True)
class Restatement:
    """
    A change to accept and record.

    `ratio` is new close / old close of a rescaled history, or of its adjusted closes where the
    closes are the same; `largest_ratio` the largest |new close / old close - 1| of one bar.
    `is_scale_changed` says that bars the file does not have would be on another scale.
    """

    kind: Literal["rescaled", "revised"]
    ratio: Decimal | None
    largest_ratio: Decimal
    is_scale_changed: bool


@dataclass(frozen=True)
class Objection:
    """Why a change is not accepted, and the date of the row that shows it."""

    day: date
    reason: str
    outcome: Literal["refused", "needs_history"] = "refused"


def appraise_change(overlap: Overlap) -> Restatement | Objection:
    """
    Say what a file that changes stored bars did to them.

    The newest stored bar proves nothing: it may have been saved before its session was over.
    """
    if overlap.file_last < overlap.stored_last:
        return Objection(
            overlap.file_last,
            f"an older download: it ends before the stored history ({overlap.stored_last}) and has other "
            "values for it; the newer history stays",
        )
    is_proof = overlap.dates < np.datetime64(overlap.stored_last)
    if not is_proof.any():
        return _appraise_newest_bar(overlap)
    columns = [_Column(overlap.old_close[is_proof], overlap.new_close[is_proof])]
    if overlap.is_adjusted and not np.isnan(overlap.old_adj + overlap.new_adj).any():
        columns.append(_Column(overlap.old_adj[is_proof], overlap.new_adj[is_proof]))
    dates = overlap.dates[is_proof]
    is_rescaled = all(one.is_constant for one in columns) and any(one.is_off for one in columns)
    if not (overlap.is_adjusted and is_rescaled):
        breaks = np.logical_or.reduce([one.breaks(overlap.is_adjusted) for one in columns])
        if breaks.sum() >= _BREAKS_MIN and 2 * breaks.sum() > len(breaks):
            return Objection(
                _day(dates[np.argmax(breaks)]),
                f"{breaks.sum()} of {len(breaks)} bars disagree with the stored history, in no constant "
                "ratio: the series of another symbol or of another company; check what the vendor means by "
                "this symbol, and load a new company under a name of its own",
            )
    is_scale_changed = overlap.is_adjusted and (is_rescaled or any(one.is_first_off for one in columns))
    if is_scale_changed and not overlap.is_whole:
        return _needs_history(overlap, _day(dates[0]))
    ratio = next((one.median for one in columns if one.is_off), None) if is_rescaled else None
    return Restatement(
        kind="rescaled" if overlap.is_adjusted and is_rescaled else "revised",
        ratio=_decimal(ratio) if overlap.is_adjusted and ratio is not None else None,
        largest_ratio=_largest_ratio(overlap),
        is_scale_changed=is_scale_changed,
    )


def needs_whole_history(overlap: Overlap, hole: date) -> Objection:
    """Object to a rescaled history without one of the stored bars, which would stay on the old scale."""
    return Objection(
        hole,
        "the vendor has rescaled its history and this download no longer has this stored bar, which would "
        f"stay on the old scale; {_accepted(overlap)}",
        "needs_history",
    )


class _Column:
    """One price of the common bars: how the new one stands to the old one."""

    def __init__(self, old: np.ndarray, new: np.ndarray) -> None:
        self.ratios = new / old
        self.median = float(np.median(self.ratios))
        self._rounding = _ROUNDING_RATIO + _ROUNDING_USD / old + _ROUNDING_USD / new

    @property
    def is_constant(self) -> bool:
        is_off = np.abs(self.ratios / self.median - 1) > self._rounding
        return bool(is_off.mean() <= _CORRECTED_RATIO_MAX)

    @property
    def is_off(self) -> bool:
        return abs(self.median - 1) > _SCALE_RATIO_MIN

    @property
    def is_first_off(self) -> bool:
        # An unchanged bar is unchanged to the last digit.
        return abs(self.ratios[0] - 1) > _SCALE_RATIO_MIN / 10

    def breaks(self, is_adjusted: bool) -> np.ndarray:
        """
        Say at which bars two prices of one company cannot part: off at all, or off in another ratio than
        before.
        """
        expected = np.append(self.ratios[:1], self.ratios[:-1]) if is_adjusted else 1.0
        return np.abs(self.ratios / expected - 1) > 2 * self._rounding


def _appraise_newest_bar(overlap: Overlap) -> Restatement | Objection:
    """Judge a file that shares only the newest stored bar: an unfinished bar and a new scale look alike."""
    if overlap.is_adjusted and not overlap.is_whole:
        return _needs_history(overlap, overlap.stored_last)
    return Restatement("revised", None, _largest_ratio(overlap), is_scale_changed=False)


def _needs_history(overlap: Overlap, day: date) -> Objection:
    reason = f"the vendor has rescaled its history since the stored download; {_accepted(overlap)}"
    return Objection(day, reason, "needs_history")


def _accepted(overlap: Overlap) -> str:
    return f"accepted is a file that reaches from {overlap.stored_first} to {overlap.stored_last} or beyond"


def _largest_ratio(overlap: Overlap) -> Decimal:
    ratios = [overlap.new_close / overlap.old_close, overlap.new_adj / overlap.old_adj]
    return _decimal(max(float(np.nanmax(np.abs(one - 1), initial=0)) for one in ratios))


def _decimal(ratio: float) -> Decimal:
    return Decimal(repr(ratio)).quantize(_STEP)


def _day(moment: np.datetime64) -> date:
    return moment.astype(object)
