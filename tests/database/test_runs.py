"""Freezing: one run per key, one name per run, and nothing a run stands on can be missing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import psycopg
import pytest

from tests.database.planning import SMALL, UNIVERSE, entry, freeze_plan, on_saturday, policy_of
from tests.database.rows import AS_OF_DATE, SATURDAY_AT, add_load, add_trade_ticket, insert_load, set_clock
from tests.database.trained import add_model, set_state
from trading_ops.db.connect import connect
from trading_ops.ledger.portfolio import ensure_portfolio
from trading_ops.runs.code_version import code_version
from trading_ops.runs.freeze import freeze
from trading_ops.runs.frozen import load_policy
from trading_ops.runs.run import RunError, load_run
from trading_ops.settings import PROJECT_ROOT
from trading_ops.universe.instruments import Universe


def one(desk, sql: str, *values):
    """The only value of a query, read as the planner."""
    with connect("desk_planner", desk) as connection:
        (value,) = connection.execute(sql, values).fetchone().values()
    return value


def test_a_frozen_run_names_everything_it_stands_on(desk):
    """Week, window, watermark, hashes and code are all in the row, and load_run reads it back."""
    run = freeze_plan(on_saturday(desk))
    policy = policy_of(SMALL)
    assert run.run_id.startswith("20260613-080000Z-git")
    assert run.run_id.endswith(run.git_commit[:7])
    assert (run.plan_week, run.attempt_number) == ("2026-W25", 1)
    assert run.window_open_at.isoformat() == "2026-06-15T13:45:00+00:00"
    assert run.window_close_at.isoformat() == "2026-06-15T15:00:00+00:00"
    assert run.deadline_at.isoformat() == "2026-06-15T21:00:00+00:00"
    assert run.data_snapshot_id == one(desk, "select max(load_id) from raw.loads")
    assert (run.policy_hash, run.universe_hash) == (policy.policy_hash, UNIVERSE.universe_hash)
    assert run.git_commit == code_version(PROJECT_ROOT)[0]
    with connect("desk_planner", desk) as connection:
        assert load_run(connection, run.run_id) == run
        assert load_policy(connection, run.policy_hash) == policy


def test_a_daily_run_has_no_week_and_no_window(desk):
    """Only a plan is executed."""
    run = freeze_plan(desk, kind="daily")
    assert (run.plan_week, run.window_open_at, run.window_close_at, run.deadline_at) == (None,) * 4


def test_the_policy_and_the_universe_become_the_active_versions(desk):
    """Every number is a limit, exactly one version of each is active, and a second policy takes over."""
    freeze_plan(desk)
    policy = policy_of({"turnover_ratio_max: 0.30": "turnover_ratio_max: 0.25"})
    freeze_plan(desk, policy, kind="daily", key="daily:1")
    assert one(desk, "select policy_hash from desk.config_policy where is_active") == policy.policy_hash
    assert (
        one(desk, "select universe_hash from desk.universe_versions where is_active")
        == UNIVERSE.universe_hash
    )
    with connect("desk_planner", desk) as connection:
        rows = connection.execute(
            "select limit_name, limit_value from desk.policy_limits where policy_hash = %s",
            (policy.policy_hash,),
        ).fetchall()
    assert {row["limit_name"]: row["limit_value"] for row in rows} == policy.limits()


def test_the_same_key_gives_the_same_run(desk):
    """A retried task gets the run of its first try, even after more data was loaded."""
    first = freeze_plan(on_saturday(desk))
    add_load(desk, "load-2")
    assert freeze_plan(desk) == first
    assert one(desk, "select count(*) from desk.runs") == 1


def test_the_same_key_for_another_session_is_refused(desk):
    """A key names one run for ever."""
    freeze_plan(desk)
    with pytest.raises(RunError, match="already froze the plan run"):
        freeze_plan(desk, as_of_date=date(2026, 6, 11))


def test_runs_of_one_second_get_names_of_their_own(desk):
    """The simulated clock stands still, so the second run takes the next free second."""
    first = freeze_plan(on_saturday(desk))
    second = freeze_plan(desk, key="weekly_plan:2")
    assert first.run_id[:16] == "20260613-080000Z"
    assert second.run_id[:16] == "20260613-080001Z"
    assert (first.attempt_number, second.attempt_number) == (1, 2)


def test_two_sessions_of_one_week_are_attempts_of_one_plan(desk):
    """The ticket's name is week and attempt, so Thursday's and Friday's plan may not share a number."""
    thursday = freeze_plan(desk, as_of_date=date(2026, 6, 11))
    friday = freeze_plan(desk, as_of_date=AS_OF_DATE, key="weekly_plan:2")
    assert (thursday.plan_week, friday.plan_week) == ("2026-W25", "2026-W25")
    assert (thursday.attempt_number, friday.attempt_number) == (1, 2)


