"""
The strategy of the desk's rhythm: ranked once a week, traded once a week.

`WeeklyTopkDropout` is Qlib's TopkDropoutStrategy with a signal that holds only each week's last session;
on all other days Qlib finds no signal and does nothing. A signal trades in the session after its own. In a
workflow, for qrun as for the runner:

    strategy: {class: WeeklyTopkDropout, module_path: qlib_runner.strategy, kwargs: {signal: <PRED>, ...}}
"""

from collections.abc import Collection

import pandas as pd
from qlib.contrib.strategy import TopkDropoutStrategy


class WeeklyTopkDropout(TopkDropoutStrategy):
    """Hold the best topk and replace up to n_drop a week; symbols in not_traded are never bought."""

    def __init__(
        self, *, signal: pd.DataFrame | pd.Series, not_traded: Collection[str] = (), **kwargs
    ) -> None:
        super().__init__(signal=last_of_week(signal, not_traded), **kwargs)


def last_of_week(
    signal: pd.DataFrame | pd.Series, not_traded: Collection[str] = ()
) -> pd.DataFrame | pd.Series:
    """Return the rows of each calendar week's last session, without some symbols."""
    days = signal.index.get_level_values("datetime")
    symbols = signal.index.get_level_values("instrument")
    last = pd.Series(days).groupby(days.to_period("W-SUN")).transform("max")
    return signal[(days == pd.DatetimeIndex(last)) & ~symbols.isin(list(not_traded))]
