"""The export of a run: the published prices and nothing else, forward, and the same bytes every time."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import environment_of
from tests.database.published_prices import BENCHMARK, LAST, freeze_run, publish, universe_of
from tests.dbt import daily_desk, vendor_desk
from tests.dbt.daily_desk import Company
from trading_ops.db.connect import connect
from trading_ops.exchange import sessions
from trading_ops.models.export import Export, ExportError, export_dataset
from trading_ops.settings import PROJECT_ROOT

START = daily_desk.SESSIONS.index(date(2026, 6, 1))
TODAY, TOMORROW = daily_desk.SESSIONS[START : START + 2]
FILES = ("bars.parquet", "calendar.csv", "instruments.csv")


def export(desk, run_id: str, folder: Path, progress=None) -> Export:
    """Export as the task does."""
    folder.mkdir(parents=True, exist_ok=True)
    with connect("desk_reader", desk) as connection:
        return export_dataset(connection, run_id, folder, progress)


def bars(folder: Path, symbol: str) -> list[dict]:
    """Return the exported bars of a symbol."""
    rows = pq.read_table(folder / "bars.parquet").to_pylist()
    return [row for row in rows if row["internal_symbol"] == symbol]


def hashes(folder: Path) -> list[str]:
    """Return the SHA-256 of each exported file."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES]


@pytest.fixture(scope="module")
def lived(cluster, tmp_path_factory):
    """
    A desk of three vendors that lived through a day, and through the next one with a dividend for all.

    Returns the folder of each day's export and what was published on it.
    """
    folder = tmp_path_factory.mktemp("lived")
    companies = {
        "TRAD": Company(
            1,
            splits={daily_desk.SESSIONS[200]: Decimal(4)},
            dividends={daily_desk.SESSIONS[100]: Decimal("1.5")},
        ),
        "YHOO": Company(2, dividends={daily_desk.SESSIONS[300]: Decimal("2.5")}),
        "STOQ": Company(3, dividends={daily_desk.SESSIONS[300]: Decimal("2.5")}),
        BENCHMARK: Company(4),
    }
    writers = {"YHOO": daily_desk.write_yahoo, "STOQ": daily_desk.write_stooq}
    days = {}
    with vendor_desk.cloned(cluster, "desk_exported") as desk:
        desk = replace(desk, data=folder / "data")
        for day in (TODAY, TOMORROW):
            inbox = folder / "inbox"
            daily_desk.write_rate(inbox)
            for symbol, company in companies.items():
                if day == TOMORROW and symbol != BENCHMARK:
                    company = replace(company, dividends=company.dividends | {day: Decimal("0.7")})
                writers.get(symbol, daily_desk.write_alpha_vantage)(inbox, symbol, company, day)
            symbols = [symbol for symbol in companies if symbol != BENCHMARK]
            done = daily_desk.live(desk, folder / "run", inbox, day, symbols)
            assert done.is_green, done.output[-4000:]
            export(desk, done.run_id, folder / str(day))
            days[day] = (folder / str(day), daily_desk.published(desk)["market_prices_eod"])
        yield days


def test_every_published_bar_is_exported_with_its_type(lived):
    """Sorted by symbol and session, no value missing, the columns qlib_runner/dataset.py asks for."""
    folder, published = lived[TODAY]
    table = pq.read_table(folder / "bars.parquet")
    prices = ("open", "high", "low", "close", "vwap", "volume", "factor")
    assert table.schema == pa.schema(
        [
            pa.field("internal_symbol", pa.string(), False),
            pa.field("session_date", pa.date32(), False),
            *(pa.field(name, pa.float64(), False) for name in prices),
        ]
    )
    assert sum(column.null_count for column in table.columns) == 0
    keys = list(zip(table["internal_symbol"].to_pylist(), table["session_date"].to_pylist(), strict=True))
    assert keys == [(row["internal_symbol"], row["session_date"]) for row in published]
    assert keys == sorted(keys) and len(keys) > 1900


