"""Symbols switched off: by the desk once per cause, by a person at any time, and never by an outage."""

from datetime import date

import pytest

from tests.database.missed_bars import add_bar, session_before
from tests.database.rows import AS_OF_DATE, SATURDAY_AT, add_portfolio, set_clock
from trading_ops.config.policy import parse_policy
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.ops.auto_disable import MissingBarsReport, disable_missing
from trading_ops.runs.freeze import freeze
from trading_ops.runs.run import Run
from trading_ops.settings import PROJECT_ROOT, Settings
from trading_ops.universe.instruments import Alias, Universe, UniverseEntry
from trading_ops.universe.switches import SwitchError, disabled_symbols, switch_symbol

POLICY_PATH = PROJECT_ROOT / "config/policy.yml"
POLICY = parse_policy(POLICY_PATH.read_text(), POLICY_PATH.name)
MISSING_MAX = POLICY.data_quality.missing_sessions_max
TOGETHER_MAX = POLICY.data_quality.disabled_per_run_max
STOCKS = ("AAA", "BBB", "CCC", "DDD")


def entry(symbol: str, **columns) -> UniverseEntry:
    """A stock of the universe; `columns` overrides any column."""
    values = {
        "internal_symbol": symbol,
        "vendor_symbol": symbol,
        "stooq_symbol": None,
        "yahoo_symbol": None,
        "etoro_search_name": symbol,
        "currency": "USD",
        "instrument_type": "stock",
        "is_benchmark": False,
        "is_tradable_underlying": True,
        "is_enabled": True,
    }
    return UniverseEntry(**values | columns)


UNIVERSE = Universe(
    (
        *(entry(symbol) for symbol in STOCKS),
        entry("SPY", instrument_type="etf", is_benchmark=True, is_tradable_underlying=False),
        entry("OLD", is_enabled=False),
    )
)


def add_series(desk: Settings, missing: dict[str, int], symbols=(*STOCKS, "SPY")) -> None:
    """Give every symbol a bar on the as-of date, or so many sessions before it."""
    for symbol in symbols:
        add_bar(desk, symbol, session_before(missing.get(symbol, 0)))


def freeze_daily(desk: Settings, day: date = AS_OF_DATE, universe: Universe = UNIVERSE, key: str = "") -> Run:
    """Freeze a daily run."""
    add_portfolio(desk, desk.portfolio_id)
    with connect("desk_planner", desk) as connection:
        return freeze(
            connection,
            kind="daily",
            as_of_date=day,
            idempotency_key=key or f"daily:{day}",
            policy=POLICY,
            universe=universe,
            config=desk,
        )


def disable(desk: Settings, run: Run) -> MissingBarsReport:
    """Run the daily step that switches symbols off."""
    with connect("desk_planner", desk) as connection:
        return disable_missing(connection, run.run_id, desk)


def off(desk: Settings) -> dict[str, str]:
    """Return what is switched off now, as a reader of the desk."""
    with connect("desk_reader", desk) as connection:
        return disabled_symbols(connection)


def incidents(desk: Settings) -> list[str]:
    """Return the codes of all incidents, each of which mailed the operator once."""
    with connect("desk_planner", desk) as connection:
        codes = [row["code"] for row in connection.execute("select code from desk.incidents order by 1")]
        mails = connection.execute("select count(*) as n from desk.outbox where kind = 'alert'").fetchone()[
            "n"
        ]
    assert mails == len(codes)
    return codes


@pytest.fixture(autouse=True)
def saturday(desk) -> None:
    """The clock stands on the Saturday after the as-of session."""
    set_clock(desk, SATURDAY_AT)


def test_a_symbol_is_switched_off_beyond_the_limit_and_not_at_it(desk):
    """Five sessions missing are still waited for, six are not."""
    add_series(desk, {"AAA": MISSING_MAX, "BBB": MISSING_MAX + 1})
    assert disable(desk, freeze_daily(desk)) == MissingBarsReport(disabled=("BBB",))
    assert off(desk) == {
        "BBB": f"no bar since {session_before(MISSING_MAX + 1)}, more than {MISSING_MAX} sessions as of {AS_OF_DATE}"
    }
    assert incidents(desk) == ["SYMBOL_DISABLED"]


def test_the_next_run_is_frozen_without_it(desk):
    """It stays known to the run, so what is held of it can still be priced and sold."""
    add_series(desk, {"BBB": MISSING_MAX + 1})
    disable(desk, freeze_daily(desk))
    run = freeze_daily(desk, key="later")
    with connect("desk_planner", desk) as connection:
        rows = queries.universe.stored_universe_entries(connection, universe_hash=run.universe_hash)
        assert {row["internal_symbol"] for row in rows if not row["is_enabled"]} == {"BBB", "OLD"}
    assert disable(desk, run) == MissingBarsReport()
    assert incidents(desk) == ["SYMBOL_DISABLED"]


def test_a_task_that_runs_again_switches_and_tells_once(desk):
    """Airflow may clear any task at any time."""
    add_series(desk, {"BBB": MISSING_MAX + 1})
    run = freeze_daily(desk)
    assert disable(desk, run).disabled == ("BBB",)
    assert disable(desk, run) == MissingBarsReport()
    assert incidents(desk) == ["SYMBOL_DISABLED"]
    with connect("desk_planner", desk) as connection:
        assert connection.execute("select count(*) as n from desk.symbol_switches").fetchone()["n"] == 1


