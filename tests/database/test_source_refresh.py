"""Fetching on a real Postgres from a real server: what is asked, what is stored, who is told."""

import os
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pydantic import SecretStr

from tests.database.rows import set_clock
from tests.unit.sources.replay_server import answer, replaying, session_to
from trading_ops.bars.refresh import PAIR, refresh, tell_of_blocked
from trading_ops.cli.fetch import run as run_verb
from trading_ops.db.connect import connect
from trading_ops.settings import PROJECT_ROOT
from trading_ops.sources.config import ReadySource
from trading_ops.sources.vendors import ONLINE
from trading_ops.universe.instruments import Alias, Universe, UniverseEntry

SESSION = date(2024, 3, 5)
MORNING_AFTER = datetime(2024, 3, 6, 8, tzinfo=UTC)
STOOQ, TIINGO = ONLINE["stooq"].example, ONLINE["tiingo"].example
# A server that says the key back, in the words Stooq uses when it refuses it.
ECHO = answer(b"Get your apikey: canary-db-99 is not one")


def entry(symbol: str, **changes) -> UniverseEntry:
    """Return an instrument every vendor calls by its symbol."""
    return UniverseEntry(symbol, symbol, symbol, symbol, symbol, "USD", "stock", False, True, True, **changes)


UNIVERSE = Universe((entry("AAPL"), entry("MSFT")))


def rows(desk, query: str) -> list[tuple]:
    """Return the rows of a query as tuples."""
    with connect("desk_reader", desk) as connection:
        return [tuple(row.values()) for row in connection.execute(query).fetchall()]


@pytest.fixture
def fetch(desk):
    """Return a function that refreshes from stooq and tiingo on the morning after the session."""

    def run(key, stooq, tiingo=None, universe=UNIVERSE, symbols=None, at=MORNING_AFTER):
        set_clock(desk, at)
        with replaying(stooq) as first, replaying(tiingo or answer(TIINGO)) as second:
            sources = [
                ReadySource(ONLINE[name], session_to(server, key=SecretStr("canary-db-99")))
                for name, server in (("stooq", first), ("tiingo", second))
            ]
            with connect("desk_loader", desk) as connection:
                report = refresh(connection, universe, sources, SESSION, key, print, symbols)
            with connect("desk_planner", desk) as connection:
                tell_of_blocked(connection, report.fetched, key, desk)
            asked = [head.split()[1] for server in (first, second) for head in server.requests]
        return report, asked

    return run


RESULTS = "select source, vendor_symbol, outcome, detail from raw.load_results order by load_id, 1, 2"


def test_what_is_missing_is_fetched_once(desk, fetch):
    """The second run of the morning finds everything there and asks nobody."""
    report, asked = fetch("one", answer(STOOQ), symbols=("AAPL",))
    assert report.missing == () and len(asked) == 1
    assert rows(desk, RESULTS)[0][:3] == ("stooq", "AAPL", "stored")
    report, asked = fetch("two", answer(b"No data"))
    assert [path for path in asked if "aapl" in path] == [] and report.wanted == ("MSFT",)
    report, asked = fetch("three", answer(STOOQ))
    assert (report.wanted, report.load, asked) == ((), None, [])


def test_every_source_that_did_not_deliver_is_in_the_load(desk, fetch):
    """Why a bar is missing can be asked of the database, symbol by symbol."""
    report, _ = fetch("one", answer(b"No data"), answer(b"[]"))
    assert report.missing == ("AAPL", "MSFT")
    found = rows(desk, RESULTS)
    assert [row[:3] for row in found] == [
        ("stooq", "AAPL", "no_data"),
        ("stooq", "MSFT", "no_data"),
        ("tiingo", "AAPL", "no_data"),
        ("tiingo", "MSFT", "no_data"),
    ]
    assert all("no data" in row[3].lower() or "nothing for the dates" in row[3] for row in found)
    assert report.text().endswith("still missing: AAPL, MSFT")