def test_prices_are_those_as_traded_times_a_factor_that_begins_with_one(lived):
    """Worked out here in decimals from what is published; a 4:1 split leaves a factor above four."""
    folder, published = lived[TODAY]
    rows = [row for row in published if row["internal_symbol"] == "TRAD"]
    for row, found in zip(rows, bars(folder, "TRAD"), strict=True):
        factor = row["total_return_factor"] / rows[0]["total_return_factor"]
        wanted = {name: row[f"as_traded_{name}_usd"] * factor for name in ("open", "high", "low", "close")}
        wanted["vwap"] = (wanted["high"] + wanted["low"] + wanted["close"]) / 3
        wanted |= {"volume": row["as_traded_volume_units"] / factor, "factor": factor}
        assert {name: found[name] for name in wanted} == pytest.approx(
            {name: float(value) for name, value in wanted.items()}, rel=1e-12
        ), row["session_date"]
    first, last = bars(folder, "TRAD")[0], bars(folder, "TRAD")[-1]
    assert (first["close"], first["factor"]) == (float(rows[0]["as_traded_close_usd"]), 1.0)
    assert 4 < last["factor"] < 4.1


@pytest.mark.parametrize("symbol", ["TRAD", "YHOO", "STOQ"])
def test_returns_are_those_of_the_publication(lived, symbol):
    """Whatever the scale, a bar stands to the next one as the adjusted prices do."""
    folder, published = lived[TODAY]
    rows = [row for row in published if row["internal_symbol"] == symbol]
    found = bars(folder, symbol)
    scale = found[0]["close"] / float(rows[0]["adj_close_usd"])
    for name in ("open", "high", "low", "close"):
        assert [row[name] for row in found] == pytest.approx(
            [float(row[f"adj_{name}_usd"]) * scale for row in rows], rel=1e-9
        )


def test_a_new_dividend_changes_no_earlier_row(lived):
    """Bit by bit where the prices are as traded; to the digits of the vendor where it adjusts them itself."""
    (before, _), (after, _) = lived[TODAY], lived[TOMORROW]
    assert bars(after, "TRAD")[:-1] == bars(before, "TRAD")
    assert bars(after, "TRAD")[-1]["factor"] > bars(before, "TRAD")[-1]["factor"]
    for symbol in ("YHOO", "STOQ"):
        for one, other in zip(bars(before, symbol), bars(after, symbol), strict=False):
            for name in ("open", "high", "low", "close", "vwap", "volume", "factor"):
                assert other[name] == pytest.approx(one[name], rel=3e-7), (symbol, name)


def test_a_series_nobody_knows_as_traded_is_in_units_of_its_first_close(lived):
    """Its factor is one: no split or dividend can be told apart in it."""
    found = bars(lived[TODAY][0], "STOQ")
    assert found[0]["close"] == 1.0
    assert {row["factor"] for row in found} == {1.0}


def test_the_calendar_reaches_from_the_first_bar_past_the_last(lived):
    """A backtest closes its last day with the session after it."""
    folder, published = lived[TODAY]
    days = (folder / "calendar.csv").read_text().splitlines()
    first = min(row["session_date"] for row in published)
    wanted = sessions.sessions_between(first, date(TODAY.year + 1, TODAY.month, TODAY.day + 1))
    assert days == ["session_date", *map(str, wanted)]


def test_one_run_exports_the_same_bytes_every_time(desk, tmp_path):
    """Training finds its inputs by their SHA-256."""
    run_id = freeze_run(desk, universe_of(["AAA", "BBB"]))
    publish(desk, run_id, ["AAA", "BBB", BENCHMARK], 300)
    for name in ("one", "two"):
        export(desk, run_id, tmp_path / name)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_prices_of_another_run_are_refused(desk, tmp_path):
    """The next run's publication is not what this one was frozen with."""
    run_id = freeze_run(desk, universe_of(["AAA"]), key="one")
    publish(desk, freeze_run(desk, universe_of(["AAA"]), key="two"), ["AAA", BENCHMARK], 20)
    with pytest.raises(ExportError, match=f"not of {run_id}; build the prices"):
        export(desk, run_id, tmp_path)


