"""Causes and what follows from them: every failure is one or the other, and nothing anybody saw is folded."""

from tests.unit.plan.findings import causes, failed
from trading_ops.plan.reasons import Finding

PRICES = (
    "freshness",
    "benchmark_present",
    "no_duplicates",
    "prices_valid",
    "jumps_explained",
    "sources_agree",
    "series_distinct",
    "history_current",
    "actions_sound",
)
BOOK = (
    "positions_count",
    "position_weight",
    "cash_buffer",
    "turnover",
    "long_only",
    "sizes_possible",
    "drawdown",
    "daily_loss",
)
FIGURE = 3


def without_bars(*more: Finding) -> list[Finding]:
    """What a run without any bar finds: coverage 0, everything that needs a price unknown."""
    return [
        failed("data_quality.coverage", 0),
        *(failed(f"data_quality.{name}", 0 if name == "benchmark_present" else None) for name in PRICES),
        *(failed(f"risk.{name}") for name in BOOK),
        failed("risk.riskguard_agrees", FIGURE),
        *more,
    ]


def test_no_bar_at_all_is_one_cause():
    """Coverage says it; the audit that refused to publish, the steps after it and 18 checks follow."""
    steps = [
        failed(f"step.{step}") for step in ("build_prices", "build_book", "rank_universe", "size_orders")
    ]
    found = causes(*without_bars(*steps))
    assert set(found) == {"data_quality.coverage"}
    assert len(found["data_quality.coverage"]) == len(PRICES) + len(BOOK) + 1 + len(steps)


def test_bars_that_end_too_early_are_one_cause():
    """The newest bar is a day old: freshness saw that, and that no bar is of the session follows."""
    found = causes(
        failed("data_quality.freshness", 1),
        failed("data_quality.coverage", 0),
        failed("data_quality.benchmark_present", 0),
        failed("risk.drawdown"),
    )
    assert found == {
        "data_quality.freshness": {
            "data_quality.coverage",
            "data_quality.benchmark_present",
            "risk.drawdown",
        }
    }


def test_missing_bars_drift_and_an_open_line_are_three_causes():
    """Whatever somebody saw stays a cause, however much else is unknown."""
    found = causes(
        *without_bars(
            failed("reconciliation.cash_matches", 100),
            failed("confirmation.previous_ticket_confirmed", 1),
        )
    )
    assert set(found) == {
        "data_quality.coverage",
        "reconciliation.cash_matches",
        "confirmation.previous_ticket_confirmed",
    }


def test_a_crashed_build_is_the_cause_of_all_it_left_unknown():
    """Nothing was counted, so that there may be bars: the log says more than any check."""
    found = causes(
        failed("step.build_prices"),
        failed("step.build_book"),
        failed("step.size_orders"),
        failed("data_quality.coverage"),
        *(failed(f"data_quality.{name}", 0 if name == "benchmark_present" else None) for name in PRICES),
        failed("data_quality.fx_present"),
        failed("reconciliation.cash_matches"),
        *(failed(f"risk.{name}") for name in BOOK),
        failed("risk.riskguard_agrees"),
    )
    assert set(found) == {"step.build_prices"}


def test_a_crashed_build_over_old_bars_stays_a_cause():
    """Bars end too early, which nothing breaks on: what broke the step is something else."""
    found = causes(
        failed("step.build_prices"), failed("data_quality.freshness", 1), failed("data_quality.coverage", 0)
    )
    assert set(found) == {"step.build_prices", "data_quality.freshness"}


def test_a_missing_rate_is_a_cause_beside_missing_bars():
    """They come from different places, and loading one does not bring the other."""
    found = causes(*without_bars(failed("data_quality.fx_present")))
    assert set(found) == {"data_quality.coverage", "data_quality.fx_present"}


def test_a_missing_snapshot_is_one_cause():
    """What it would be compared with is unknown, and one snapshot clears them all."""
    names = (
        "snapshot_recent",
        "snapshot_after_last_entry",
        "cash_matches",
        "positions_match",
        "positions_known",
    )
    found = causes(*(failed(f"reconciliation.{name}") for name in names))
    assert {cause: len(follows) for cause, follows in found.items()} == {"reconciliation.snapshot_recent": 4}


def test_a_snapshot_that_is_there_explains_nothing_away():
    """It is too old, and it carries fewer positions than it says: two things to look at."""
    found = causes(failed("reconciliation.snapshot_recent", 9), failed("reconciliation.positions_match"))
    assert len(found) == 2


def test_a_holding_without_a_price_is_the_cause_of_a_book_without_a_value():
    """All other data is fine; the riskguard names the symbol."""
    found = causes(*(failed(f"risk.{name}") for name in BOOK), failed("risk.riskguard_agrees", FIGURE))
    assert set(found) == {"risk.sizes_possible"}


def test_a_small_order_explains_no_unknown_drawdown():
    """It was sized, so the book had its prices: what the drawdown lacks is something else."""
    assert len(causes(failed("risk.sizes_possible", 9), failed("risk.drawdown"))) == 2


def test_a_check_without_a_verdict_follows_from_the_step_that_computes_it():
    """Even one that otherwise never follows; one that was computed is a cause as before."""
    found = causes(
        failed("step.build_gates"),
        failed("confirmation.previous_ticket_confirmed", has_verdict=False),
        failed("risk.halt_released", 1),
    )
    assert found == {
        "step.build_gates": {"confirmation.previous_ticket_confirmed"},
        "risk.halt_released": set(),
    }


def test_a_holding_without_a_price_is_no_matter_of_a_low_coverage():
    """Coverage names its missing symbols; the one that could not be sized may be none of them."""
    found = causes(
        failed("data_quality.coverage", 0.9), failed("risk.sizes_possible"), failed("risk.turnover")
    )
    assert found == {"data_quality.coverage": set(), "risk.sizes_possible": {"risk.turnover"}}


def test_a_universe_without_a_benchmark_or_a_missing_rate_is_told_beside_missing_bars():
    """Neither is mended by loading bars."""
    found = causes(failed("data_quality.coverage", 0), failed("data_quality.benchmark_present"))
    assert set(found) == {"data_quality.coverage", "data_quality.benchmark_present"}
    found = causes(failed("data_quality.universe_not_empty", 0), failed("data_quality.fx_present"))
    assert set(found) == {"data_quality.universe_not_empty", "data_quality.fx_present"}


def test_a_bar_of_the_future_explains_no_missing_session():
    """The newest bar lies after the due one; that of the due session is missing all the same."""
    found = causes(failed("data_quality.freshness", -3), failed("data_quality.coverage", 0))
    assert set(found) == {"data_quality.freshness", "data_quality.coverage"}


def test_a_model_and_its_scores_are_one_cause():
    """Without a model nothing is waited for; a scoring that broke is why a model scored nothing."""
    found = causes(failed("step.wait_for_scores"), failed("risk.model_approved", 0))
    assert found == {"risk.model_approved": {"step.wait_for_scores"}}
    found = causes(
        failed("step.score_model"), failed("step.store_scores"), failed("step.wait_for_scores"),
        failed("risk.model_approved"),
    )  # fmt: skip
    assert set(found) == {"step.score_model"}
