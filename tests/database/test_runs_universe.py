"""What a run stands on reaches Postgres as it was parsed: universe, dated names, calendar, switches."""

import hashlib
from dataclasses import asdict, replace
from datetime import UTC, date, timedelta

from tests.database.planning import UNIVERSE, entry, freeze_plan, on_saturday
from tests.database.rows import set_clock, superuser
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.simulation.market import SimulatedMarket
from trading_ops.universe.instruments import Alias, Universe

FIRST_DAY, LAST_DAY = date(2012, 5, 18), date(2022, 6, 8)


def stored(desk, query: str, *values) -> list[dict]:
    """The rows of a query, whole."""
    with superuser(desk) as connection:
        return connection.execute(query, values).fetchall()


def switch(desk, symbol: str, is_enabled: bool, reason: str) -> None:
    """Switch a symbol off or on, as the planner."""
    with connect("desk_planner", desk) as connection:
        connection.execute(
            "select desk.record_switch(%s, %s, 'PERSON', %s, null, gen_random_uuid()::text, 'operator')",
            (symbol, is_enabled, reason),
        )


def enabled_symbols(desk, run) -> set[str]:
    """The symbols a run may use."""
    return {
        row["internal_symbol"]
        for row in stored(
            desk,
            "select internal_symbol from desk.config_universe where universe_hash = %s and is_enabled",
            run.universe_hash,
        )
    }


def test_a_parsed_universe_is_stored_column_by_column(desk):
    """What the parser read is what the run's universe says, row for row, who verified it included."""
    market = SimulatedMarket(1).universe()
    checked = replace(market.entries[0], verified_by="operator", verified_at=date(2026, 6, 1))
    universe = Universe((checked, *market.entries[1:]))
    run = freeze_plan(on_saturday(desk), universe=universe)
    rows = stored(desk, "select * from desk.config_universe where universe_hash = %s", run.universe_hash)
    assert len(rows) > 100
    found = {row["internal_symbol"]: row for row in rows}
    for row in universe.entries:
        assert found[row.internal_symbol].items() >= asdict(row).items()


def test_the_dated_names_are_stored_and_part_of_the_hash(desk):
    """A rename entered between two runs gives the second a universe of its own."""
    first = freeze_plan(on_saturday(desk))
    aliases = (
        Alias("yahoo", "FB", "AAA", FIRST_DAY, LAST_DAY),
        Alias("yahoo", "META", "AAA", LAST_DAY, date.max),
    )
    second = freeze_plan(desk, universe=replace(UNIVERSE, aliases=aliases), key="weekly_plan:2")
    assert second.universe_hash != first.universe_hash
    assert second.config_hash != first.config_hash
    rows = stored(desk, "select * from desk.config_aliases order by valid_from_date")
    assert rows == [asdict(alias) | {"universe_hash": second.universe_hash} for alias in aliases]


def test_the_stored_calendar_is_the_one_of_the_hash(desk):
    """The rows alone give the hash again, so SQL and Python cannot disagree about a session."""
    run = freeze_plan(on_saturday(desk))
    rows = stored(
        desk,
        "select * from desk.calendar_sessions where calendar_hash = %s order by session_date",
        run.calendar_hash,
    )
    instants = ("open_at", "close_at", "expected_at")
    text = "".join(
        "\t".join([str(row["session_date"]), *(row[name].astimezone(UTC).isoformat() for name in instants)])
        + "\n"
        for row in rows
    )
    assert hashlib.sha256(text.encode()).hexdigest() == run.calendar_hash
    assert [row["session_date"] for row in rows] == list(
        sessions.sessions_between(sessions.FIRST_DATE, sessions.LAST_DATE)
    )


def test_sql_and_python_expect_the_same_session(desk):
    """At each instant the answer changes and a second before, over a clock change and a holiday."""
    run = freeze_plan(on_saturday(desk))
    days = sessions.sessions_between(date(2026, 10, 20), date(2026, 12, 1))
    moments = [sessions.daily_run_at(day) - timedelta(seconds=seconds) for day in days for seconds in (1, 0)]
    rows = stored(
        desk,
        """
        select
            (
                select max(session_date) from desk.calendar_sessions
                where calendar_hash = %s and expected_at <= moment.at
            ) as expected_date
        from unnest(%s::timestamptz[]) with ordinality as moment (at, place)
        order by place
        """,
        run.calendar_hash,
        moments,
    )
    expected = [sessions.newest_complete_session(moment) for moment in moments]
    assert [row["expected_date"] for row in rows] == expected
    assert tuple(expected[1::2]) == days


def test_the_calendar_is_stored_once(desk):
    """A second run of the same calendar adds no row."""
    freeze_plan(on_saturday(desk))
    count = "select count(*) as n from desk.calendar_sessions"
    before = stored(desk, count)
    freeze_plan(desk, key="weekly_plan:2")
    assert stored(desk, count) == before


def test_the_same_inputs_give_the_same_hashes(desk):
    """A replay stands on what the first run stood on, on another day and however rows are ordered."""
    first = freeze_plan(on_saturday(desk))
    set_clock(desk, first.frozen_at.replace(hour=20))
    shuffled = Universe(UNIVERSE.entries[::-1])
    again = freeze_plan(desk, universe=shuffled, key="weekly_plan:2")
    assert again.run_id != first.run_id
    for name in ("policy_hash", "universe_hash", "calendar_hash", "config_hash", "git_commit"):
        assert getattr(again, name) == getattr(first, name)


def test_a_symbol_switched_off_is_frozen_as_disabled_until_it_is_on_again(desk):
    """The newest switch counts, and the run's hashes say that it was off."""
    every = {row.internal_symbol for row in UNIVERSE.entries}
    first = freeze_plan(on_saturday(desk))
    switch(desk, "BBB", is_enabled=False, reason="no bar for six sessions")
    without = freeze_plan(desk, key="weekly_plan:2")
    switch(desk, "BBB", is_enabled=True, reason="its bars are back")
    last = freeze_plan(desk, key="weekly_plan:3")
    assert enabled_symbols(desk, first) == every
    assert enabled_symbols(desk, without) == every - {"BBB"}
    assert without.universe_hash != first.universe_hash
    assert without.config_hash != first.config_hash
    assert last.universe_hash == first.universe_hash


def test_a_run_frozen_before_a_switch_keeps_what_it_had(desk):
    """A retried task finds its run, not another universe under the same name."""
    first = freeze_plan(on_saturday(desk))
    switch(desk, "BBB", is_enabled=False, reason="not tradable on eToro")
    assert freeze_plan(desk) == first


def test_a_switched_off_benchmark_is_still_there_to_judge_by(desk):
    """Without its bar no run could be judged; it is only never bought."""
    index = entry("SPX", is_benchmark=True)
    switch(desk, "SPX", is_enabled=False, reason="not to be bought")
    run = freeze_plan(on_saturday(desk), universe=Universe((*UNIVERSE.entries, index)))
    (row,) = stored(desk, "select * from desk.config_universe where is_benchmark")
    assert (row["is_enabled"], row["is_tradable_underlying"]) == (True, False)
    assert row["universe_hash"] == run.universe_hash
