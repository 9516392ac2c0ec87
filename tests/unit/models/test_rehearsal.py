"""A model's scores under the desk's own rules: every figure below is worked out by hand."""

from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from trading_ops.config.policy import parse_policy
from trading_ops.models.rehearsal import rehearse
from trading_ops.settings import PROJECT_ROOT

POLICY = parse_policy((PROJECT_ROOT / "config/policy.yml").read_text(), "policy.yml")
# Four weeks of sessions to look back on, then three weeks that are scored.
DAYS = [day.date() for day in pd.bdate_range("2026-05-04", "2026-06-19")]
SCORED = [day for day in DAYS if day >= date(2026, 6, 1)]
FRIDAYS = [date(2026, 6, 5), date(2026, 6, 12), date(2026, 6, 19)]
# (1 - 3 % cash) / 15 positions, to six decimals, of the 10,000 an account begins with.
TARGET = Decimal("646.66")


def bars(changes: dict[tuple[str, date], dict[str, float]] | None = None, symbols="ABC"):
    """Return bars at 100 that move a little within the day, with some of them changed."""
    rows = [
        {
            "internal_symbol": symbol,
            "session_date": day,
            "open": 100.0,
            "high": 102.0,
            "low": 98.0,
            "close": 100.0,
        }
        | (changes or {}).get((symbol, day), {})
        for symbol in symbols
        for day in DAYS
    ]
    return pd.DataFrame(rows)


def scores(symbols="ABC", last=None):
    """
    Return scores of every scored session, the first symbol the best; `last` are those of the last two weeks.
    """
    rows = [
        {"session_date": day, "internal_symbol": symbol, "score": float(-place)}
        for day in SCORED
        for place, symbol in enumerate(last if last is not None and day > FRIDAYS[0] else symbols)
    ]
    return pd.DataFrame(rows)


def test_the_policy_sizes_what_the_model_ranks_and_cost_is_paid():
    """
    Three names at their weight on the first Monday, one cent on the pound each; after that nothing to do.
    """
    found = rehearse(scores(), bars(), POLICY, Decimal("0.01"))
    traded = 3 * TARGET
    assert (found.traded, found.cost) == (traded, traded / 100)
    assert (found.weeks_count, found.orders_count, found.skipped_count) == (2, 3, 0)
    assert found.values.iloc[-1] == float(10_000 - traded / 100)
    assert list(found.values.index) == SCORED


def test_a_rise_is_earned_from_the_open_after_the_plan():
    """Bought at the open of the 8th, A closes a tenth higher; what it did before the open earns nothing."""
    risen = {
        ("A", day): {"open": 110.0, "high": 112.0, "low": 108.0, "close": 110.0}
        for day in DAYS
        if day >= date(2026, 6, 9)
    }
    found = rehearse(scores("A"), bars(risen, "A"), POLICY, Decimal(0))
    assert found.values[date(2026, 6, 8)] == 10_000
    assert found.values[date(2026, 6, 9)] == float(10_000 + TARGET / 10)


def test_an_open_beyond_the_price_limit_is_skipped():
    """The policy skips a purchase more than 3 % above the reference; at exactly 3 % it is made."""
    for opened, bought in ((103.0, 3), (103.01, 2)):
        gap = {("B", date(2026, 6, 8)): {"open": opened, "high": 104.0}}
        found = rehearse(scores(last="AC"), bars(gap), POLICY, Decimal(0))
        # B leaves the ranking after the first week, so a B that was bought is sold whole.
        assert found.skipped_count == 3 - bought
        assert found.orders_count == 3 + (bought == 3)
        assert (
            found.traded.quantize(Decimal("0.01"))
            == {2: 2 * TARGET, 3: 3 * TARGET + (TARGET / Decimal("1.03")).quantize(Decimal("0.01"))}[bought]
        )


def test_the_riskguard_stops_a_week():
    """A day that loses more than 5 % of the book is followed by no plan."""
    names = [f"S{number:02d}" for number in range(15)]
    crash = {(name, FRIDAYS[1]): {"open": 100.0, "low": 70.0, "close": 70.0} for name in names}
    found = rehearse(scores(names), bars(crash, names), POLICY, Decimal(0))
    # A third of the book was bought at most, 30 % by the turnover cap, and lost three tenths of it.
    assert found.values[FRIDAYS[1]] == pytest.approx(10_000 - 3_000 * 0.3, abs=0.01)
    assert found.blocked_weeks_count == 1
    assert found.blocked_by["daily_loss"] == 1


def test_what_has_no_price_is_a_week_without_a_plan():
    """A company that is held and stops trading blocks the desk as it would in life."""
    gone = bars()
    gone = gone[~((gone["internal_symbol"] == "A") & (gone["session_date"] > date(2026, 6, 10)))]
    found = rehearse(scores(), gone, POLICY, Decimal(0))
    assert found.blocked_by == {"sizes_possible": 1}


def test_the_figures_follow_their_formulas():
    """One rise of a tenth of the position over fourteen returns."""
    risen = {
        ("A", day): {"open": 110.0, "high": 112.0, "low": 108.0, "close": 110.0}
        for day in DAYS
        if day >= date(2026, 6, 9)
    }
    found = rehearse(scores("A"), bars(risen, "A"), POLICY, Decimal("0.001")).figures()
    end = 1 + 0.064666 / 10 - 0.0000064666 * 10
    assert found["policy_cagr"] == pytest.approx(end ** (252 / 14) - 1, rel=1e-3)
    assert found["policy_max_drawdown"] == pytest.approx(-0.000064666)
    assert found["policy_cost_ratio"] == pytest.approx(0.000064666)
    assert found["policy_turnover"] == pytest.approx(0.064666 * 252 / 14, rel=1e-2)
    assert (found["policy_weeks_count"], found["policy_blocked_weeks_count"]) == (2, 0)


def test_nothing_scored_is_nothing_to_rehearse():
    """An empty file of scores is a mistake and no account that stood still."""
    with pytest.raises(ValueError, match="no session is scored"):
        rehearse(scores().iloc[:0], bars(), POLICY, Decimal(0))
