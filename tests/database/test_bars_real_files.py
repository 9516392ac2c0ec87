"""
The files vendors really sent, loaded as they are.

Row counts are those of the files, less the rows named in `quarantined`. Prices are read back against
the text of the file, so not one digit may change on the way.
"""

import csv
import io
from decimal import Decimal

import pytest

from trading_ops.bars.ecb import load_ecb_rates
from trading_ops.bars.files import find_left_alone
from trading_ops.bars.load import load_folder
from trading_ops.db.connect import connect
from trading_ops.settings import PROJECT_ROOT
from trading_ops.universe.instruments import parse_universe

# folder or file -> source, basis, symbols, bars, actions, refused files, quarantined rows
# GILD begins with a flat row nobody traded at, the others with the price they were offered at.
SETS = {
    "av_sp500_daily_adjusted": ("alpha_vantage", "raw", 95, 481_350, 5_465, 0, 1),
    "av_raw_unadjusted_2025-09": ("alpha_vantage", "raw", 10, 60_436, 0, 0, 0),
    # The volatility index is computed on Memorial Day 2026 as well.
    "yahoo_split_adj_2026-06": ("yahoo", "split_adjusted", 26, 106_929, 1_517, 0, 1),
    # The older of two downloads of AAPL contradicts the newer one, which keeps its row of a hurricane day
    # out.
    "stooq_csv_endpoint": ("stooq", "fully_adjusted", 6, 38_680, 0, 1, 1),
    "stooq_bulk_vintages/dev_d_us_txt_2020-01-23.zip": ("stooq", "fully_adjusted", 80, 436_580, 0, 0, 25),
    "stooq_bulk_vintages/dev_d_us_txt_2024-06-21_etfs.zip": ("stooq", "fully_adjusted", 18, 85_871, 0, 0, 8),
    "stooq_bulk_vintages/dev_d_us_txt_2024-10-29_nasdaq.zip": (
        "stooq",
        "fully_adjusted",
        51,
        380_018,
        0,
        1,
        16,
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_a_real_set_loads_whole(desk, real_files, name):
    """Every file is recognised, every row is there, nothing is refused that should not be."""
    source, basis, symbol_count, bar_count, action_count, refused_count, quarantined_count = SETS[name]
    with connect("desk_loader", desk) as connection:
        report = load_folder(connection, real_files / name, name)
        again = load_folder(connection, real_files / name, f"{name} again")
    assert (report.rows_new, report.actions_new, len(report.symbols)) == (
        bar_count,
        action_count,
        symbol_count,
    )
    assert (len(report.refused), len(report.quarantined)) == (refused_count, quarantined_count), (
        report.refused
    )
    assert (again.rows_new, again.rows_changed, again.rows_unchanged, again.actions_new) == (
        0,
        0,
        bar_count,
        0,
    )
    with connect("desk_reader", desk) as connection:
        kinds = connection.execute("select distinct source, price_basis from raw.eod_bars").fetchall()
    assert [tuple(kind.values()) for kind in kinds] == [(source, basis)]


def test_every_digit_of_a_yahoo_file_reaches_the_database(desk, real_files):
    """Seventeen digits in, the same seventeen digits out."""
    path = real_files / "yahoo_split_adj_2026-06/data/stocks/AAPL.csv"
    with connect("desk_loader", desk) as connection:
        load_folder(connection, path, "one")
        stored = connection.execute(
            """
            select session_date::text as date, adj_close_price::text as adj_close, close_price::text as close,
                high_price::text as high, low_price::text as low, open_price::text as open, volume_units::text as volume
            from raw.eod_bars order by session_date
            """
        ).fetchall()
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert len(rows) == 4147
    assert stored == rows


def test_the_real_splits_are_there_with_the_vendors_ratio(desk, real_files):
    """AAPL's two, as each vendor writes them: 7.00000700001 for the one, 7.0 for the other."""
    with connect("desk_loader", desk) as connection:
        load_folder(
            connection, real_files / "av_sp500_daily_adjusted/daily_adjusted/DA-AAPL-T-2021-04-21.csv", "av"
        )
        load_folder(connection, real_files / "yahoo_split_adj_2026-06/data/splits/AAPL.csv", "yahoo")
        rows = connection.execute(
            """
            select source, ex_date::text, value from raw.corporate_actions
            where kind = 'split' and vendor_symbol = 'AAPL' and ex_date > '2010-01-01' order by source, ex_date
            """
        ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        ("alpha_vantage", "2014-06-09", Decimal("7.00000700001")),
        ("alpha_vantage", "2020-08-31", Decimal("4.0")),
        ("yahoo", "2014-06-09", Decimal("7.0")),
        ("yahoo", "2020-08-31", Decimal("4.0")),
    ]


@pytest.mark.parametrize(
    "folder", ["http_error_bodies", "yfinance_repair_fixtures", "hummingbot_fills", "etoro_statements"]
)
def test_what_is_no_file_of_bars_is_told_by_name(desk, real_files, folder):
    """Error bodies, other layouts, broker files: each refused or left alone, none crashing the load."""
    paperwork = {"README.txt", "LICENSE.txt"}
    expected = {path.name for path in (real_files / folder).rglob("*") if path.is_file()} - paperwork
    with connect("desk_loader", desk) as connection:
        report = load_folder(connection, real_files / folder, "one")
    told = [one.file for one in report.refused] + [one.name for one in find_left_alone(real_files / folder)]
    assert {name.split("/")[-1] for name in told} == expected and len(told) == len(expected)
    assert (report.rows_new, report.symbols) == (0, ())


def test_the_european_central_banks_rates_load_once(desk):
    """Seven thousand days of dollars per pound, none of them in the future."""
    with connect("desk_loader", desk) as connection:
        first, again = load_ecb_rates(connection, "one"), load_ecb_rates(connection, "two")
        row = connection.execute(
            "select rate from raw.fx_rates where source = 'ecb' and rate_date = '2021-04-20' and base_currency = 'GBP'"
        ).fetchone()
    assert first.rates_new > 7000
    assert (again.rates_new, first.rows_new) == (0, 0)
    assert row["rate"].quantize(Decimal("0.01")) == Decimal("1.40")


def test_the_committed_universe_knows_the_golden_symbols(real_files):
    """Stocks, funds and indices of the two sets the acceptance tests run on."""
    path = PROJECT_ROOT / "config/universe.csv"
    known = {entry.internal_symbol for entry in parse_universe(path.read_text(), path.name).entries}
    files = [
        *(real_files / "av_raw_unadjusted_2025-09").glob("*.csv"),
        *(real_files / "yahoo_split_adj_2026-06/data").glob("*/*.csv"),
    ]
    assert len(files) > 40
    assert {path.stem for path in files} <= known
