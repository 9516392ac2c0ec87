"""The simulated market is repeatable, looks like a market, and breaks only where it is told to."""

import hashlib
from datetime import date

import numpy as np
import pytest

from trading_ops.bars.parse import parse_file
from trading_ops.exchange.sessions import sessions_between
from trading_ops.simulation.market import BadPrint, Delisting, MissingBars, SimulatedMarket, UnrecordedSplit
from trading_ops.simulation.market_model import simulate

FIRST, LAST = date(2023, 1, 3), date(2023, 3, 31)
SESSIONS = sessions_between(FIRST, LAST)


def read(folder) -> dict[str, str]:
    """Return the text of every file by name."""
    return {path.name: path.read_text() for path in (folder / "simulated").iterdir()}


@pytest.fixture
def inbox(tmp_path):
    """Write the market of seed 7 with faults and return its files."""

    def write(faults=(), last_date=LAST, seed=7):
        SimulatedMarket(seed).write_inbox(tmp_path, FIRST, last_date, faults)
        return read(tmp_path)

    return write


def rows_of(text: str) -> dict[str, list[str]]:
    """Return a file's rows by date."""
    return {line.split(",")[0]: line.split(",") for line in text.splitlines()[1:]}


def test_the_same_seed_gives_the_same_bytes_for_ever(inbox):
    """The digest was taken once; another machine or release that differs would break every replay."""
    texts = inbox()
    digest = hashlib.sha256("".join(f"{name}\n{texts[name]}" for name in sorted(texts)).encode()).hexdigest()
    assert digest == "3cb02dd72d15e45526a331f39a9d36f8cda16620989fe87b025235270648cb71"


def test_another_seed_gives_another_market(inbox):
    """A seed that were ignored would make every simulation the same one."""
    assert inbox(seed=8)["SIM-QANT.csv"] != inbox(seed=7)["SIM-QANT.csv"]


def test_a_longer_history_begins_with_the_shorter_one():
    """Next week's files must not restate this week's bars."""
    short, long = simulate(7, date(2022, 6, 30)), simulate(7, date(2023, 6, 30))
    count = len(short.dates)
    for name in (
        "open_cents",
        "high_cents",
        "low_cents",
        "close_cents",
        "volume",
        "split",
        "dividend_cents",
        "rate",
    ):
        assert np.array_equal(getattr(long, name)[:count], getattr(short, name)), name


def test_every_file_is_accepted_by_the_loader(inbox):
    """A hundred companies, the fund and the rates, each with a row per session and source simulated."""
    texts = inbox()
    assert len(texts) == 102
    sessions = np.array(SESSIONS, dtype="datetime64[D]")
    for name, text in texts.items():
        parsed = parse_file(text.encode(), name, sessions[-1], sessions)
        assert (parsed.source, parsed.row_count, parsed.quarantined) == ("simulated", len(SESSIONS), ())


def test_returns_have_factors_and_fat_tails():
    """Stocks of one sector move together more than others, all with the market, and extremes are common."""
    market = simulate(7, date(2024, 12, 31))
    close, split, dividend = market.close_cents, market.split[1:], market.dividend_cents[1:]
    returns = close[1:] * split / (close[:-1] - dividend) - 1
    correlation = np.corrcoef(returns[:, 1:].T)
    companies = SimulatedMarket(7).companies
    same = np.array([[one.sector == other.sector for other in companies] for one in companies])
    off_diagonal = ~np.eye(len(companies), dtype=bool)
    assert correlation[same & off_diagonal].mean() > correlation[~same].mean() + 0.05 > 0.1
    scaled = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    assert (scaled**4).mean() > 4.5
    assert np.abs(returns).max() < 0.31