def test_a_desk_that_never_built_prices_is_told_so(desk, tmp_path):
    """Not a missing relation."""
    run_id = freeze_run(desk, universe_of(["AAA"]))
    with pytest.raises(ExportError, match="the published prices are of no run"):
        export(desk, run_id, tmp_path)


def test_prices_that_end_before_the_as_of_date_are_refused(desk, tmp_path):
    """A dataset whose newest session is another one would be scored for the wrong day."""
    run_id = freeze_run(desk, universe_of(["AAA"]))
    publish(desk, run_id, ["AAA", BENCHMARK], 20, last=date(2026, 6, 11))
    with pytest.raises(ExportError, match="the newest published bar is of 2026-06-11"):
        export(desk, run_id, tmp_path)


def test_a_bar_without_a_number_is_refused(desk, tmp_path):
    """Nothing is filled in."""
    run_id = freeze_run(desk, universe_of(["AAA"]))
    publish(desk, run_id, ["AAA", BENCHMARK], 20)
    with connect("desk_dbt", desk) as connection:
        connection.execute(
            "update marts.market_prices_eod set as_traded_volume_units = null"
            " where internal_symbol = 'AAA' and session_date = %s",
            (LAST,),
        )
    with pytest.raises(ExportError, match="AAA has a bar without volume"):
        export(desk, run_id, tmp_path)


def test_membership_is_what_the_desk_could_buy_when(desk, tmp_path):
    """
    Three weeks: LEFT is switched off in the second, JOIN is added in it, BACK pauses for it.

    The first run's members count from their first bar. The benchmark has bars and is no member, and GONE,
    which was dropped from the file, is only named.
    """
    weeks = [date(2026, 5, 29), date(2026, 6, 5), LAST]
    universes = [["BACK", "GONE", "LEFT", "STAY"], ["JOIN", "STAY"], ["BACK", "JOIN", "STAY"]]
    for as_of, symbols in zip(weeks, universes, strict=True):
        run_id = freeze_run(desk, universe_of(symbols), as_of)
    publish(desk, run_id, ["BACK", "JOIN", "LEFT", "STAY", BENCHMARK], 100)
    exported = export(desk, run_id, tmp_path)
    first = exported.first_date
    assert (tmp_path / "instruments.csv").read_text().splitlines() == [
        "internal_symbol,start_date,end_date",
        f"BACK,{first},2026-05-29",
        "BACK,2026-06-12,",
        "BNCH,,",
        "JOIN,2026-06-05,",
        f"LEFT,{first},2026-05-29",
        f"STAY,{first},",
    ]
    assert exported.members_without_bars == ("GONE",)
    assert (exported.symbols_count, exported.bars_count) == (5, 500)


def test_a_long_export_says_how_far_it_is(desk, tmp_path, monkeypatch):
    """Every few seconds, with symbols and bars."""
    monkeypatch.setattr("trading_ops.progress.EVERY_S", 0)
    run_id = freeze_run(desk, universe_of(["AAA"]))
    publish(desk, run_id, ["AAA", BENCHMARK], 20)
    said = []
    export(desk, run_id, tmp_path, said.append)
    assert said[0].startswith("1 of 2 symbols, 20 bars read")


@pytest.mark.slow
def test_memory_does_not_grow_with_the_symbols(desk, tmp_path):
    """Ten times the symbols, a million bars, the same peak."""
    peaks = []
    for count in (20, 200):
        symbols = [f"S{number:03d}" for number in range(count)]
        run_id = freeze_run(desk, universe_of(symbols), key=str(count))
        publish(desk, run_id, [*symbols, BENCHMARK], 5000)
        done = subprocess.run(
            [sys.executable, "-m", "tests.database.export_once", run_id, tmp_path],
            env={**environment_of(desk), "PYTHONPATH": f"{PROJECT_ROOT / 'plugins'}:{PROJECT_ROOT}"},
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(float(done.stdout.split()[-1]))
    assert peaks[1] < peaks[0] + 16, peaks
