"""Which source is asked for what, and when it is left: against real servers that misbehave."""

import re
from datetime import date

import pytest
from pydantic import SecretStr

from tests.unit.sources.replay_server import LIMITS, answer, replaying, reset_after, session_to
from trading_ops.bars.fetch import FAILED_IN_A_ROW_MAX, Wanted, fetch
from trading_ops.sources.config import ReadySource
from trading_ops.sources.vendors import ONLINE

SESSION, NEWEST = date(2024, 3, 5), date(2024, 3, 6)
STOOQ = ONLINE["stooq"].example
TIINGO = ONLINE["tiingo"].example
GOOD = answer(TIINGO)
BLOCKED = answer(b"<html>enable JavaScript</html>")
LIMIT = answer(b"Exceeded the daily hits limit")
NO_DATA = answer(b"No data")
BROKEN = reset_after(b"", 0)
STALE = answer(STOOQ.replace(b"2024-03-05", b"2024-03-01").replace(b"2024-03-04", b"2024-02-29"))


def wanted(*symbols: str) -> list[Wanted]:
    """Want symbols that every source calls the same."""
    return [Wanted(one, dict.fromkeys(ONLINE, one)) for one in symbols]


@pytest.fixture
def ask(tmp_path):
    """Return a function that fetches symbols from stooq and then tiingo, served by these acts."""

    def run(symbols, stooq, tiingo=GOOD, limits=LIMITS, **options):
        acts = stooq if isinstance(stooq, list) else [stooq]
        with replaying(*acts) as first, replaying(tiingo) as second:
            sources = [
                ReadySource(ONLINE[name], session_to(server, limits=limits))
                for name, server in (("stooq", first), ("tiingo", second))
            ]
            told = []
            wishes = symbols if isinstance(symbols[0], Wanted) else wanted(*symbols)
            fetched = fetch(wishes, sources, NEWEST, SESSION, tmp_path, told.append, **options)
            fetched.asked = {"stooq": len(first.requests), "tiingo": len(second.requests)}
            fetched.told = told
            return fetched

    return run


def outcomes(fetched) -> list[tuple[str, str, str]]:
    """Return the failures without their words."""
    return [(one.source, one.vendor_symbol, one.outcome) for one in fetched.failures]


def test_the_first_source_that_delivers_is_enough(ask):
    """The next one is not asked, and the files read back what was sent."""
    fetched = ask(["AAPL", "MSFT"], answer(STOOQ))
    assert fetched.sources == {"AAPL": "stooq", "MSFT": "stooq"}
    assert fetched.asked == {"stooq": 2, "tiingo": 0} and not fetched.failures
    assert [one.name for one in fetched.files] == ["stooq/aapl_us_d.csv", "stooq/msft_us_d.csv"]
    assert fetched.files[1].read() == STOOQ
    assert fetched.told == [
        "1 of 2  AAPL: stooq 2 rows to 2024-03-05",
        "2 of 2  MSFT: stooq 2 rows to 2024-03-05",
    ]


@pytest.mark.parametrize(("act", "outcome"), [(BLOCKED, "blocked"), (LIMIT, "limit")])
def test_a_source_that_refuses_the_desk_is_left_for_the_rest_of_the_run(ask, act, outcome):
    """One request, then the next source takes over; every symbol says why it was not asked."""
    fetched = ask(["AAPL", "MSFT", "KO"], act)
    assert fetched.asked == {"stooq": 1, "tiingo": 3}
    assert set(fetched.sources.values()) == {"tiingo"} and len(fetched.sources) == 3
    assert outcomes(fetched) == [("stooq", one, outcome) for one in ("AAPL", "MSFT", "KO")]
    assert fetched.failures[2].detail == f"not asked: {outcome} at AAPL"
    assert fetched.left["stooq"].vendor_symbol == "AAPL"
    assert fetched.told[0].startswith(f"stooq is not asked any more: {outcome}: ")


def test_a_symbol_a_source_does_not_have_says_nothing_about_the_others(ask):
    """No data for one symbol is not a blocked source."""
    fetched = ask(["AAPL", "MSFT"], [NO_DATA, answer(STOOQ)])
    assert fetched.sources == {"AAPL": "tiingo", "MSFT": "stooq"}
    assert outcomes(fetched) == [("stooq", "AAPL", "no_data")] and not fetched.left


def test_a_source_that_is_down_is_left_after_a_few_symbols(ask):
    """Each try costs its whole timeout; sound replies in between start the count anew."""
    symbols = [f"A{letter}" for letter in "ABCDEFGHIJ"]
    limits = LIMITS.model_copy(update={"attempts_max": 1})
    fetched = ask(symbols, [BROKEN, answer(STOOQ), BROKEN], limits=limits)
    assert fetched.asked["stooq"] == 2 + FAILED_IN_A_ROW_MAX
    assert fetched.left["stooq"].outcome == "failed"
    assert len(fetched.sources) == len(symbols)


