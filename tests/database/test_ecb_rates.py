"""The bank's rates on a real Postgres: the package's, the bank's, and who has the last word."""

from datetime import UTC, date, datetime, timedelta

from tests.database.bar_folders import load, stored, write
from tests.database.rows import set_clock
from tests.unit.sources.replay_server import answer, replaying, session_to
from tests.unit.sources.test_source_ecb import envelope
from trading_ops.bars.ecb import load_ecb_rates
from trading_ops.bars.refresh import PAIR, refresh
from trading_ops.db.connect import connect
from trading_ops.sources.config import ReadySource
from trading_ops.sources.vendors import ONLINE
from trading_ops.universe.instruments import Universe

SESSION = date(2024, 3, 5)
DAYS = [SESSION - timedelta(days=ago) for ago in range(30) if (SESSION - timedelta(days=ago)).weekday() < 5]
RATES = {f"{day}": ("1.0850", "0.85500") for day in DAYS}
NEWEST = """
    select distinct on (rate_date) rate_date::text, source, rate::text from raw.fx_rates
    where rate_date between '2024-03-01' and '2024-03-05' order by rate_date, load_id desc
"""


def at(desk, *day: int) -> None:
    """Make it eight in the morning of a day."""
    set_clock(desk, datetime(*day, 8, tzinfo=UTC))


def package(desk, key: str):
    """Load the package's history."""
    with connect("desk_loader", desk) as connection:
        return load_ecb_rates(connection, key)


def bank(desk, key: str, act):
    """Ask the bank for what is missing; return the report and how often it was asked."""
    with replaying(act) as server, connect("desk_loader", desk) as connection:
        sources = [ReadySource(ONLINE["ecb"], session_to(server))]
        return refresh(connection, Universe(()), sources, SESSION, key, print), len(server.requests)


def test_one_request_fills_a_gap_of_weeks(desk):
    """The package ended four weeks ago, so three plans of four were blocked; asked again it is not."""
    at(desk, 2024, 2, 5)
    package(desk, "package")
    at(desk, 2024, 3, 6)
    report, asked = bank(desk, "one", answer(envelope(RATES)))
    assert (report.missing, report.load.rates_new, asked) == ((), len(DAYS), 1)
    assert {day for day, _, _ in stored(desk, NEWEST)} == {"2024-03-01", "2024-03-04", "2024-03-05"}
    assert stored(desk, "select distinct source from raw.fx_rates") == [("ecb",)]
    report, asked = bank(desk, "two", answer(envelope(RATES)))
    assert (report.wanted, report.load, asked) == ((), None, 0)


def test_what_the_bank_has_corrected_is_not_taken_back_by_the_older_package(desk):
    """It is a new version of the day, and the one every later run reads."""
    at(desk, 2024, 3, 4)
    first = package(desk, "one")
    at(desk, 2024, 3, 6)
    bank(desk, "bank", answer(envelope(RATES | {"2024-03-04": ("1.0900", "0.85500")})))
    corrected = stored(desk, NEWEST)
    assert ("2024-03-04", "ecb", "1.274854") in corrected
    # It is asked what it knows of the sixth, too: of nothing else.
    assert package(desk, "two").rates_new == 1 and first.rates_new > 6000
    assert stored(desk, NEWEST) == corrected


def test_what_a_person_has_corrected_is_not_taken_back_by_the_package(desk, tmp_path):
    """`load the right rate of that day; the newest load of a day counts` held until the next morning."""
    at(desk, 2024, 3, 6)
    package(desk, "one")
    header = "rate_date,base_currency,quote_currency,rate,source\n"
    load(
        desk,
        write(tmp_path / "cure", "FX-GBPUSD.csv", "2024-03-04,GBP,USD,1.2701,ecb\n", header=header),
        "cure",
    )
    package(desk, "two")
    assert ("2024-03-04", "ecb", "1.2701") in stored(desk, NEWEST)


def test_a_refusal_of_the_bank_is_in_the_load_and_adds_no_rate(desk):
    """What was wrong with its file and what to do can be asked of the database."""
    at(desk, 2024, 3, 6)
    report, asked = bank(desk, "one", answer(envelope(RATES | {"2024-03-05": ("1.0850", "NaN")})))
    assert (report.missing, asked) == ((PAIR,), 1)
    [(outcome, detail)] = stored(desk, "select outcome, detail from raw.load_results where source = 'ecb'")
    assert outcome == "failed"
    assert "2024-03-05 has no rate of GBP that can be" in detail and "FX-GBPUSD.csv" in detail
    assert stored(desk, "select count(*) from raw.fx_rates") == [(0,)]
    report, _ = bank(desk, "two", answer(envelope(RATES)))
    assert report.missing == ()
