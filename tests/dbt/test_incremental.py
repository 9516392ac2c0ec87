"""
What is published day by day equals what a full rebuild publishes, whatever happened to the bars.

Two years of sessions, so that most of the history lies before the window a build always reads.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.dbt import daily_desk, small_desk
from tests.dbt.daily_desk import SESSIONS, Company
from trading_ops.universe.instruments import Alias

START = SESSIONS.index(date(2026, 6, 1))
DAYS = SESSIONS[START : START + 8]
OLD, RECENT = SESSIONS[20], SESSIONS[START - 30]
SYMBOLS = ("CALM", "DIVI", "FALL", "GONE", "MOVE", "NAME", "SCAL", "SPLT")
WINDOW_ONLY = ""


@pytest.fixture
def street(tmp_path):
    """Two vendors and what they wrote by the first day."""
    return Street(tmp_path / "inbox")


class Street:
    """The companies, who carries them, and the folder their files go to."""

    def __init__(self, folder):
        self.folder = folder
        self.last = DAYS[0]
        self.companies = {
            symbol: Company(number) for number, symbol in enumerate((*SYMBOLS, "BNCH"), start=1)
        }
        self.stooq = {"SCAL", "MOVE", "NAME"}
        self.alpha_vantage = {*self.companies} - {"SCAL", "NAME"}
        self.renamed = {}

    def write(self, last: date) -> None:
        """Write what each vendor has on the morning after a session."""
        self.last = last
        daily_desk.write_rate(self.folder)
        for symbol, company in self.companies.items():
            if symbol in self.alpha_vantage:
                daily_desk.write_alpha_vantage(self.folder, symbol, company, last)
            if symbol in self.stooq:
                daily_desk.write_stooq(self.folder, self.renamed.get(symbol, symbol), company, last)

    def change(self, symbol: str, **changes) -> None:
        """Let something else be true of a company from now on."""
        company = self.companies[symbol]
        merged = {name: getattr(company, name) | value for name, value in changes.items()}
        self.companies[symbol] = replace(company, **merged)


def test_a_publication_that_grew_equals_one_built_from_nothing(cluster, desk, street, tmp_path):
    """
    Day by day: nothing special, a dividend, a split and a rescaled history, a revision of long ago
    and one before a dividend, a change of vendor, a renamed symbol and one that left, a replay.
    """
    street.change("DIVI", dividends={SESSIONS[START - 50]: Decimal("1.5")})
    street.write(DAYS[0])

    def lived(day: date, symbols=SYMBOLS, aliases=()) -> dict[str, str]:
        done = daily_desk.live(desk, tmp_path / "run", street.folder, day, symbols, aliases)
        assert done.is_green, done.output[-4000:]
        grown = daily_desk.published(desk)
        assert grown == daily_desk.rebuilt(cluster, desk, tmp_path / "full", done.run_id)
        days = {row["session_date"] for row in grown["market_prices_eod"]}
        assert (min(days), max(days)) == (SESSIONS[0], day)
        return daily_desk.ranges(desk)

    assert set(lived(DAYS[0]).values()) == {"nothing is published yet"}

    street.write(DAYS[1])
    assert set(lived(DAYS[1]).values()) == {WINDOW_ONLY}

    street.change("DIVI", dividends={DAYS[2]: Decimal("2.4")})
    street.change("SCAL", dividends={DAYS[2]: Decimal("1.2")})
    street.change("SPLT", splits={DAYS[2]: Decimal(4)})
    street.write(DAYS[2])
    why = lived(DAYS[2])
    assert {symbol for symbol, reason in why.items() if reason} == {"DIVI", "SCAL", "SPLT"}

    street.change("CALM", closes={OLD: Decimal("251.17")})
    street.change("DIVI", closes={SESSIONS[START - 51]: Decimal("262.5")})
    street.change("FALL", closes={RECENT: Decimal("271.17")})
    street.write(DAYS[3])
    why = lived(DAYS[3])
    assert why["CALM"] == why["DIVI"] == "older bars were written"
    assert why["FALL"] == WINDOW_ONLY

    street.alpha_vantage.remove("MOVE")
    (street.folder / "DA-MOVE.csv").unlink()
    street.renamed["NAME"] = "NEWN"
    (street.folder / "name_us_d.csv").unlink()
    street.write(DAYS[4])
    aliases = (
        Alias("stooq", "NAME", "NAME", date.min, DAYS[3]),
        Alias("stooq", "NEWN", "NAME", DAYS[4], date.max),
    )
    remaining = tuple(symbol for symbol in SYMBOLS if symbol != "GONE")
    why = lived(DAYS[4], remaining, aliases)
    assert {symbol for symbol, reason in why.items() if reason.startswith("its vendor, its names")} == {
        "MOVE",
        "NAME",
    }
    left = small_desk.rows(desk, "select distinct internal_symbol from marts.market_prices_eod order by 1")
    assert [row["internal_symbol"] for row in left] == sorted((*remaining, "BNCH"))

    # The desk goes back to an earlier session: nothing after it may stay.
    assert WINDOW_ONLY not in lived(DAYS[3], remaining, aliases).values()


def test_a_cut_history_comes_back_when_the_split_is_corrected(cluster, desk, street, tmp_path):
    """
    A split the price does not follow is held back while it is new and cuts the history when it is
    older, and so does a price that halves without a split; corrected, the history is whole again.
    """
    fine = street.companies["SPLT"]
    symbols = ("SPLT", "CALM")

    def lived(company: Company, symbol: str = "SPLT") -> daily_desk.Day:
        street.companies[symbol] = company
        street.write(DAYS[0])
        return daily_desk.live(desk, tmp_path / "run", street.folder, DAYS[0], symbols)

    def first_days() -> dict[str, date]:
        query = "select internal_symbol, min(session_date) as day from marts.market_prices_eod group by 1"
        found = {row["internal_symbol"]: row["day"] for row in small_desk.rows(desk, query)}
        return {symbol: found[symbol] for symbol in symbols}

    assert lived(fine).is_green
    whole = daily_desk.published(desk)["market_prices_eod"]

    # In the lookback a person has to look; what was published stays.
    new = lived(replace(fine, false_splits={DAYS[0]: Decimal(2)}))
    assert not new.is_green and "has_no_finding" in new.output
    assert daily_desk.published(desk)["market_prices_eod"] == whole

    assert lived(replace(fine, false_splits={RECENT: Decimal(2)})).is_green
    assert first_days() == {"SPLT": RECENT, "CALM": SESSIONS[0]}
    assert lived(fine).is_green
    assert daily_desk.published(desk)["market_prices_eod"] == whole

    # Only the window is read of the other one, and what lies before it goes all the same.
    calm = street.companies["CALM"]
    halved = {day: close / 2 for day, close, _ in calm.bars(DAYS[0]) if day >= RECENT}
    half = lived(replace(calm, closes=halved), "CALM")
    assert half.is_green and daily_desk.ranges(desk)["CALM"] == WINDOW_ONLY
    assert first_days() == {"SPLT": SESSIONS[0], "CALM": RECENT}
    assert daily_desk.published(desk) == daily_desk.rebuilt(cluster, desk, tmp_path / "full", half.run_id)
    assert lived(calm, "CALM").is_green
    assert daily_desk.ranges(desk)["CALM"] == "its history is cut within the window"
    assert daily_desk.published(desk)["market_prices_eod"] == whole


def test_a_build_that_ends_between_prices_and_state_is_made_up_for(desk, street, tmp_path):
    """The state is taken back with the prices it spoke of, so the next build reads everything."""
    street.write(DAYS[0])
    symbols = ("CALM", "SPLT")
    first = daily_desk.live(desk, tmp_path / "run", street.folder, DAYS[0], symbols)
    assert first.is_green, first.output[-3000:]
    stopped = daily_desk.build(desk, tmp_path / "run", first.run_id, "--exclude", "price_publications+")
    assert stopped.is_green, stopped.output[-3000:]
    assert small_desk.rows(desk, "select * from marts.price_publications") == []
    again = daily_desk.build(desk, tmp_path / "run", first.run_id)
    assert again.is_green and set(daily_desk.ranges(desk).values()) == {"nothing is published yet"}
