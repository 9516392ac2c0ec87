"""Why a source delivered nothing for a symbol, in the words of raw.load_results.outcome."""

from dataclasses import dataclass
from pathlib import PurePath
from traceback import extract_tb
from typing import Literal

# blocked: the source refuses this desk (key, bot check) and is left for the rest of the run.
# limit: it would answer later; no_data: it knows the symbol but has nothing for the dates asked;
# not_found: it does not carry the symbol; failed: no usable reply at all.
Outcome = Literal["blocked", "limit", "no_data", "not_found", "failed"]


@dataclass(frozen=True)
class FetchFailure:
    """One symbol a source did not deliver; `detail` holds no key and fits one line."""

    source: str
    vendor_symbol: str
    outcome: Outcome
    detail: str
    duration_ms: int = 0


class NotDelivered(Exception):
    """A source gave no data for what it was asked; raised by fetchers, carries the outcome."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(f"{outcome}: {detail}")
        self.outcome = outcome
        self.detail = detail


def place_of(error: Exception) -> str:
    """Return an error's kind and where it was raised; its own words may hold what a vendor sent."""
    frames = extract_tb(error.__traceback__)
    where = f" in {PurePath(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{where}"