@pytest.mark.parametrize("act", [STALE, answer(STOOQ.replace(b"53.9803", b"0"))], ids=["stale", "refused"])
def test_a_file_that_does_not_help_is_kept_and_the_next_source_asked(ask, act):
    """The loader records what is wrong with it; the session's bar comes from elsewhere."""
    fetched = ask(["AAPL"], act)
    assert fetched.sources == {"AAPL": "tiingo"} and not fetched.failures
    assert [one.name for one in fetched.files] == ["stooq/aapl_us_d.csv", "tiingo/tiingo_AAPL.csv"]


def test_a_source_without_a_name_for_the_symbol_is_passed_over(ask):
    """Nothing is guessed about what a vendor calls an instrument."""
    fetched = ask([Wanted("AAPL", {"tiingo": "AAPL"}), Wanted("XYZ", {})], answer(STOOQ))
    assert fetched.asked == {"stooq": 0, "tiingo": 1} and fetched.sources == {"AAPL": "tiingo"}
    assert fetched.told[1] == "2 of 2  XYZ: no source"


def test_a_pair_is_asked_of_sources_with_rates_only(ask):
    """Stooq and Tiingo carry none here."""
    fetched = ask([Wanted("GBPUSD", dict.fromkeys(ONLINE, "GBPUSD"), is_pair=True)], answer(STOOQ))
    assert fetched.asked == {"stooq": 0, "tiingo": 0} and not fetched.sources


def test_every_source_is_asked_for_the_rate(tmp_path):
    """Two are compared by the gate only where both are there; the first one's is the one delivered."""
    chart = ONLINE["yahoo"].example.replace(b"BRK-B", b"GBPUSD=X")
    with replaying(answer(ONLINE["ecb"].example)) as bank, replaying(answer(chart)) as yahoo:
        sources = [
            ReadySource(ONLINE["ecb"], session_to(bank)),
            ReadySource(ONLINE["yahoo"], session_to(yahoo)),
        ]
        pair = Wanted("GBPUSD", {"ecb": "GBPUSD", "yahoo": "GBPUSD"}, is_pair=True)
        fetched = fetch([pair], sources, NEWEST, SESSION, tmp_path, lambda _: None)
    assert fetched.sources == {"GBPUSD": "ecb"} and not fetched.failures
    assert [one.name for one in fetched.files] == ["ecb/FX-GBPUSD.csv", "yahoo/FX-GBPUSD.csv"]


def test_a_fetch_ends_at_its_time(ask):
    """What is not asked any more says so; the next run goes on from there."""
    clock = iter([0.0] * 4 + [1000.0] * 100)
    fetched = ask(["AAPL", "MSFT", "KO"], answer(STOOQ), monotonic=lambda: next(clock))
    assert 1 <= len(fetched.sources) < 3
    assert {one.detail for one in fetched.failures} == {"not asked: this fetch took too long already"}


def test_a_reply_that_breaks_the_reader_costs_one_symbol(ask, monkeypatch):
    """A surprise in a vendor's module is told by its kind and place: its words may be the vendor's."""

    def explode(*_):
        raise ValueError("could not convert string to float: 'canary'")

    broken = ONLINE["stooq"].__class__(**{**vars(ONLINE["stooq"]), "fetch_bars": explode})
    monkeypatch.setitem(ONLINE, "stooq", broken)
    fetched = ask(["AAPL"], answer(STOOQ))
    assert re.fullmatch(r"ValueError in test_source_fetch\.py, line \d+", fetched.failures[0].detail)
    assert fetched.sources == {"AAPL": "tiingo"}


def test_only_trouble_with_the_machinery_is_unreachable(ask):
    """What another try would meet again is not worth one."""
    limits = LIMITS.model_copy(update={"attempts_max": 1})
    assert ask(["AAPL"], BROKEN, BROKEN, limits=limits).is_unreachable
    assert not ask(["AAPL"], BROKEN, BLOCKED, limits=limits).is_unreachable
    assert not ask(["AAPL"], BROKEN, limits=limits).is_unreachable
    assert not ask(["AAPL"], NO_DATA, NO_DATA).is_unreachable


def test_a_key_in_a_reply_is_not_in_the_failure(tmp_path):
    """The detail goes into the database and the mail."""
    said = b"apikey canary-77 is not valid, neither is CANARY-7... nor canary%2D77"
    with replaying(answer(said)) as server:
        http = session_to(server, key=SecretStr("canary-77"))
        sources = [ReadySource(ONLINE["stooq"], http)]
        told = []
        fetched = fetch(wanted("AAPL"), sources, NEWEST, SESSION, tmp_path, told.append)
    assert "canary-77" in server.requests[0]
    assert fetched.failures[0].outcome == "blocked"
    assert "canary" not in (repr(fetched) + repr(told)).lower()
