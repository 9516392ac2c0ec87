"""Loading on a real Postgres: nothing twice, nothing changed in place, no half file and no half load."""

import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from psycopg.errors import CheckViolation

from tests.conftest import admin
from tests.database.bar_folders import HEADER, ROWS, counts, load, stored, write
from trading_ops.bars.load import LoadError
from trading_ops.db.connect import connect, queries
from trading_ops.simulation.market import Delisting, MissingBars, SimulatedMarket


def test_the_vendors_digits_reach_the_table(desk, tmp_path):
    """101.50 is stored as 101.50, with the basis and the actions of its source."""
    report = load(desk, write(tmp_path / "in", "IBM.csv", *ROWS), "one")
    assert (counts(report), report.symbols, report.actions_new) == ((3, 0, 0), ("IBM",), 2)
    rows = stored(
        desk,
        "select source, price_basis, high_price::text, adj_close_price from raw.eod_bars order by session_date",
    )
    assert rows[0] == ("alpha_vantage", "raw", "101.50", None)
    actions = stored(desk, "select ex_date, kind, value::text from raw.corporate_actions order by ex_date")
    assert actions == [(date(2024, 3, 5), "dividend", "0.24"), (date(2024, 3, 6), "split", "2.0")]


def test_a_repeated_key_returns_the_stored_result(desk, tmp_path):
    """A task that runs again must not load again, even if the folder has changed meanwhile."""
    folder = write(tmp_path / "in", "IBM.csv", *ROWS)
    write(folder, "KO.csv", "2024-03-04,1,0,1,1,1,1,0,1\n")
    first = load(desk, folder, "daily:2024-03-06")
    write(folder, "PEP.csv", *ROWS)
    again = load(desk, folder, "daily:2024-03-06")
    assert again == first
    assert again.refused[0].file == "KO.csv"
    assert stored(desk, "select count(*) from raw.loads") == [(1,)]


def test_an_unchanged_file_adds_no_rows(desk, tmp_path):
    """The same download under another key is a load of nothing."""
    folder = write(tmp_path / "in", "IBM.csv", *ROWS)
    load(desk, folder, "one")
    again = load(desk, folder, "two")
    assert (counts(again), again.actions_new, again.symbols) == ((0, 0, 3), 0, ("IBM",))
    assert stored(desk, "select count(*) from raw.eod_bars") == [(3,)]


def test_other_digits_for_the_same_number_are_no_change(desk, tmp_path):
    """100.0 and 100.00 are one price."""
    load(desk, write(tmp_path / "in", "IBM.csv", *ROWS), "one")
    again = load(
        desk, write(tmp_path / "in", "IBM.csv", ROWS[0].replace("100.0,", "100.00,"), *ROWS[1:]), "two"
    )
    assert counts(again) == (0, 0, 3)


def test_a_changed_value_is_a_new_version_and_a_new_bar_is_appended(desk, tmp_path):
    """What was known at the first load can still be read with its load_id."""
    folder = tmp_path / "in"
    first = load(desk, write(folder, "IBM.csv", *ROWS[:2]), "one")
    second = load(desk, write(folder, "IBM.csv", ROWS[0], ROWS[1].replace("101.1", "101.2"), ROWS[2]), "two")
    assert counts(second) == (1, 1, 1)
    versions = stored(
        desk,
        "select load_id, close_price from raw.eod_bars where session_date = '2024-03-05' order by load_id",
    )
    assert versions == [(first.load_id, Decimal("101.1")), (second.load_id, Decimal("101.2"))]


def test_a_value_that_changes_back_is_a_third_version(desk, tmp_path):
    """The newest version counts, so going back is a change as well."""
    folder = tmp_path / "in"
    for key, close in (("one", "101.1"), ("two", "101.2"), ("three", "101.1")):
        report = load(desk, write(folder, "IBM.csv", ROWS[1].replace("101.1", close)), key)
    assert counts(report) == (0, 1, 0)


def test_a_withdrawn_action_becomes_one_that_says_nothing_happened(desk, tmp_path):
    """Alpha Vantage takes dividends back; the row that said so stays."""
    folder = tmp_path / "in"
    load(desk, write(folder, "IBM.csv", *ROWS), "one")
    report = load(desk, write(folder, "IBM.csv", ROWS[0], ROWS[1].replace("0.24", "0.0"), ROWS[2]), "two")
    assert report.actions_new == 1
    newest = (
        "select kind, value from raw.corporate_actions where load_id = (select max(load_id) from raw.loads)"
    )
    assert stored(desk, newest) == [("dividend", Decimal(0))]


def test_one_bad_line_costs_its_file_and_no_other(desk, tmp_path):
    """All or nothing per file; the reason is kept with the file's digest."""
    folder = write(tmp_path / "in", "IBM.csv", *ROWS)
    write(folder, "KO.csv", *ROWS[:2], ROWS[2].replace("51.0", "50.0"))
    report = load(desk, folder, "one")
    assert report.symbols == ("IBM",)
    (refusal,) = report.refused
    assert (refusal.file, refusal.line, refusal.field) == ("KO.csv", 4, "high")
    assert stored(desk, "select vendor_symbol, count(*) from raw.eod_bars group by 1") == [("IBM", 3)]
    assert stored(
        desk, "select file_name, row_count, error is null, length(sha256) from raw.payloads order by 1"
    ) == [("IBM.csv", 3, True, 64), ("KO.csv", 0, False, 64)]
    assert stored(desk, "select files_refused_count from raw.loads") == [(1,)]


