"""The report of the universe: what it says of each symbol, built or not, switched off or not."""

import dataclasses
import re

import pytest

from tests.database.missed_bars import add_bars, session_before
from tests.database.rows import AS_OF_DATE, SATURDAY_AT, add_load, set_clock
from trading_ops.db.connect import connect
from trading_ops.reports.universe import (
    SESSIONS_COUNT,
    UniverseReport,
    read_universe_report,
    write_universe_report,
)
from trading_ops.settings import PROJECT_ROOT
from trading_ops.universe.aliases import HEADER
from trading_ops.universe.instruments import Universe, parse_universe

SOURCES = ("alpha_vantage", "stooq")
UNIVERSE_TEXT = (
    "internal_symbol,vendor_symbol,stooq_symbol,yahoo_symbol,etoro_search_name,currency,"
    "instrument_type,is_benchmark,is_tradable_underlying,is_enabled,notes,verified_by,verified_at\n"
    "AAA,AAA,AAA,,Alpha <A> (AAA),USD,stock,false,true,true,,A. Person,2026-06-01\n"
    "BBB,BBB,,,Beta (BBB),USD,stock,false,true,true,,,\n"
    "SPY,SPY,SPY,SPY,SPDR S&P 500 ETF (SPY),USD,etf,true,false,true,,,\n"
    "OLD,OLD,OLD,OLD,Old (OLD),USD,stock,false,true,false,,,\n"
)
ALIASES = f"{HEADER}\nstooq,AOLD,AAA,,2026-06-10\nstooq,AAA,AAA,2026-06-11,\n"


@pytest.fixture
def universe(desk, tmp_path) -> Universe:
    """AAA whole at one vendor and renamed at another, BBB with a gap, the benchmark young; a Saturday."""
    set_clock(desk, SATURDAY_AT)
    backs = range(SESSIONS_COUNT + 10)
    bars = [("AAA", back, "alpha_vantage") for back in backs]
    bars += [("BBB", back, "alpha_vantage") for back in backs if back not in (3, 4)]
    bars += [("SPY", back, "stooq") for back in range(5)]
    bars += [("AOLD", 2, "stooq"), ("AAA", 2, "stooq")]
    add_bars(desk, [(symbol, session_before(back), source) for symbol, back, source in bars])
    (tmp_path / "universe.csv").write_text(UNIVERSE_TEXT)
    (tmp_path / "vendor_aliases.csv").write_text(ALIASES)
    return parse_universe(UNIVERSE_TEXT, "u.csv")


def read(desk, universe) -> UniverseReport:
    """Collect the report as a reader."""
    with connect("desk_reader", desk) as connection:
        return read_universe_report(connection, universe, SOURCES)


def symbol_of(report: UniverseReport, symbol: str):
    """Return one symbol's part of a report."""
    found = [one for _, members in report.groups for one in members]
    return next(one for one in found if one.entry.internal_symbol == symbol)


def test_each_symbol_stands_where_it_belongs(desk, universe):
    """Whole ones apart from those to look at, the unused last."""
    report = read(desk, universe)
    assert report.as_of_date == AS_OF_DATE
    assert [
        (heading, [one.entry.internal_symbol for one in members]) for heading, members in report.groups
    ] == [("Needs a look", ["BBB"]), ("Complete", ["AAA", "SPY"]), ("Not in use", ["OLD"])]
    assert report.counts == {
        "used": 3,
        "current": 3,
        "stocks": 3,
        "verified": 1,
        "switched_off": 0,
        "with_problems": 1,
    }
    assert report.coverage == [("alpha_vantage", 2, 2), ("stooq", 2, 1)]
    assert report.is_examined is False


def test_a_gap_is_missing_and_the_time_before_a_history_is_not(desk, universe):
    """The strip is one stretch per state, and the gap is counted in sessions."""
    report = read(desk, universe)
    beta, fund = symbol_of(report, "BBB"), symbol_of(report, "SPY")
    assert [(part.state, part.count) for part in beta.stretches] == [
        ("bar", SESSIONS_COUNT - 5),
        ("missing", 2),
        ("bar", 3),
    ]
    assert beta.problems == (f"{session_before(4)} to {session_before(3)}: no bar",)
    assert (beta.best.gaps_count, beta.best.missing_count) == (1, 2)
    assert [(part.state, part.count) for part in fund.stretches] == [
        ("before", SESSIONS_COUNT - 5),
        ("bar", 5),
    ]


def test_a_row_that_was_left_out_says_why(desk, universe):
    """The reason is the loader's, with the vendor it came from."""
    with connect("desk_loader", desk) as connection:
        connection.execute(
            "insert into raw.quarantined_rows (load_id, source, vendor_symbol, file_name, line_number, field,"
            " session_date, reason, row_text) values (%s, 'alpha_vantage', 'BBB', 'f', 2, 'close', %s, 'close is 0', '')",
            (add_load(desk), session_before(3)),
        )
    assert symbol_of(read(desk, universe), "BBB").problems == (
        f"{session_before(4)}: no bar",
        f"{session_before(3)}: the vendor's row was left out (alpha_vantage: close is 0)",
    )


def test_what_the_newest_build_found_is_shown(desk, universe):
    """A bar saved before the close and one that cannot be right are no bars to trust."""
    with connect("desk_dbt", desk) as connection:
        connection.execute(
            "create table intermediate.int_market__bars as select 'AAA' as internal_symbol, %s::date as session_date,"
            " false as is_broken, true as is_unfinished union all select 'AAA', %s, true, false",
            (session_before(0), session_before(9)),
        )
        connection.execute("grant select on intermediate.int_market__bars to desk_reader")
    report = read(desk, universe)
    assert report.is_examined
    assert symbol_of(report, "AAA").problems == (
        f"{session_before(9)}: prices cannot be right",
        f"{session_before(0)}: saved before the close",
    )


def test_a_switched_off_symbol_says_so_first(desk, universe):
    """It is not counted among what is in use."""
    with connect("desk_planner", desk) as connection:
        connection.execute(
            "select desk.record_switch('BBB', false, 'PERSON', 'takeover', null, 'k', 'operator')"
        )
    report = read(desk, universe)
    assert [heading for heading, _ in report.groups] == ["Switched off", "Complete", "Not in use"]
    assert symbol_of(report, "BBB").remarks[0] == "switched off: takeover"
    assert (report.counts["used"], report.counts["switched_off"]) == (2, 1)


def test_the_files_hold_everything_and_load_nothing(desk, universe, tmp_path):
    """Both files are written whole; the page needs no network and escapes what people typed."""
    config = dataclasses.replace(
        desk, universe=tmp_path / "universe.csv", policy=PROJECT_ROOT / "config/policy.yml"
    )
    with connect("desk_reader", desk) as connection:
        path = write_universe_report(connection, config)
    html, markdown = path.read_text(), path.with_suffix(".md").read_text()
    assert path == desk.data / f"reports/universe_{AS_OF_DATE}.html"
    assert "Alpha &lt;A&gt; (AAA)" in html and "<A>" not in html
    assert "AOLD to 2026-06-10, AAA from 2026-06-11" in html
    assert not re.search(r"(src|href|url\(|@import)", html)
    assert html.count("<details>") == 4
    assert "SIMULATED" in html and "SIMULATED" in markdown
    assert f"| BBB | {SESSIONS_COUNT - 2}/{SESSIONS_COUNT} | {AS_OF_DATE} alpha_vantage |" in markdown
    assert "| AAA | 60/60 |" in markdown and "2026-06-01 A. Person" in markdown
