"""
The research report of a backtest: plots, a summary in markdown and one page of HTML with everything in it.

All of it follows from the findings alone, so two runs of one manifest write the same bytes.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from qlib_runner import charts, metrics
from qlib_runner.calibration import BUCKET_COUNT, buckets_by_session
from qlib_runner.manifest import Manifest
from qlib_runner.segments import Segments

_TEMPLATES = Path(__file__).parent / "templates"
_FEATURES_SHOWN = 20
# Figure -> how it is written and the function whose docstring is its formula.
_FIGURES: dict[str, tuple[str, Callable]] = {
    "ic": ("{:.4f}", metrics.daily_ic),
    "icir": ("{:.3f}", metrics.information_ratio),
    "rank_ic": ("{:.4f}", metrics.daily_rank_ic),
    "rank_icir": ("{:.3f}", metrics.information_ratio),
    "cagr": ("{:.2%}", metrics.cagr),
    "sharpe": ("{:.2f}", metrics.sharpe),
    "sortino": ("{:.2f}", metrics.sortino),
    "max_drawdown": ("{:.2%}", metrics.max_drawdown),
    "hit_rate": ("{:.1%}", metrics.hit_rate),
    "turnover": ("{:.1f}", metrics.turnover),
    "cost_drag": ("{:.2%}", metrics.cost_drag),
}


@dataclass(frozen=True)
class Findings:
    """What a backtest found, and what it was made of."""

    manifest: Manifest
    described: dict[str, Any]  # model.json
    plan: dict[str, Any]  # the strategy and the costs
    parts: list[Segments]
    figures: dict[str, Any]  # metrics.json
    scored: pd.DataFrame  # score and label by (datetime, instrument)
    daily: pd.DataFrame  # by session
    importance: pd.Series  # share by feature, largest first


def write(folder: Path, findings: Findings) -> None:
    """Write plots/, backtest_summary.md and report.html."""
    plots = draw(findings)
    (folder / "plots").mkdir()
    for name, svg in plots.items():
        (folder / f"plots/{name}.svg").write_text(svg)
    context = {
        "findings": findings,
        "rows": table(findings.figures),
        "kwargs": findings.plan["strategy"]["kwargs"],
        "costs": findings.plan["backtest"]["exchange_kwargs"],
        "plots": plots,
    }
    for template, name in (
        ("backtest_summary.md.j2", "backtest_summary.md"),
        ("report.html.j2", "report.html"),
    ):
        (folder / name).write_text(_environment().get_template(template).render(context))


def draw(findings: Findings) -> dict[str, str]:
    """Return the plots as SVG by name."""
    daily, known = findings.daily, findings.scored.dropna()
    both = {"portfolio": daily["return"], "benchmark": daily["benchmark_return"]}
    ic = metrics.daily_ic(known)
    by_month = ic.groupby(ic.index.strftime("%Y-%m")).mean()
    tenths = metrics.quantile_returns(known, buckets_by_session(known), BUCKET_COUNT)
    return {
        "equity": charts.line_chart(
            "What 1 became, after costs", {name: metrics.value_of(returns) for name, returns in both.items()}
        ),
        "drawdown": charts.line_chart(
            "Below the highest value so far",
            {name: metrics.drawdowns(returns) for name, returns in both.items()},
            percent=True,
        ),
        "ic_by_month": charts.bar_chart(
            "IC by month, mean of its sessions", {month: float(value) for month, value in by_month.items()}
        ),
        "quantile_returns": charts.bar_chart(
            "Mean return over the horizon by tenth of the scores, lowest scores first",
            {str(at + 1): value for at, value in enumerate(tenths)},
            percent=True,
        ),
        "feature_importance": charts.ranked_bars(
            f"The {_FEATURES_SHOWN} features with the largest share of the model's gain",
            {str(name): float(value) for name, value in findings.importance.head(_FEATURES_SHOWN).items()},
        ),
    }


def table(figures: dict[str, Any]) -> list[dict[str, str]]:
    """Return name, value, benchmark and formula of each figure as they are shown; a dash is not defined."""
    return [
        {
            "name": name,
            "value": _written(form, figures[name]),
            "benchmark": _written(form, figures["benchmark"].get(name)),
            "formula": _formula(function),
        }
        for name, (form, function) in _FIGURES.items()
    ]


def _written(form: str, value: float | None) -> str:
    return "-" if value is None else form.format(value)


def _formula(function: Callable) -> str:
    """Return a docstring's first sentence without its verb, so that a formula stands in one place."""
    return inspect.getdoc(function).splitlines()[0].removeprefix("Return ").rstrip(".")


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=lambda name: name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
