"""A policy that ranks by a model, on a desk that has none: no ranking, no trade, and the step is named."""

import pytest

from tests.database.published_prices import LAST
from trading_ops.settings import PROJECT_ROOT
from trading_ops.simulation.market import SimulatedMarket

pytestmark = pytest.mark.slow


def test_without_scores_a_policy_that_ranks_by_a_model_ends_in_a_no_trade(own_desk, tmp_path):
    """The whole plan in Airflow: the ranking waits for the scores, which never come."""
    market = SimulatedMarket(7)
    market.write_inbox(tmp_path / "bars", LAST.replace(year=LAST.year - 2), LAST)
    policy = (PROJECT_ROOT / "config/policy.yml").read_text()
    assert "method: momentum_12_1" in policy
    (tmp_path / "policy.yml").write_text(policy.replace("method: momentum_12_1", "method: qlib"))
    done = own_desk.run(
        "trading_ops_stack.plan_files",
        tmp_path / "bars",
        "--as-of",
        LAST,
        "--benchmark",
        market.benchmark,
        TRADING_OPS_POLICY=str(tmp_path / "policy.yml"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (ticket,) = own_desk.tickets().values()
    assert ticket["kind"] == "NO-TRADE" and not ticket["lines"]
    assert "The step wait_for_scores did not finish." in str(ticket["reasons"])