def test_a_blocked_source_fails_over_loudly_and_its_key_stays_secret(desk, fetch, capfd):
    """The next source delivers, one incident and one mail tell of it, and no table has the key."""
    report, asked = fetch("one", ECHO, symbols=("AAPL",))
    assert report.fetched.sources == {"AAPL": "tiingo"}
    fetch("one", ECHO, symbols=("AAPL",))
    incidents = rows(desk, "select code, detail from desk.incidents")
    assert [code for code, _ in incidents] == ["SOURCE_BLOCKED"]
    assert "stooq at AAPL" in incidents[0][1] and "[hidden]" in incidents[0][1]
    assert rows(desk, "select count(*) from desk.outbox where kind = 'alert'") == [(1,)]
    assert [row[:3] for row in rows(desk, RESULTS)] == [
        ("stooq", "AAPL", "blocked"),
        ("tiingo", "AAPL", "stored"),
    ]
    assert any("canary-db-99" in path for path in asked)
    written = ("raw.load_results", "raw.payloads", "raw.loads", "desk.incidents", "desk.outbox")
    assert "canary" not in repr([rows(desk, f"select * from {table}") for table in written])
    assert "canary" not in "".join(capfd.readouterr()) + report.text() + repr(report)


def test_a_limit_is_no_incident(desk, fetch):
    """Tomorrow is another day; the load says what happened."""
    fetch("one", answer(b"Exceeded the daily hits limit"), symbols=("AAPL",))
    assert rows(desk, "select count(*) from desk.incidents") == [(0,)]
    assert rows(desk, RESULTS)[0][2] == "limit"


def test_an_old_name_is_not_asked_for(desk, fetch):
    """META is asked for under the name that is valid at the session; FB was another time."""
    aliases = (
        Alias("stooq", "FB", "META", date.min, date(2022, 6, 8)),
        Alias("stooq", "META", "META", date(2022, 6, 9), date.max),
    )
    _, asked = fetch("one", answer(STOOQ), universe=Universe((entry("META"),), aliases))
    assert len(asked) == 1 and "s=meta.us" in asked[0]


def test_a_bar_saved_before_the_close_is_fetched_again(desk, fetch):
    """What was loaded while the session ran is not its bar, whatever it looks like."""
    during = datetime(2024, 3, 5, 18, tzinfo=UTC)
    fetch("one", answer(STOOQ), symbols=("AAPL",), at=during)
    final = STOOQ.replace(b"53.6468", b"53.9")
    report, _ = fetch("two", answer(final), universe=Universe((entry("AAPL"),)))
    assert report.wanted == ("AAPL",) and report.load.rows_changed == 1
    assert fetch("three", answer(final), universe=Universe((entry("AAPL"),)))[0].wanted == ()


def test_the_pound_is_fetched_when_its_rate_is_missing(desk):
    """Yahoo carries the pair; with a rate of the session in the table it is not asked again."""
    set_clock(desk, MORNING_AFTER)
    example = ONLINE["yahoo"].example.replace(b"BRK-B", b"GBPUSD=X")
    for key, wanted in (("one", (PAIR,)), ("two", ())):
        with replaying(answer(example)) as server, connect("desk_loader", desk) as connection:
            sources = [ReadySource(ONLINE["yahoo"], session_to(server))]
            report = refresh(connection, Universe(()), sources, SESSION, key, print)
        assert report.wanted == wanted
    assert rows(desk, "select source, rate_date::text, rate::text from raw.fx_rates order by 2") == [
        ("yahoo", "2024-03-04", "100.5"),
        ("yahoo", "2024-03-05", "101.75"),
    ]


def test_the_verb_asks_the_named_source_and_says_what_came(desk, tmp_path, monkeypatch, capsys):
    """`trading-ops fetch --source stooq --symbols AAPL`, with a config and a key of the operator."""
    set_clock(desk, MORNING_AFTER)
    keys = tmp_path / "source_keys"
    keys.write_text("stooq=canary-db-99\n")
    os.chmod(keys, 0o600)
    with replaying(answer(STOOQ)) as server:
        sources = tmp_path / "sources.yml"
        text = (PROJECT_ROOT / "config/sources.yml").read_text()
        sources.write_text(text.replace("https://stooq.com", server.url))
        config = replace(desk, sources=sources, source_keys=keys)
        for module in ("trading_ops.cli.fetch", "trading_ops.db.connect"):
            monkeypatch.setattr(f"{module}.settings", lambda: config)
        options = type("Options", (), {"source": "stooq", "symbols": ("AAPL",)})
        assert run_verb(options) == 0
        assert run_verb(type("Options", (), {"source": "tiingo", "symbols": None})) == 1
    said = capsys.readouterr().out
    assert "1 of 1  AAPL: stooq 2 rows to 2024-03-05" in said
    assert "1 of 1 delivered, 1 by stooq" in said
    assert "skipped tiingo: it needs a key" in said and "canary" not in said
