"""No verdict of dbt's is believed against the desk's own rows: desk.objections."""

from datetime import timedelta

import pytest

from tests.database import judged, rows
from trading_ops.db.connect import connect


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def objected(desk, run_id: str, gate: str) -> dict[str, str]:
    """Judge a gate all of whose verdicts dbt's role forged clear; return what the desk objects to."""
    judged.add_verdicts(desk, run_id, gate)
    checks = judged.judge(desk, run_id, gate)
    assert checks.pop("status") == ("FAIL" if any(not c["is_clear"] for c in checks.values()) else "PASS")
    return {name: check["reason"] for name, check in checks.items() if not check["is_clear"]}


def test_forged_data_verdicts_meet_the_desks_own_look(saturday):
    """Without one bar in raw, clear verdicts are a FAIL that says who says what."""
    found = objected(saturday, rows.add_plan_run(saturday), "data_quality")
    assert set(found) == {"benchmark_present", "coverage", "freshness", "fx_plausible"}
    assert found["coverage"] == (
        "dbt found it clear, but the desk's own look does not: only 0 of 4 enabled symbols have any bar of the session"
    )


def add_rates(desk, *rates: tuple[str, str, str]) -> None:
    """Store (source, day, rate) under the load every run points at."""
    load_id = rows.add_load(desk)
    with connect("desk_loader", desk) as connection:
        for rate in rates:
            connection.execute(
                "insert into raw.fx_rates (load_id, source, rate_date, base_currency, quote_currency, rate)"
                " values (%s, %s, %s, 'GBP', 'USD', %s)",
                (load_id, *rate),
            )


def test_two_sources_that_differ_about_the_pound_are_objected_to(saturday):
    """Both could be true; with the wrong one every order is 4 % too large. dbt's verdict was forged clear."""
    add_rates(saturday, ("ecb", "2026-06-11", "1.3000"), ("yahoo", "2026-06-11", "1.2500"))
    add_rates(saturday, ("ecb", "2026-06-12", "1.3010"), ("yahoo", "2026-06-12", "1.3020"))
    found = objected(saturday, rows.add_plan_run(saturday), "data_quality")
    assert found["fx_plausible"] == (
        "dbt found it clear, but the desk's own look does not: "
        "on 2026-06-11 a pound is 1.3000 USD at ecb and 1.2500 at yahoo"
    )


def test_an_impossible_rate_of_one_of_two_sources_is_one_check_with_both_objections(saturday):
    """The check is there once, whatever is wrong with it."""
    add_rates(saturday, ("ecb", "2026-06-12", "0.7823"), ("yahoo", "2026-06-12", "0.9"))
    found = objected(saturday, rows.add_plan_run(saturday), "data_quality")
    assert "the newest GBP/USD rate is 0." in found["fx_plausible"]
    assert "; on 2026-06-12 a pound is 0.7823 USD at ecb and 0.9 at yahoo" in found["fx_plausible"]


@pytest.mark.parametrize(
    "rates",
    [
        [("ecb", "2026-06-12", "1.3000"), ("yahoo", "2026-06-12", "1.2745098040")],
        [("ecb", "2026-06-12", "1.3000"), ("yahoo", "2026-06-11", "1.2000")],
        [("ecb", "2026-06-12", "1.3000"), ("ecb", "2026-06-11", "1.2900")],
    ],
    ids=["two in a hundred", "not the same day", "one source"],
)
def test_rates_that_do_not_contradict_are_not_objected_to(saturday, rates):
    """At the limit, about different days, or from one source: no stricter than dbt's own check."""
    add_rates(saturday, *rates)
    assert "fx_plausible" not in objected(saturday, rows.add_plan_run(saturday), "data_quality")


def test_forged_reconciliation_verdicts_meet_the_desks_own_look(saturday):
    """No snapshot at all, one that does not agree, one older than an entry."""
    bare = rows.add_plan_run(saturday)
    assert set(objected(saturday, bare, "reconciliation")) == {"snapshot_recent"}
    seen_at = rows.SATURDAY_AT - timedelta(hours=2)
    judged.add_cash(saturday, "500.00", seen_at - timedelta(hours=1))
    rows.add_snapshot(saturday, seen_at)
    differing = rows.add_plan_run(saturday, attempt=2)
    assert set(objected(saturday, differing, "reconciliation")) == {"cash_matches"}
    rows.set_clock(saturday, rows.SATURDAY_AT + timedelta(minutes=1))
    judged.add_cash(saturday, "9500.00", rows.SATURDAY_AT)
    slip = rows.add_plan_run(saturday, attempt=3)
    assert set(objected(saturday, slip, "reconciliation")) == {"cash_matches", "snapshot_after_last_entry"}


