"""
The portfolio a ranking would have made: Qlib's backtest engine with the workflow's strategy and costs.

A company whose prices end while it is held cannot be sold: Qlib keeps it at its last price.
"""

import contextlib
import io
from typing import Any

import pandas as pd
from qlib.backtest import backtest
from qlib.data import D

from qlib_runner.manifest import Refused
from qlib_runner.segments import Segments

_COSTS = {"deal_price", "limit_threshold", "trade_unit", "open_cost", "close_cost", "min_cost"}
_EXECUTOR = {
    "class": "SimulatorExecutor",
    "module_path": "qlib.backtest.executor",
    "kwargs": {"time_per_step": "day", "generate_portfolio_metrics": True},
}


def plan_of(
    fields: dict[str, Any], benchmark: str | None, topk: int | None, n_drop: int | None
) -> dict[str, Any]:
    """
    Return the workflow's port_analysis_config with another topk or n_drop where they are given.

    The benchmark is added to what is not traded. Raises Refused when the workflow does not say it all.
    """
    try:
        plan = fields["port_analysis_config"]
        strategy, span = plan["strategy"], dict(plan["backtest"])
        kwargs = dict(strategy["kwargs"])
        missing = {"topk", "n_drop", "risk_degree"} - set(kwargs)
        # What is left out would be Qlib's own, which is made for China.
        missing |= _COSTS - set(span["exchange_kwargs"])
    except (KeyError, TypeError) as error:
        raise Refused(f"workflow.yaml has no port_analysis_config to test by: {error!r}") from None
    if missing:
        raise Refused(f"workflow.yaml: port_analysis_config does not say {min(missing)}")
    given = {"topk": topk, "n_drop": n_drop}
    kwargs |= {name: value for name, value in given.items() if value is not None}
    if not 0 < kwargs["n_drop"] <= kwargs["topk"]:
        raise Refused("n_drop must be from 1 to topk")
    kwargs["not_traded"] = sorted({*kwargs.get("not_traded", ()), benchmark} - {None})
    span.pop("benchmark", None)
    return {"strategy": {**strategy, "kwargs": kwargs}, "backtest": span}


def benchmark_returns(symbol: str | None, not_traded: list[str], segments: Segments) -> pd.Series:
    """
    Return the benchmark's return of each session: a symbol's, or the mean of all members that are traded.

    Raises Refused for a symbol without a bar on a session of the test segment, whose return would be a guess.
    """
    first, last = segments.test
    expression = "$close / Ref($close, 1) - 1"
    found = D.features([symbol] if symbol else D.instruments("all"), [expression], first, last)
    returns = found[expression].rename("benchmark_return").dropna()
    if not symbol:
        returns = returns[~returns.index.get_level_values("instrument").isin(not_traded)]
    by_session = returns.groupby(level="datetime").mean().astype(float)
    missing = pd.DatetimeIndex(D.calendar(first, last)).difference(by_session.index)
    if len(missing):
        raise Refused(f"benchmark {symbol or 'of all members'}: no return on {missing[0]:%Y-%m-%d}")
    return by_session


def simulate(plan: dict[str, Any], scores: pd.Series, benchmark: pd.Series) -> pd.DataFrame:
    """Return Qlib's backtest by session: return net of cost, benchmark_return, cost, turnover, value."""
    strategy = {**plan["strategy"], "kwargs": {**plan["strategy"]["kwargs"], "signal": scores}}
    # Qlib draws a progress bar on stderr, where the runner's refusals stand.
    with contextlib.redirect_stderr(io.StringIO()):
        portfolio, _ = backtest(
            strategy=strategy, executor=_EXECUTOR, benchmark=benchmark, **plan["backtest"]
        )
    account, _ = portfolio["1day"]
    # Qlib's return is before cost.
    return pd.DataFrame(
        {
            "return": account["return"] - account["cost"],
            "benchmark_return": account["bench"],
            "cost": account["cost"],
            "turnover": account["turnover"],
            "value": account["account"],
        }
    ).astype(float)