def test_a_refused_later_download_leaves_the_stored_bars(desk, tmp_path):
    """Yesterday's good bars outlive today's broken file."""
    folder = tmp_path / "in"
    load(desk, write(folder, "IBM.csv", *ROWS), "one")
    report = load(desk, write(folder, "IBM.csv", *ROWS, "2024-03-07,1\n"), "two")
    assert (counts(report), len(report.refused)) == ((0, 0, 0), 1)
    assert stored(desk, "select count(*) from raw.eod_bars") == [(3,)]


def test_a_bar_after_the_desks_date_is_refused(desk, tmp_path):
    """The desk's clock decides what is the future, in a simulation as well."""
    with connect("desk_loader", desk) as connection:
        queries.clock.set_simulated_now(connection, now_at=datetime(2024, 3, 6, 3, tzinfo=UTC))
    report = load(desk, write(tmp_path / "in", "IBM.csv", *ROWS), "one")
    # Three in the morning in London is still the evening of the 5th in New York.
    assert "2024-03-05" in report.refused[0].reason


def test_a_production_database_refuses_simulated_bars(desk, tmp_path):
    """Fictional companies must never reach a desk that trades."""
    with admin(desk, desk.db_name) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("alter table desk.instance disable trigger all")
        connection.execute("update desk.instance set environment = 'production'")
    report = load(desk, write(tmp_path / "in", "SIM-QANT.csv", *ROWS), "one")
    assert "simulated data has no place" in report.refused[0].reason


IMPOSSIBLE = {
    "zero": "0, 0, 0, 0, null, 1",
    "negative": "-1, -1, -1, -1, null, 1",
    "NaN": "'NaN', 'NaN', 'NaN', 'NaN', null, 1",
    "a NaN between prices": "'NaN', 2, 1, 1, null, 1",
    "infinite": "1, 'Infinity', 1, 1, null, 1",
    "high below low": "1, 1, 2, 1, null, 1",
    "close above high": "1, 1, 1, 2, null, 1",
    "open below low": "0.5, 1, 1, 1, null, 1",
    "negative volume": "1, 1, 1, 1, null, -1",
    "NaN volume": "1, 1, 1, 1, null, 'NaN'",
    "adjusted close of zero": "1, 1, 1, 1, 0, 1",
    "NaN adjusted close": "1, 1, 1, 1, 'NaN', 1",
}


@pytest.mark.parametrize("bar", IMPOSSIBLE)
def test_the_table_itself_refuses_what_is_no_bar(desk, bar):
    """Whoever writes around the loader meets the same rules."""
    insert = "insert into raw.eod_bars values (1, 'stooq', 'KO', '2024-03-04', 'raw', {})"
    with connect("desk_loader", desk) as connection:
        connection.execute(insert.format("1, 1, 1, 1, 1, 0"))
        with pytest.raises(CheckViolation, match="eod_bars_hold_(adjusted_)?prices|figure_check"):
            connection.execute(insert.format(IMPOSSIBLE[bar]).replace("03-04", "03-05"))


@pytest.mark.parametrize(
    ("kind", "value"), [("split", "0"), ("split", "-2"), ("split", "'NaN'"), ("dividend", "-0.1")]
)
def test_the_table_itself_refuses_an_impossible_action(desk, kind, value):
    """A negative dividend or a split into nothing has no meaning."""
    insert = "insert into raw.corporate_actions values ({}, 'stooq', 'KO', '2024-03-04', '{}', {})"
    with connect("desk_loader", desk) as connection:
        load_id = queries.bars.draw_load_id(
            connection, idempotency_key="one", started_at=datetime(2024, 3, 5, tzinfo=UTC)
        )
        connection.execute(insert.format(load_id, "dividend", "0").replace("03-04", "03-01"))
        with pytest.raises(CheckViolation, match="corporate_actions_are_possible|figure_check"):
            connection.execute(insert.format(load_id, kind, value))


def test_a_missing_folder_is_an_error_and_an_empty_one_is_a_load_of_nothing(desk, tmp_path):
    """The first is a wrong setting; the second is a day without files, which the gates judge."""
    with pytest.raises(LoadError):
        load(desk, tmp_path / "nowhere", "one")
    (tmp_path / "in").mkdir()
    assert counts(load(desk, tmp_path / "in", "one")) == (0, 0, 0)


def test_a_zip_loads_like_the_folder_it_holds(desk, tmp_path):
    """A person may drop the download as it is."""
    folder = tmp_path / "in"
    folder.mkdir()
    with zipfile.ZipFile(folder / "bars.zip", "w") as archive:
        archive.writestr("deep/IBM.csv", HEADER + "".join(ROWS))
    assert counts(load(desk, folder, "one")) == (3, 0, 0)


def test_the_simulated_market_loads_week_after_week(desk, tmp_path):
    """Later files repeat the earlier bars unchanged; a missing bar and a delisting add nothing wrong."""
    market, first = SimulatedMarket(7), date(2023, 11, 1)
    market.write_inbox(tmp_path, first, date(2023, 12, 29))
    before = load(desk, tmp_path, "week 1")
    assert (before.rows_new, before.rates_new, len(before.symbols)) == (41 * 101, 41, 101)
    market.write_inbox(
        tmp_path,
        first,
        date(2024, 1, 5),
        [MissingBars(("QANT",), (date(2024, 1, 5),)), Delisting("QAPH", date(2023, 12, 29))],
    )
    after = load(desk, tmp_path, "week 2")
    assert counts(after) == (4 * 101 - 5, 0, 41 * 101)
    assert after.rates_new == 4
    assert stored(desk, "select distinct source from raw.eod_bars") == [("simulated",)]