def test_a_deposit_typed_after_the_snapshot_is_not_spent_by_a_forged_verdict(saturday):
    """A slip of a million in the books, 10,000 at the broker: an order of 50,000 is objected to."""
    judged.add_cash(saturday, "10000.00", rows.SATURDAY_AT - timedelta(hours=3))
    rows.add_snapshot(saturday, rows.SATURDAY_AT - timedelta(hours=2))
    judged.add_cash(saturday, "1000000.00", rows.SATURDAY_AT)
    run_id = rows.add_plan_run(saturday)
    rows.add_intended(saturday, run_id, 1, "ALDR", value_gbp="50000.00")
    assert set(objected(saturday, run_id, "risk")) == {"cash_buffer", "position_weight"}
    with connect("desk_planner", saturday) as connection:
        found = {
            row["check_name"]
            for row in connection.execute(
                "select * from desk.gate_results, jsonb_to_recordset(checks)"
                " as c (check_name text, is_clear boolean) where not c.is_clear"
            )
        }
    assert "cash_buffer" in found


def test_forged_confirmation_verdicts_meet_the_desks_own_look(saturday):
    """The ticket before has lines nobody has confirmed."""
    ticket_id = rows.add_trade_ticket(saturday)
    rows.set_clock(saturday, rows.SATURDAY_AT + timedelta(days=7))
    run_id = rows.add_plan_run(saturday, weeks=1)
    assert set(objected(saturday, run_id, "confirmation")) == {"previous_ticket_confirmed"}
    for number in (1, 2):
        rows.confirm_line(saturday, ticket_id, number)
    assert objected(saturday, rows.add_plan_run(saturday, weeks=1, attempt=2), "confirmation") == {}


def test_a_short_sale_is_objected_to(saturday):
    """More is to be sold than the entries hold."""
    judged.add_cash(saturday, "10000.00", rows.SATURDAY_AT - timedelta(hours=3))
    rows.add_snapshot(saturday, rows.SATURDAY_AT - timedelta(hours=2))
    run_id = rows.add_plan_run(saturday)
    rows.add_intended(saturday, run_id, 1, "ALDR", "SELL")
    assert set(objected(saturday, run_id, "risk")) == {"long_only"}


def add_held(desk) -> None:
    """Let the book hold 6.25 ALDR beside 10,000 in cash, with a close of 100 USD at 1.25 to the pound."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    judged.add_cash(desk, "10500.00", rows.SATURDAY_AT - timedelta(hours=3))
    add_rates(desk, ("ecb", "2026-06-12", "1.25"))
    with connect("desk_loader", desk) as connection:
        connection.execute(
            "insert into raw.eod_bars"
            " select load_id, 'stooq', 'ALDR', '2026-06-12', 'raw', 100, 100, 100, 100, null, 1 from raw.loads"
        )
    ticket_id = rows.add_trade_ticket(desk, ("ALDR",))
    rows.set_clock(desk, rows.WINDOW_OPEN_AT + timedelta(minutes=5))
    fill = {
        "units": "6.25",
        "price_usd": "100",
        "value_gbp": "500.00",
        "executed_at": rows.WINDOW_OPEN_AT.isoformat(),
    }
    rows.confirm_line(desk, ticket_id, 1, "DONE", [fill])
    rows.set_clock(desk, rows.SATURDAY_AT + timedelta(days=7))
    rows.add_snapshot(desk, rows.SATURDAY_AT + timedelta(days=7), cash_gbp="10000.00")


@pytest.mark.parametrize(
    ("told", "value_gbp", "is_objected"),
    [
        ({"ALDR": "500"}, "500.00", False),
        ({"ALDR": "500", "BRCH": "20000"}, "1700.00", True),
        ({"ALDR": "0"}, "800.00", True),
        ({}, "800.00", True),
    ],
    ids=["as it is", "of a symbol not held", "nothing", "no word"],
)
def test_a_value_of_the_book_that_entries_and_bars_do_not_bear_out_widens_no_limit(
    desk, told, value_gbp, is_objected
):
    """Forged prices made a book of 10,500 one of 30,000, and a tenth of that is a third of the true one."""
    add_held(desk)
    run_id = rows.add_plan_run(desk, weeks=1)
    with connect("desk_planner", desk) as connection:
        for symbol, held_value_gbp in told.items():
            target = {
                "run_id": run_id, "internal_symbol": symbol, "target_weight_ratio": "0.1", "target_value_gbp": "1000",
                "held_units": "6.25", "held_value_gbp": held_value_gbp, "binding_constraint": "selected",
            }  # fmt: skip
            rows._insert(connection, "desk.portfolio_targets", target)
    rows.add_intended(desk, run_id, 1, "ALDR", value_gbp=value_gbp)
    assert ("position_weight" in objected(desk, run_id, "risk")) == is_objected
