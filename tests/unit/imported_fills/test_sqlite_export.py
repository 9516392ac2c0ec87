"""SQLite of every version: scaled as it was declared, and refused where a figure was cut to nothing."""

import os
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from tests.unit.imported_fills.exported import BROUGHT_OVER, FLOAT, write_sqlite
from trading_ops.imported_fills.exports import open_export
from trading_ops.imported_fills.fill import FillsError
from trading_ops.imported_fills.summary import summary_text

# What 19048.66 times 0.001 is as whole millionths.
MILLIONTHS = {"price": 19_048_660_000, "amount": 1_000}


@pytest.fixture
def path(tmp_path):
    """Where a file is written."""
    return tmp_path / "conf.sqlite"


def read(path):
    """Return the fills of a file."""
    return list(open_export(path).fills())


def test_millionths_are_what_they_were_scaled_from(path):
    """Two BIGINT columns of 2022: 19048660000 is 19048.66, never 19 billion."""
    [fill] = read(write_sqlite(path, MILLIONTHS))
    assert (fill.price, fill.amount, fill.kept_as) == (Decimal("19048.66"), Decimal("0.001"), "millionths")


@pytest.mark.parametrize("figure", ["price", "amount"])
def test_a_figure_that_was_cut_to_zero_is_lost_and_not_nothing(path, figure):
    """2.98E-8 stands there as 0: nothing of the file is taken, and the cure is named."""
    rows = [
        MILLIONTHS,
        MILLIONTHS | {figure: 0, "exchange_trade_id": "2"},
        MILLIONTHS | {figure: 0, "exchange_trade_id": "3"},
    ]
    with pytest.raises(
        FillsError,
        match=rf"row 2, field {figure}: the {figure} of 2 of 3 fills was lost, first of 'EDG-BTC'.*CSV",
    ):
        read(write_sqlite(path, *rows))


def test_a_figure_of_few_millionths_is_pointed_at(path):
    """12 of them may be 12.99: a twelfth is not known. 1,000 are within a thousandth."""
    write_sqlite(path, MILLIONTHS, MILLIONTHS | {"price": 12, "exchange_trade_id": "2"})
    assert [fill.is_coarse for fill in read(path)] == [False, True]
    text = summary_text(open_export(path).fills())
    assert "cut off after six decimals" in text
    assert "1 fills may have lost more than a thousandth, or a digit:\n  row 2: 0.001000 at 0.000012" in text


def test_a_file_brought_over_from_before_holds_millionths_in_a_float_column(path):
    """By its declaration an amount would be a million times too large; the number added to its id goes."""
    [fill] = read(write_sqlite(path, MILLIONTHS | {"exchange_trade_id": "77_12"}, declared=BROUGHT_OVER))
    assert (fill.price, fill.amount, fill.exchange_trade_id) == (Decimal("19048.66"), Decimal("0.001"), "77")


def test_two_trades_of_a_file_brought_over_are_not_made_one(path):
    """Only the number told them apart, so it is left to a person."""
    rows = [MILLIONTHS | {"exchange_trade_id": f"77_{number}"} for number in (1, 2)]
    with pytest.raises(
        FillsError, match="row 2: trade 77 of order o1 on binance stands there twice: import the CSV"
    ):
        read(write_sqlite(path, *rows, declared=BROUGHT_OVER))


def test_a_float_is_the_number_it_prints(path):
    """Of a version before: exact to fifteen digits, pointed at beyond."""
    rows = [
        {"price": 2.98e-8, "amount": 0.1},
        {"price": 0.1 + 0.2, "amount": 1.0, "exchange_trade_id": "2"},
    ]
    small, long = read(write_sqlite(path, *rows, declared=FLOAT))
    assert (small.price, small.amount, small.is_coarse) == (Decimal("2.98E-8"), Decimal("0.1"), False)
    assert long.is_coarse and long.kept_as == "double"