def test_freezes_at_once_do_not_share_a_name(desk):
    """Eight workers with one key make one run, eight with their own make eight."""
    freeze_plan(on_saturday(desk))
    with ThreadPoolExecutor(8) as pool:
        same = list(pool.map(lambda _: freeze_plan(desk, key="same"), range(8)))
        other = list(pool.map(lambda number: freeze_plan(desk, key=f"other:{number}"), range(8)))
    assert len({run.run_id for run in same}) == 1
    assert len({run.run_id for run in other}) == 8
    assert {run.attempt_number for run in other} == set(range(3, 11))


def test_a_freeze_waits_for_the_load_under_way(desk):
    """A load that holds the lock cannot slip in below the watermark."""
    freeze_plan(desk)
    with connect("desk_loader", desk) as loader, ThreadPoolExecutor(1) as pool:
        loader.execute("select desk.lock_loads()")
        insert_load(loader, "late")
        waiting = pool.submit(freeze_plan, desk, kind="daily", key="daily:1")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        loader.commit()
        run = waiting.result(timeout=10)
    assert run.data_snapshot_id == one(desk, "select load_id from raw.loads where idempotency_key = 'late'")


def test_a_week_with_a_trade_ticket_is_not_planned_again(desk):
    """The ticket in somebody's hands stands; the error names it."""
    set_clock(desk, SATURDAY_AT)
    ticket_id = add_trade_ticket(desk)
    with pytest.raises(RunError, match=f"already has the TRADE ticket {ticket_id}"):
        freeze_plan(desk)
    assert freeze_plan(desk, kind="daily").kind == "daily"


def test_a_day_without_a_session_is_refused(desk):
    """A Saturday has no bars; the error names the session before."""
    with pytest.raises(RunError, match="2026-06-13 is not a session.*2026-06-12"):
        freeze_plan(desk, as_of_date=date(2026, 6, 13))


def test_a_desk_without_data_or_portfolio_is_refused(desk):
    """Both errors say what to do first."""
    arguments = {
        "kind": "plan",
        "as_of_date": AS_OF_DATE,
        "idempotency_key": "k",
        "policy": policy_of(),
        "universe": UNIVERSE,
        "config": desk,
    }
    with connect("desk_planner", desk) as connection:
        with pytest.raises(RunError, match="no market data"):
            freeze(connection, **arguments)
        add_load(desk)
        with pytest.raises(RunError, match="portfolio demo does not exist"):
            freeze(connection, **arguments)


def test_a_static_list_may_only_name_the_universe(desk):
    """A typo in the list would silently never be bought."""
    policy = policy_of(
        {"method: momentum_12_1": "method: static_list", "static_list: []": "static_list: [AAA, ZZZ]"}
    )
    with pytest.raises(RunError, match="ZZZ"):
        freeze_plan(desk, policy)


def models_of(run) -> tuple[str | None, str | None]:
    """What a run trades on and what it watches."""
    return run.model_version, run.shadow_model_version


def test_a_plan_is_frozen_with_what_it_trades_on_and_what_it_watches(desk):
    """
    The LIVE model where the policy trades on one, and beside it the newest in SHADOW, so that a successor
    gets its weeks.

    A candidate and a retired model are neither.
    """
    traded_on = policy_of(SMALL | {"method: momentum_12_1": "method: qlib"})
    on_saturday(desk)
    first, second = add_model(desk), add_model(desk, "tree 2", attempt=2)
    assert models_of(freeze_plan(desk, key="candidates")) == (None, None)
    set_state(desk, second, "SHADOW")
    set_state(desk, first, "SHADOW")
    assert models_of(freeze_plan(desk, key="shadows")) == (None, first)
    assert models_of(freeze_plan(desk, traded_on, key="no live")) == (None, first)
    set_state(desk, second, "LIVE")
    assert models_of(freeze_plan(desk, traded_on, key="live")) == (second, first)
    assert models_of(freeze_plan(desk, key="beside live")) == (None, first)
    set_state(desk, first, "RETIRED")
    assert models_of(freeze_plan(desk, traded_on, key="no successor")) == (second, None)
    set_state(desk, second, "RETIRED")
    assert models_of(freeze_plan(desk, traded_on, key="retired")) == (None, None)


