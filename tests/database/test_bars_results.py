"""After a load, every symbol has a row that says what became of it, and every row left out is kept."""

from datetime import date

import pytest

from tests.conftest import at_a_shell
from tests.database.bar_folders import HEADER, ROWS, STOOQ_HEADER, load, stored, write
from trading_ops.bars.append import load_files
from trading_ops.bars.files import find_files
from trading_ops.bars.report import report_of_load, report_text
from trading_ops.cli.main import main
from trading_ops.db.connect import connect
from trading_ops.sources.failure import FetchFailure

RESULTS = """
    select source, vendor_symbol, outcome, rows_new_count, rows_changed_count, rows_unchanged_count,
        rows_quarantined_count, first_written_date
    from raw.load_results where load_id = (select max(load_id) from raw.loads) order by 1, 2
"""
OLD_ZERO = "2020-03-04,0,0,0,0,0,5,0.0,1.0\n"


def test_each_symbol_has_its_counts_and_the_first_date_written(desk, tmp_path):
    """dbt computes again from first_written_date, so it must be the oldest bar the load wrote."""
    folder = write(tmp_path / "in", "IBM.csv", OLD_ZERO, *ROWS[:2])
    write(folder, "KO.csv", *ROWS[:1])
    load(desk, folder, "one")
    assert stored(desk, RESULTS) == [
        ("alpha_vantage", "IBM", "stored", 2, 0, 0, 1, date(2024, 3, 4)),
        ("alpha_vantage", "KO", "stored", 1, 0, 0, 0, date(2024, 3, 4)),
    ]
    write(folder, "IBM.csv", ROWS[0], ROWS[1].replace("101.1", "101.2"), ROWS[2])
    load(desk, folder, "two")
    assert stored(desk, RESULTS) == [
        ("alpha_vantage", "IBM", "stored", 1, 1, 1, 0, date(2024, 3, 5)),
        ("alpha_vantage", "KO", "unchanged", 0, 0, 1, 0, None),
    ]


def test_a_row_left_out_is_kept_as_the_vendor_wrote_it(desk, tmp_path):
    """File, line, field, reason and the whole row, for a person to look at."""
    report = load(desk, write(tmp_path / "in", "IBM.csv", OLD_ZERO, *ROWS), "one")
    assert report.quarantined[0].row_text == OLD_ZERO.strip()
    rows = "select source, vendor_symbol, file_name, line_number, field, session_date, reason, row_text from raw.quarantined_rows"
    assert stored(desk, rows) == [
        (
            "alpha_vantage",
            "IBM",
            "IBM.csv",
            2,
            "open",
            date(2020, 3, 4),
            "'0' cannot be: a price is above 0",
            OLD_ZERO.strip(),
        )
    ]


def test_rows_of_a_refused_file_are_not_quarantined(desk, tmp_path):
    """Nothing of it is stored, so nothing of it was left out; here an older download after a newer one."""
    folder = tmp_path / "in"
    load(desk, write(folder, "IBM.csv", *ROWS), "one")
    older = [OLD_ZERO, ROWS[0], ROWS[1].replace("101.1", "101.2")]
    report = load(desk, write(folder, "IBM.csv", *older), "two")
    assert (len(report.refused), report.quarantined) == (1, ())
    assert stored(desk, "select count(*) from raw.quarantined_rows") == [(0,)]


ERROR_BODIES = [
    "stooq_200_exceeded_daily_hits_limit.txt",
    "stooq_200_pow_challenge_2026-09-09.html",
    "stooq_200_no_data.txt",
]


@pytest.mark.parametrize("body", ERROR_BODIES)
def test_an_error_saved_as_csv_is_refused_under_its_symbol(desk, tmp_path, real_files, body):
    """The name still says whose bars are missing, and the ones from yesterday stay."""
    folder = write(tmp_path / "in", "ko_us_d.csv", "2024-03-04,1,1,1,1,5\n", header=STOOQ_HEADER)
    load(desk, folder, "one")
    (folder / "ko_us_d.csv").write_bytes((real_files / "http_error_bodies" / body).read_bytes())
    load(desk, folder, "two")
    assert stored(desk, RESULTS) == [("stooq", "KO", "refused", 0, 0, 0, 0, None)]
    assert stored(desk, "select count(*) from raw.eod_bars") == [(1,)]