@pytest.mark.parametrize(("action", "column", "nothing"), [("split", 8, 1.0), ("dividend_cents", 7, 0.0)])
def test_splits_and_dividends_explain_the_prices(inbox, action, column, nothing):
    """They happen, are in the files, and the adjusted close moves by the return alone across them."""
    market = simulate(7, LAST)
    window = getattr(market, action)[-len(SESSIONS) + 1 :]
    listed = np.flatnonzero((window != nothing).any(axis=0))
    symbol = SimulatedMarket(7).companies[listed[0] - 1].symbol
    rows = [[float(cell) for cell in row[1:]] for row in rows_of(inbox()[f"SIM-{symbol}.csv"]).values()]
    assert any(row[column - 1] != nothing for row in rows)
    for before, after in zip(rows, rows[1:], strict=False):
        close, adjusted, dividend, split = after[3], after[4], after[6], after[7]
        assert adjusted / before[4] == pytest.approx(close * split / (before[3] - dividend), rel=1e-5)


def test_missing_bars_are_absent_and_nothing_else_changes(inbox):
    """The fault removes exactly the named bars, of stocks and of the rate alike."""
    day = SESSIONS[10]
    whole, holed = inbox(), inbox([MissingBars(("QANT", "GBPUSD"), (day,))])
    for name in whole:
        missing = rows_of(whole[name]).keys() - rows_of(holed[name]).keys()
        assert missing == ({str(day)} if name in ("SIM-QANT.csv", "SIM-FX-GBPUSD.csv") else set())


def test_a_delisted_symbol_ends(inbox):
    """No bar after the last date; a symbol without any bar has no file, not even an old one."""
    inbox()
    texts = inbox([Delisting("QANT", SESSIONS[5]), Delisting("QAPH", date(2022, 1, 3))])
    assert list(rows_of(texts["SIM-QANT.csv"]))[-1] == str(SESSIONS[5])
    assert "SIM-QAPH.csv" not in texts


def test_a_bad_print_is_ten_times_off_for_one_bar(inbox):
    """All four prices, so only a look at the neighbours finds it."""
    day = str(SESSIONS[7])
    whole, broken = inbox()["SIM-QANT.csv"], inbox([BadPrint("QANT", SESSIONS[7])])["SIM-QANT.csv"]
    assert [float(cell) for cell in rows_of(broken)[day][1:5]] == pytest.approx(
        [float(cell) * 10 for cell in rows_of(whole)[day][1:5]]
    )
    assert [day for day in rows_of(whole) if rows_of(whole)[day] != rows_of(broken)[day]] == [day]


def test_an_unrecorded_split_halves_the_price_in_silence(inbox):
    """The vendor's split column says 1 and stays wrong."""
    whole, broken = (inbox()["SIM-QANT.csv"], inbox([UnrecordedSplit("QANT", SESSIONS[7])])["SIM-QANT.csv"])
    for index, session in enumerate(SESSIONS):
        before, after = rows_of(whole)[str(session)], rows_of(broken)[str(session)]
        assert float(after[4]) == pytest.approx(float(before[4]) / (2 if index >= 7 else 1), abs=0.01)
        assert after[8] == before[8]


def test_a_fault_on_an_unknown_symbol_is_refused(inbox):
    """A typo in a test would otherwise prove that a fault does no harm."""
    with pytest.raises(ValueError, match="has no AAPL"):
        inbox([Delisting("AAPL", LAST)])


def test_no_ticker_is_a_real_one(real_files):
    """Neither a member of the S&P 500 since 1996 nor a symbol of the real files."""
    listed = {
        line.split(",")[0]
        for line in (real_files / "sp500_membership/sp500_ticker_start_end.csv").read_text().splitlines()
    }
    assert len(listed) > 500
    assert not listed & {entry.internal_symbol for entry in SimulatedMarket(7).universe().entries}


def test_the_universe_sells_companies_and_not_the_fund():
    """A hundred stocks to buy, one benchmark, all of them labelled."""
    universe = SimulatedMarket(7).universe()
    assert sum(entry.is_tradable_underlying for entry in universe.entries) == 100
    assert universe.benchmark.internal_symbol == "SIMX"
    assert all("simulated" in entry.etoro_search_name for entry in universe.entries)