def test_a_live_model_nobody_trades_on_is_watched_where_none_is_in_shadow(desk):
    """Back under momentum it keeps being looked at."""
    version = add_model(on_saturday(desk))
    set_state(desk, version, "SHADOW", "LIVE")
    assert models_of(freeze_plan(desk)) == (None, version)


def test_the_same_key_finds_the_models_of_the_first_freeze(desk):
    """A promotion in between changes neither."""
    version = add_model(on_saturday(desk))
    set_state(desk, version, "SHADOW")
    first = freeze_plan(desk, key="once")
    set_state(desk, version, "RETIRED")
    assert freeze_plan(desk, key="once") == first
    assert models_of(first) == (None, version)


def test_a_model_of_a_later_session_ranks_for_no_earlier_plan(desk):
    """It was trained on prices the plan may not see, whether it is traded on or watched."""
    traded_on = policy_of(SMALL | {"method: momentum_12_1": "method: qlib"})
    on_saturday(desk)
    live, successor = add_model(desk), add_model(desk, "tree 2", attempt=2)
    set_state(desk, live, "SHADOW", "LIVE")
    set_state(desk, successor, "SHADOW")
    thursday = date(2026, 6, 11)
    assert models_of(freeze_plan(desk, traded_on, as_of_date=thursday, key="thursday")) == (None, None)
    assert models_of(freeze_plan(desk, traded_on, key="friday")) == (live, successor)


def test_a_run_that_ranks_nothing_has_no_model(desk):
    """Neither a follow-up nor the training of the next model; a day is ranked (test_daily_scores)."""
    set_state(on_saturday(desk), add_model(desk), "SHADOW")
    for kind in ("followup", "training"):
        assert models_of(freeze_plan(desk, kind=kind, key=kind)) == (None, None)


def test_a_training_run_keeps_the_digest_of_its_image(desk):
    """What a model was trained in is known before it is trained."""
    digest = "sha256:" + "1" * 64
    run = freeze_plan(desk, kind="training", image_digest=digest)
    assert (run.kind, run.image_digest, run.plan_week) == ("training", digest, None)


def test_a_universe_row_the_schema_refuses_freezes_nothing(desk):
    """All or nothing: no half universe, no run."""
    bad = Universe((entry("AAA"), entry("ETF", instrument_type="etf")))
    with pytest.raises(psycopg.errors.CheckViolation, match="config_universe_check"):
        freeze_plan(desk, universe=bad)
    for table in ("desk.runs", "desk.universe_versions", "desk.calendar_sessions"):
        assert one(desk, f"select count(*) from {table}") == 0


def test_an_unknown_run_is_named(desk):
    """Not a traceback about None."""
    with connect("desk_planner", desk) as connection, pytest.raises(RunError, match="nothing does not exist"):
        load_run(connection, "nothing")


@pytest.mark.parametrize("kind", ["paper", "simulated"])
def test_a_paper_portfolio_opens_with_cash_and_a_snapshot_once(desk, kind):
    """However often it is ensured, and even if the policy's cash changes later."""
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, "demo", kind, policy_of())
        richer = policy_of({"paper_opening_cash_gbp: 10000.00": "paper_opening_cash_gbp: 20000.00"})
        ensure_portfolio(connection, "demo", kind, richer)
        cash = connection.execute("select kind, amount_gbp from desk.ledger_cash_movements").fetchall()
        shown = connection.execute("select cash_gbp, positions_count from desk.broker_snapshots").fetchall()
    assert cash == [{"kind": "deposit", "amount_gbp": Decimal(10000)}]
    assert shown == [{"cash_gbp": Decimal(10000), "positions_count": 0}]


def test_a_live_portfolio_opens_empty(desk):
    """Its cash comes from the broker, not from a policy."""
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, "live", "live", policy_of())
    assert one(desk, "select count(*) from desk.ledger_cash_movements") == 0
    assert one(desk, "select kind from desk.portfolios") == "live"


def test_a_portfolio_does_not_change_its_kind(desk):
    """A paper book may not become the live one by a setting."""
    with connect("desk_planner", desk) as connection:
        ensure_portfolio(connection, "demo", "simulated", policy_of())
        with pytest.raises(RunError, match="exists as a simulated portfolio"):
            ensure_portfolio(connection, "demo", "live", policy_of())