@pytest.mark.parametrize("column", ["leverage", "position"])
def test_an_early_version_knows_no_derivatives(path, column):
    """Their columns came later."""
    assert len(read(write_sqlite(path, MILLIONTHS, without=column))) == 1


@pytest.mark.parametrize(
    ("row", "options", "says"),
    [
        ({"price": float("inf")}, {}, "row 1, field price: inf is no whole number"),
        ({"price": 1.5}, {}, "field price: 1.5 is no whole number of millionths"),
        ({"amount": "x"}, {}, "field amount: 'x' is no whole number"),
        ({"amount": -1000}, {}, "field amount: '-0.001000' is not above zero"),
        ({"price": float("inf")}, {"declared": FLOAT}, "field price: 'inf' is no number"),
        ({"price": 0.0}, {"declared": FLOAT}, "field price: '0.0' is not above zero"),
        ({"trade_fee": None}, {}, "field trade_fee: "),
        ({"timestamp": "soon"}, {}, "field timestamp: 'soon' is no instant"),
        ({}, {"without": "trade_fee"}, "the table TradeFill has no trade_fee"),
        ({}, {"declared": ("TEXT", "TEXT")}, "price is declared 'TEXT'"),
        ({}, {"declared": ("FLOAT", "BIGINT")}, "how they are scaled is not known"),
    ],
)
def test_what_stands_there_and_cannot_be_is_refused(path, row, options, says):
    """SQLite lets anything into any column."""
    with pytest.raises(FillsError, match=says):
        read(write_sqlite(path, MILLIONTHS | row, **options))


def test_a_file_that_is_not_whole_is_refused(path):
    """Cut, damaged inside, of another program, or with trades in a journal beside it."""
    write_sqlite(path, *(MILLIONTHS | {"exchange_trade_id": str(number)} for number in range(300)))
    whole = path.read_bytes()
    for length in (50, 4096, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(FillsError, match="the file is cut"):
            read(path)
    path.write_bytes(whole[:4096] + os.urandom(4096) + whole[8192:])
    with pytest.raises(FillsError, match="copy it again"):
        read(path)
    path.write_bytes(whole[:36] + (5).to_bytes(4, "big") + whole[40:])
    with pytest.raises(FillsError, match="the file is damaged .*; copy it again"):
        read(path)
    path.write_bytes(whole[:16] + bytes(4000))
    with pytest.raises(FillsError, match="SQLite cannot read it: .*; copy it again"):
        read(path)
    path.write_bytes(whole)
    journal = path.with_name("conf.sqlite-wal")
    journal.write_bytes(b"not yet")
    with pytest.raises(FillsError, match="conf.sqlite-wal beside it holds what is not in it yet"):
        read(path)
    journal.unlink()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("alter table TradeFill rename to Other")
    with pytest.raises(FillsError, match="no table TradeFill"):
        read(path)


def test_reading_changes_nothing(path):
    """Not a byte, and no file beside it."""
    before = write_sqlite(path, MILLIONTHS).read_bytes()
    path.chmod(0o400)
    read(path)
    assert path.read_bytes() == before and list(path.parent.iterdir()) == [path]


def test_the_real_files_tell_of_the_same_fills(real_files):
    """38 fills in both kinds, equal to the last digit; in the other file an order has up to four."""
    folder = real_files / "hummingbot_fills/slothkins_MyDS"
    csv, sqlite = (read(folder / name) for name in ("trades_conf_pure_mm_1.csv", "conf_pure_mm_1.sqlite"))
    assert len(csv) == len(sqlite) == 38
    told = [{fill.key: fill.as_request() | {"kept_as": ""} for fill in each} for each in (csv, sqlite)]
    assert told[0] == told[1]
    many = read(folder / "trades_conf_avellaneda_market_making_1.csv")
    assert len(many) == 3814 and len({fill.order_id for fill in many}) == 3635
