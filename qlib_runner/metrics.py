"""
The figures of a ranking and of a portfolio: pure functions of plain series, each with its formula.

Returns are fractions per session, net of cost unless a name says gross; a year has 252 sessions and cash
earns nothing. A figure that is not defined (no spread, no session) is None and never 0.
"""

import math

import numpy as np
import pandas as pd

YEAR_SESSIONS = 252


def daily_ic(scored: pd.DataFrame) -> pd.Series:
    """
    Return the IC of each session, shown as their mean: Pearson's correlation of score and label.

    scored has the columns score and label by (datetime, instrument). Rows without one of them are left
    out, and so are sessions where all scores or all labels are equal.
    """
    return _daily(scored.dropna())


def daily_rank_ic(scored: pd.DataFrame) -> pd.Series:
    """Return the rank IC of each session, shown as their mean: Spearman's, equal values sharing a rank."""
    known = scored.dropna()
    return _daily(known.groupby(level="datetime").rank())


def mean(values: pd.Series) -> float | None:
    """Return the mean of what is known."""
    return _number(values.mean())


def information_ratio(daily: pd.Series) -> float | None:
    """Return ICIR, the mean of the sessions' IC over their sample standard deviation; not annualised."""
    return _ratio(daily.mean(), daily.std())


def value_of(returns: pd.Series) -> pd.Series:
    """Return what 1 becomes: prod(1 + r) up to and with each session."""
    return (1 + returns).cumprod()


def cagr(returns: pd.Series) -> float | None:
    """Return the compound yearly growth: prod(1 + r) ** (252 / n) - 1 over n sessions."""
    if returns.empty:
        return None
    growth = float((1 + returns).prod())
    return growth ** (YEAR_SESSIONS / len(returns)) - 1 if growth > 0 else -1.0


def sharpe(returns: pd.Series) -> float | None:
    """Return sqrt(252) mean(r) / std(r), with the sample standard deviation."""
    return _ratio(returns.mean() * math.sqrt(YEAR_SESSIONS), returns.std())


def sortino(returns: pd.Series) -> float | None:
    """Return sqrt(252) mean(r) / sqrt(mean(min(r, 0) ** 2)): only losses count as risk, over all sessions."""
    downside = math.sqrt((returns.clip(upper=0) ** 2).mean()) if len(returns) else math.nan
    return _ratio(returns.mean() * math.sqrt(YEAR_SESSIONS), downside)


def drawdowns(returns: pd.Series) -> pd.Series:
    """Return value / highest value so far - 1 of each session, never above 0; the start counts as 1."""
    value = value_of(returns)
    return value / value.cummax().clip(lower=1) - 1


def max_drawdown(returns: pd.Series) -> float | None:
    """Return the lowest of the drawdowns, a fraction from -1 to 0."""
    return _number(drawdowns(returns).min())


def weekly(returns: pd.Series) -> pd.Series:
    """Return prod(1 + r) - 1 of each calendar week, Monday to Sunday, that has a session."""
    weeks = pd.PeriodIndex(returns.index, freq="W-SUN")
    return (1 + returns).groupby(weeks).prod() - 1


def hit_rate(returns: pd.Series) -> float | None:
    """Return the share of weeks with a return above 0, of the weeks whose return is not exactly 0."""
    moved = weekly(returns)
    moved = moved[moved != 0]
    return _number((moved > 0).mean())


def turnover(traded: pd.Series) -> float | None:
    """
    Return what is traded a year, buys and sales, as a multiple of the account: 252 mean(traded / account).
    """
    return _number(traded.mean() * YEAR_SESSIONS)


def cost_drag(returns: pd.Series, costs: pd.Series) -> float | None:
    """Return the yearly growth costs took: cagr(r + cost) - cagr(r), each cost a share of the account."""
    gross, net = cagr(returns + costs), cagr(returns)
    return None if gross is None or net is None else gross - net


def quantile_returns(scored: pd.DataFrame, buckets: pd.Series, count: int) -> list[float | None]:
    """Return each bucket's label: the mean over sessions of the session's mean; None for an empty one."""
    known = scored.dropna()
    per_session = known["label"].groupby([known.index.get_level_values("datetime"), buckets]).mean()
    by_bucket = per_session.groupby(level=1).mean()
    return [_number(by_bucket.get(bucket, math.nan)) for bucket in range(count)]


def _daily(known: pd.DataFrame) -> pd.Series:
    if known.empty:
        return pd.Series([], pd.DatetimeIndex([]), dtype=float)
    return known.groupby(level="datetime")[["score", "label"]].apply(_correlation).dropna()


def _correlation(day: pd.DataFrame) -> float:
    """Return one session's correlation, or NaN where all scores or all labels are equal."""
    if len(day) < 2 or (day.std() == 0).any():
        return math.nan
    return float(np.corrcoef(day["score"], day["label"])[0, 1])


def _ratio(value: float, spread: float) -> float | None:
    return _number(value / spread) if spread and math.isfinite(spread) else None


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