def test_a_file_that_could_be_anyones_has_no_result(desk, tmp_path):
    """An empty AAPL.csv may be Alpha Vantage's or Yahoo's; its refusal is in raw.payloads alone."""
    report = load(desk, write(tmp_path / "in", "AAPL.csv", header=""), "one")
    assert "it is empty" in report.refused[0].reason
    assert report.results == ()


def test_what_a_source_did_not_deliver_is_recorded(desk, tmp_path):
    """One row per symbol that failed; beside stored bars the failure is a remark, not the outcome."""
    folder = write(tmp_path / "in", "IBM.csv", *ROWS)
    failures = [
        FetchFailure("stooq", "AAPL", "blocked", "the source asks for a browser", 120),
        FetchFailure("alpha_vantage", "IBM", "limit", "no call left for the dividends"),
    ]
    with connect("desk_loader", desk) as connection:
        report = load_files(connection, lambda newest: find_files(folder), "one", failures)
        assert load_files(connection, lambda newest: [], "one") == report
    rows = stored(
        desk, "select vendor_symbol, outcome, rows_new_count, detail from raw.load_results order by 1"
    )
    assert rows == [
        ("AAPL", "blocked", 0, "the source asks for a browser"),
        ("IBM", "stored", 3, "no call left for the dividends"),
    ]
    assert report.results[1].duration_ms == 120


def test_splits_that_are_new_count_as_stored(desk, tmp_path):
    """Without a bar written there is no date, yet the prices must be computed again."""
    folder = tmp_path / "in"
    rows = [row.replace("2.0\n", "1.0\n") for row in ROWS]
    load(desk, write(folder, "IBM.csv", *rows), "one")
    load(desk, write(folder, "IBM.csv", *ROWS), "two")
    assert stored(desk, RESULTS) == [("alpha_vantage", "IBM", "stored", 0, 0, 3, 0, None)]


def test_a_report_reads_as_a_table(desk, tmp_path):
    """What the operator sees in the log: the sum, a line per symbol, and each thing left out."""
    folder = write(tmp_path / "in", "IBM.csv", OLD_ZERO, *ROWS)
    write(folder, "ko_us_d.csv", "No data\n", header="")
    lines = report_text(load(desk, folder, "one")).splitlines()
    assert lines[0].startswith(
        "load 1 from alpha_vantage: 3 new, 0 changed, 0 unchanged, 1 quarantined bars of 1 symbols; "
        "2 new splits and dividends, 0 new rates; 1 files refused; "
    )
    assert lines[1].split()[:7] == ["source", "symbol", "outcome", "new", "changed", "unchanged", "quarantined"]  # fmt: skip
    assert lines[2].split()[:7] == ["alpha_vantage", "IBM", "stored", "3", "0", "0", "1"]
    assert lines[3].split()[:3] == ["stooq", "KO", "refused"]
    assert lines[4].startswith("refused      ko_us_d.csv, line 1, field file: ")
    assert lines[5].startswith("quarantined  IBM.csv, line 2, field open: ")


def test_the_command_line_lists_loads_and_shows_one(desk, tmp_path, capsys, monkeypatch):
    """`trading-ops loads` for the newest, `trading-ops loads 1` for what became of each symbol."""
    folder = write(tmp_path / "in", "IBM.csv", *ROWS)
    load(desk, folder, "one")
    load(desk, folder, "two")
    at_a_shell(monkeypatch, desk)
    assert main(["loads"]) == 0
    newest, oldest = capsys.readouterr().out.splitlines()[1:]
    assert newest.split()[0] == "2" and "1 unchanged" in newest
    assert oldest.split()[0] == "1" and "1 stored" in oldest
    assert main(["loads", "1"]) == 0
    with connect("desk_reader", desk) as connection:
        assert capsys.readouterr().out.strip() == report_text(report_of_load(connection, 1))
    assert main(["loads", "77"]) == 1


def test_a_long_load_says_how_far_it_is(desk, tmp_path, monkeypatch):
    """Whoever waits for a backfill sees it move."""
    monkeypatch.setattr("trading_ops.progress.EVERY_S", 0)
    folder = write(tmp_path / "in", "IBM.csv", *ROWS)
    write(folder, "KO.csv", *ROWS[:2], header=HEADER)
    said: list[str] = []
    with connect("desk_loader", desk) as connection:
        load_files(connection, lambda newest: find_files(folder), "one", progress=said.append)
    assert [line.rsplit(",", 1)[0] for line in said] == [
        "1 of 2 files, 3 bars read",
        "2 of 2 files, 5 bars read",
    ]
