"""The simulated account keeps its own book."""

from decimal import Decimal

import pytest

from trading_ops.simulation.broker import SimulatedBroker

BUY = {"symbol": "ALDR", "side": "BUY", "price_usd": Decimal("80"), "gbpusd_rate": Decimal("1.25")}


@pytest.fixture
def account(tmp_path):
    """An account with 1,000 pounds."""
    return SimulatedBroker(tmp_path / "broker.json", Decimal("1000.00"))


def test_the_same_order_twice_is_executed_once(account, tmp_path):
    """A retried order changes nothing, also after a restart."""
    first = account.execute("t:1", value_gbp=Decimal("500.00"), **BUY)
    reopened = SimulatedBroker(tmp_path / "broker.json", Decimal("0.00"))
    assert reopened.execute("t:1", value_gbp=Decimal("500.00"), **BUY) == first
    assert (reopened.cash_gbp, reopened.units) == (Decimal("500.00"), {"ALDR": Decimal("7.812500")})


def test_a_full_exit_leaves_exactly_nothing(account):
    """Selling the whole position goes by units, so no dust remains."""
    account.execute("t:1", value_gbp=Decimal("333.33"), **BUY)
    account.execute("t:2", value_gbp=Decimal("1.00"), is_full_exit=True, **{**BUY, "side": "SELL"})
    assert account.units == {}


def test_it_refuses_what_the_account_cannot_pay(account):
    """Neither cash nor units go below zero."""
    with pytest.raises(ValueError, match="cannot BUY"):
        account.execute("t:1", value_gbp=Decimal("1000.01"), **BUY)
    with pytest.raises(ValueError, match="cannot SELL"):
        account.execute("t:2", value_gbp=Decimal("1.00"), **{**BUY, "side": "SELL"})


def test_a_split_multiplies_a_holding_once(account):
    """Posting the same split again changes nothing."""
    account.execute("t:1", value_gbp=Decimal("500.00"), **BUY)
    account.apply_split("ALDR", "2026-03-10", Decimal("4"))
    account.apply_split("ALDR", "2026-03-10", Decimal("4"))
    assert account.units == {"ALDR": Decimal("31.250000")}
