"""Yahoo through the real yfinance package: recorded exchanges in, files the parser accepts out."""

import json
from datetime import date

import numpy as np
import pytest

from tests.unit.sources.replay_server import answer, replaying, session_to
from trading_ops.bars.parse import parse_file
from trading_ops.bars.prepare import session_dates
from trading_ops.sources.failure import NotDelivered
from trading_ops.sources.vendors import ONLINE

YAHOO = ONLINE["yahoo"]
NEWEST = date(2025, 2, 25)
MSFT = "historical-via-chart-MSFT-dividends-2021-02-01-to-2022-01-31.csv.json"
NVDA = "historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.csv.json"


@pytest.fixture
def recorded(real_files):
    """Return the recorded body of an exchange as Yahoo sent it."""
    folder = real_files / "yahoo_http_fixtures/http"
    return lambda name: json.dumps(json.loads((folder / name).read_text())["response"]["bodyJson"]).encode()


def bars_of(body: bytes, symbol: str):
    """Fetch a symbol from a server that sends this body, and parse the file."""
    with replaying(answer(body)) as server:
        name, text = YAHOO.fetch_bars(session_to(server), symbol, NEWEST)
    return parse_file(text, name, np.datetime64(NEWEST), session_dates()), server


def test_dividends_come_with_the_bars(recorded):
    """Four dividends of 2021, a row per session, every digit of Yahoo's numbers."""
    parsed, _ = bars_of(recorded(MSFT), "MSFT")
    assert parsed.layout.price_basis == "split_adjusted"
    assert (parsed.row_count, str(parsed.dates[0]), str(parsed.dates[-1])) == (
        252,
        "2021-02-01",
        "2022-01-28",
    )
    assert parsed.actions == (
        ("2021-02-17", "dividend", "0.56"),
        ("2021-05-19", "dividend", "0.56"),
        ("2021-08-18", "dividend", "0.56"),
        ("2021-11-17", "dividend", "0.62"),
    )
    assert parsed.action_kinds == ("split", "dividend")
    assert parsed.bars["close_price"][0].as_py() == "239.64999389648438"
    assert parsed.bars["adj_close_price"][0].as_py() == "231.1864776611328"
    assert parsed.bars["volume_units"][0].as_py() == "33314200"


def test_a_split_comes_with_the_bars(recorded):
    """NVDA's 4:1 of 20 July 2021; the 0.0 of the other days is no split."""
    parsed, _ = bars_of(recorded(NVDA), "NVDA")
    assert parsed.actions == (("2021-07-20", "split", "4.0"),)


def test_a_long_history_comes_whole(recorded):
    """Thirteen years in one reply of 840 kB."""
    parsed, _ = bars_of(recorded("historical-via-chart-dividends-TSLA-no-dividends.json"), "TSLA")
    assert (parsed.row_count, parsed.actions) == (3303, ())


def test_only_charts_are_asked_for(recorded):
    """No cookie, no crumb, no consent form, and the desk's own name."""
    _, server = bars_of(recorded(MSFT), "MSFT")
    # One for the time zone, when the package does not know it yet, and one for the bars.
    assert len(server.requests) in (1, 2)
    for head in server.requests:
        assert head.startswith("GET /v8/finance/chart/MSFT?")
        assert "cookie" not in head.lower() and "crumb" not in head
        assert "User-Agent: trading-ops-test/1" in head


def test_the_pound_comes_in_dollars_from_the_chart_of_the_pair(recorded):
    """Daily closes as rates of source yahoo; the day that has not ended is left out."""
    body = recorded("chart-EURUSD=X-2020-01-01-to-2020-01-03.json").replace(b"EURUSD=X", b"GBPUSD=X")
    with replaying(answer(body)) as server:
        name, text = YAHOO.fetch_rates(session_to(server), "GBPUSD", date(2020, 1, 3))
    parsed = parse_file(text, name, np.datetime64("2020-01-03"), session_dates())
    assert parsed.source == "yahoo"
    assert [rate[:3] for rate in parsed.rates] == [("2020-01-01", "GBP", "USD"), ("2020-01-02", "GBP", "USD")]
    assert server.requests[0].startswith("GET /v8/finance/chart/GBPUSD=X?")


@pytest.mark.parametrize(
    ("name", "symbol", "outcome", "words"),
    [
        ("chart-WSU.DE-2023-08-04-to-2023-08-09.json", "WSU.DE", "not_found", "quoted in EUR"),
        (MSFT, "AAPL", "not_found", "answered for MSFT"),
        ("chart-notimestamp-weird-quote.fake.json", "AAPL", "no_data", "without bars"),
        ("chart-notimestamp-quotes-length.fake.json", "AAPL", "no_data", "without bars"),
    ],
)
def test_a_chart_of_something_else_is_not_delivered(recorded, name, symbol, outcome, words):
    """Another currency, another company, or no bar at all."""
    with pytest.raises(NotDelivered, match=words) as refused:
        bars_of(recorded(name), symbol)
    assert refused.value.outcome == outcome


def test_two_symbols_in_a_row_are_not_mixed_up(recorded):
    """The package remembers replies; the next symbol and the next fetch ask anew."""
    for _ in range(2):
        assert bars_of(recorded(MSFT), "MSFT")[0].symbol == "MSFT"
        assert bars_of(recorded(NVDA), "NVDA")[0].actions[0][1] == "split"


@pytest.mark.parametrize("first", ["Date", "Datetime"])
@pytest.mark.parametrize("last", ["", ",Capital Gains"])
def test_a_file_the_package_wrote_loads_from_the_inbox(real_files, first, last):
    """The layout of `to_csv()`, with a fund's extra column or without."""
    path = real_files / "yfinance_repair_fixtures/tests/data/CALM-1d-no-bad-divs.csv"
    lines = path.read_text().splitlines()
    extra = ",0.0" if last else ""
    header = lines[0].replace("Datetime", first) + last
    text = "\n".join([header] + [line + extra for line in lines[1:]]) + "\n"
    parsed = parse_file(text.encode(), "CALM.csv", np.datetime64("2026-08-13"), session_dates())
    assert (parsed.source, parsed.symbol) == ("yahoo", "CALM")
    assert parsed.row_count + len(parsed.quarantined) == len(lines) - 1
    assert {kind for _, kind, _ in parsed.actions} == {"dividend"}