def test_an_outage_switches_nothing_off(desk):
    """One symbol too many at once is the vendor's fault: an incident, and the universe stays whole."""
    late = dict.fromkeys(STOCKS[: TOGETHER_MAX + 1], MISSING_MAX + 1)
    add_series(desk, late)
    run = freeze_daily(desk)
    assert disable(desk, run) == MissingBarsReport(outage=tuple(late))
    assert disable(desk, run) == MissingBarsReport(outage=tuple(late))
    assert off(desk) == {}
    assert incidents(desk) == ["VENDOR_OUTAGE"]


def test_as_many_as_allowed_are_switched_off_together(desk):
    """At the limit of one run each symbol is judged on its own."""
    late = dict.fromkeys(STOCKS[:TOGETHER_MAX], MISSING_MAX + 1)
    add_series(desk, late)
    assert disable(desk, freeze_daily(desk)).disabled == tuple(late)
    assert incidents(desk) == ["SYMBOL_DISABLED"] * TOGETHER_MAX


def test_an_outage_that_comes_drop_by_drop_is_still_an_outage(desk):
    """Two symbols a day would take the universe apart in a quarter; those of the last days count too."""
    first = dict.fromkeys(STOCKS[:TOGETHER_MAX], MISSING_MAX + 1)
    late = STOCKS[TOGETHER_MAX]
    add_series(desk, first | {late: MISSING_MAX})
    assert disable(desk, freeze_daily(desk)).disabled == tuple(first)
    next_day = sessions.next_session(AS_OF_DATE)
    set_clock(desk, sessions.daily_run_at(next_day))
    for symbol in ("DDD", "SPY"):
        add_bar(desk, symbol, next_day, load="load-2")
    assert disable(desk, freeze_daily(desk, next_day)) == MissingBarsReport(outage=(*first, late))
    assert set(off(desk)) == set(first)


def test_the_benchmark_is_never_switched_off(desk):
    """Without its bar nothing can be judged, so its absence blocks the gate and stays visible."""
    add_series(desk, {}, symbols=STOCKS)
    assert disable(desk, freeze_daily(desk)) == MissingBarsReport()
    assert off(desk) == {}


def test_a_symbol_without_any_bar_is_switched_off(desk):
    """Half a universe without bars would be an outage, one symbol is a typing error."""
    add_series(desk, {}, symbols=("AAA", "BBB", "CCC", "SPY"))
    assert disable(desk, freeze_daily(desk)).disabled == ("DDD",)
    assert off(desk) == {"DDD": f"no bar at all as of {AS_OF_DATE}"}


def test_bars_of_another_company_do_not_count(desk):
    """The ticker of a delisted company is in use again: its new owner's bars are not the instrument's."""
    gone = session_before(MISSING_MAX + 1)
    for symbol in STOCKS:
        add_bar(desk, symbol, AS_OF_DATE)
    add_bar(desk, "AAA", gone)
    alias = Alias("simulated", "AAA", "AAA", date.min, gone)
    assert disable(desk, freeze_daily(desk, universe=Universe(UNIVERSE.entries, (alias,)))).disabled == (
        "AAA",
    )


def test_any_trusted_vendor_with_a_bar_is_enough(desk):
    """A symbol one vendor lost is not missing while another one has it."""
    add_series(desk, {"BBB": MISSING_MAX + 1})
    add_bar(desk, "BBB", AS_OF_DATE, source="alpha_vantage")
    assert disable(desk, freeze_daily(desk)) == MissingBarsReport()


def test_bars_the_run_does_not_know_do_not_count(desk):
    """A run sees its snapshot; the bars that came later are for the next one."""
    add_series(desk, {"BBB": MISSING_MAX + 1})
    run = freeze_daily(desk)
    add_bar(desk, "BBB", AS_OF_DATE, load="load-2")
    assert disable(desk, run).disabled == ("BBB",)


def test_a_person_has_the_last_word_on_an_outage_of_a_symbol(desk):
    """Switched on again it stays on while the same bars are missing, and goes off after the next outage."""
    add_series(desk, {"BBB": MISSING_MAX + 1})
    disable(desk, freeze_daily(desk))
    with connect("desk_planner", desk) as connection:
        switch_symbol(connection, UNIVERSE, "BBB", True, "suspended, trades on Monday", "operator")
    assert off(desk) == {}
    assert disable(desk, freeze_daily(desk, key="again")) == MissingBarsReport()
    assert off(desk) == {}


def test_a_person_switches_a_symbol_off_and_on(desk):
    """Each switch says who and why, and counts from the next run on."""
    with connect("desk_planner", desk) as connection:
        for is_enabled, reason in ((False, "takeover"), (True, "called off"), (False, "on again")):
            switch_symbol(connection, UNIVERSE, "AAA", is_enabled, reason, "operator")
        rows = connection.execute(
            "select is_enabled, reason_code, reason, decided_by from desk.symbol_switches order by switch_id"
        ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (False, "PERSON", "takeover", "operator"),
        (True, "PERSON", "called off", "operator"),
        (False, "PERSON", "on again", "operator"),
    ]
    assert off(desk) == {"AAA": "on again"}


@pytest.mark.parametrize(
    ("symbol", "is_enabled", "reason", "words"),
    [
        ("ZZZ", False, "gone", "no symbol 'ZZZ'"),
        ("SPY", False, "gone", "is the benchmark"),
        ("OLD", True, "back", "disabled in the universe file"),
        ("AAA", False, " ", "needs a reason"),
        ("AAA", True, "back", "AAA is enabled already"),
    ],
)
def test_a_switch_that_makes_no_sense_is_refused(desk, symbol, is_enabled, reason, words):
    """The message says why, and nothing is written."""
    with connect("desk_planner", desk) as connection, pytest.raises(SwitchError, match=words):
        switch_symbol(connection, UNIVERSE, symbol, is_enabled, reason, "operator")
    assert off(desk) == {}
