"""Another executor's fills in the database: apart from every book, each once, whichever files bring it."""

import json
import random
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from tests.conftest import at_a_shell
from tests.database import rows
from tests.database.refused import refused_by
from tests.unit.imported_fills.exported import BROUGHT_OVER, FLOAT, write_csv, write_sqlite
from trading_ops.cli.main import main
from trading_ops.db.connect import connect, queries
from trading_ops.imported_fills.exports import open_export
from trading_ops.imported_fills.fill import FillsError
from trading_ops.imported_fills.stored import import_fills

FEE = "{'fee_type': 'DeductedFromReturns', 'percent': '0.001', 'percent_token': %s, 'flat_fees': [{'token': 'BNB', 'amount': '1E-8'}]}"
STORED = "select market, order_id, exchange_trade_id, price, amount, kept_as, fees from desk.imported_fills order by 1, 2, 3, 6"


@pytest.fixture
def saturday(desk):
    """The desk on a Saturday in June 2026, with a book of its own."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    rows.add_portfolio(desk)
    return desk


def take(desk, path: Path, portfolio_id: str = "maker", person: str = "operator") -> tuple[int, int]:
    """Import a file as the command line does."""
    with connect("desk_planner", desk) as connection:
        return import_fills(connection, portfolio_id, person, open_export(path))


def select(desk, query: str) -> list[tuple]:
    """Return the rows of a query as tuples."""
    with connect("desk_planner", desk) as connection:
        return [tuple(row.values()) for row in connection.execute(query).fetchall()]


def balances(desk, portfolio_id: str = "maker") -> dict[str, tuple]:
    """Return what a portfolio's fills added up to, by asset, with the notes on it."""
    found = select(desk, f"select * from desk.imported_balances where portfolio_id = '{portfolio_id}'")
    return {asset: (balance, *notes) for _, asset, balance, *notes in found}


def test_what_each_fill_and_fee_moved_adds_up_per_asset(saturday, tmp_path):
    """A fee in an asset that was traded is known by price and amount; one in a third is counted."""
    bought = {"price": "2.98E-8", "amount": "1500", "trade_fee": FEE % None}
    sold = {
        "exchange_trade_id": "2",
        "trade_type": "SELL",
        "price": "3E-8",
        "amount": "500",
        "trade_fee": FEE % "'BNB'",
    }
    assert take(saturday, write_csv(tmp_path / "t.csv", bought, sold)) == (2, 2)
    assert balances(saturday) == {
        "EDG": (Decimal("998.5"), 0, 0),
        "BTC": (Decimal("-0.0000447") + Decimal("0.000015"), 0, 0),
        "BNB": (Decimal("-0.00000002"), 1, 0),
    }  # fmt: skip


def test_no_book_of_the_desk_knows_of_them(saturday, tmp_path):
    """No entry, no cash, nothing to reconcile; and no book of the desk takes them in."""
    path = write_csv(tmp_path / "t.csv", {})
    take(saturday, path)
    assert select(saturday, "select * from desk.entries") == []
    assert select(saturday, "select kind from desk.portfolios where portfolio_id = 'maker'") == [
        ("imported",)
    ]
    with refused_by("imported_apart"):
        take(saturday, path, rows.PORTFOLIO)


def test_any_order_and_overlap_of_files_gives_the_same_rows(saturday, tmp_path):
    """Four CSVs that share fills, and a SQLite file that cut their last digits, in twenty orders."""
    fills = [
        {"order_id": f"o{n // 3}", "exchange_trade_id": str(n), "price": "0.0000051", "amount": f"{n + 1}.0000012"}
        for n in range(9)
    ]  # fmt: skip
    cut = [fill | {"price": 5, "amount": (n + 1) * 1_000_000 + 1} for n, fill in enumerate(fills)]
    files = [
        write_csv(tmp_path / f"{first}.csv", *reversed(fills[first:last]))
        for first, last in [(0, 5), (3, 9), (8, 9), (1, 8)]
    ]
    files.append(write_sqlite(tmp_path / "conf.sqlite", *cut[2:]))
    found = set()
    for number in range(20):
        order = random.Random(number).sample(files, len(files))
        for path in [*order, order[0]]:
            take(saturday, path, f"maker_{number}")
        mine = STORED.replace("order by", f"where portfolio_id = 'maker_{number}' order by")
        found.add(str(select(saturday, mine)))
        assert balances(saturday, f"maker_{number}")["EDG"] == (Decimal("45.0000108"), 0, 0)
    [rows_kept] = found
    assert rows_kept.count("'text'") == 9 and rows_kept.count("'millionths'") == 7


def test_where_only_cut_figures_are_known_it_is_said(saturday, tmp_path):
    """The balance counts them until a file with every digit comes."""
    fill = {"price": 19_048_660_000, "amount": 1_000}
    take(saturday, write_sqlite(tmp_path / "conf.sqlite", fill))
    assert balances(saturday)["EDG"] == (Decimal("0.001"), 0, 1)
    take(saturday, write_csv(tmp_path / "t.csv", {"price": "19048.6600009", "amount": "0.00100000"}))
    assert balances(saturday)["BTC"] == (Decimal("-19.0486600009"), 0, 0)


def test_a_float_and_the_digits_it_stands_for_are_one_fill(saturday, tmp_path):
    """2.98E-8 of a version before 2022, and 0.1 beside the eighteen decimals a token may have."""
    take(saturday, write_sqlite(tmp_path / "old.sqlite", {"price": 2.98e-8, "amount": 0.1}, declared=FLOAT))
    assert balances(saturday)["EDG"] == (Decimal("0.1"), 0, 1)
    take(saturday, write_csv(tmp_path / "t.csv", {"amount": "0.100000000000000001"}))
    assert balances(saturday)["EDG"] == (Decimal("0.100000000000000001"), 0, 0)
    other = write_sqlite(
        tmp_path / "other.sqlite", {"price": 2.98e-8, "amount": 0.10000000000001}, declared=FLOAT
    )
    with pytest.raises(psycopg.errors.UniqueViolation, match="another amount"):
        take(saturday, other)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"price": "2.99E-8"}, "another price: BUY 1500 at 0.0000000298 on 2022-09-25"),
        ({"amount": "1500.000000000000000001"}, "another amount"),
        ({"trade_type": "SELL"}, "another side"),
        ({"timestamp": "1664101285001"}, "another time"),
        ({"base_asset": "ETH"}, "another pair"),
        ({"trade_fee": FEE % None}, "other fees"),
    ],
)
def test_the_same_fill_with_other_figures_is_refused_by_name(saturday, tmp_path, changed, says):
    """Nothing of that file is kept, whatever stands before it."""
    take(saturday, write_csv(tmp_path / "t.csv", {}))
    other = write_csv(tmp_path / "other.csv", {"exchange_trade_id": "0"}, changed)
    with pytest.raises(psycopg.errors.UniqueViolation, match=f"trade 1 of order o1 on binance .*{says}"):
        take(saturday, other)
    assert (
        len(select(saturday, STORED)) == 1 and len(select(saturday, "select * from desk.fill_imports")) == 1
    )


def test_a_trade_under_two_names_is_not_counted_twice(saturday, tmp_path):
    """An exchange's own `77_12` of a CSV is taken for a numbered 77 where a SQLite file was brought over."""
    fill = {"price": "5", "amount": "1", "exchange_trade_id": "77_12"}
    csv = write_csv(tmp_path / "t.csv", fill, fill | {"exchange_trade_id": "77_13"})
    take(saturday, csv)
    scaled = fill | {"price": 5_000_000, "amount": 1_000_000}
    brought_over = write_sqlite(tmp_path / "conf.sqlite", scaled, declared=BROUGHT_OVER)
    with pytest.raises(
        psycopg.errors.UniqueViolation, match="trade 77 of order o1 .* is trade 77_1[23] again"
    ):
        take(saturday, brought_over)
    take(saturday, brought_over, "other")
    with pytest.raises(psycopg.errors.UniqueViolation, match="trade 77_12 of order o1 .* is trade 77 again"):
        take(saturday, csv, "other")
    later = write_csv(tmp_path / "later.csv", fill | {"timestamp": "1664101285001"})
    assert take(saturday, later, "other") == (1, 1)


def test_a_cut_figure_of_another_price_is_no_cut_of_it(saturday, tmp_path):
    """One millionth is what may be missing, and no more."""
    take(saturday, write_csv(tmp_path / "t.csv", {"price": "5.0000021", "amount": "1"}))
    with pytest.raises(psycopg.errors.UniqueViolation, match="another price"):
        take(saturday, write_sqlite(tmp_path / "conf.sqlite", {"price": 5_000_000, "amount": 1_000_000}))


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"price": "NaN"}, "figure_check"),
        ({"amount": "Infinity"}, "figure_check"),
        ({"amount": "-1"}, "imported_fills_amount_check"),
        ({"price": "0"}, "imported_fills_price_check"),
        ({"side": "HOLD"}, "imported_fills_side_check"),
        ({"fees": [{"asset": "BNB", "amount": "NaN", "ratio": None}]}, "figure_check"),
        ({"executed_at": "2026-07-01T00:00:00Z"}, "executed_in_time"),
        ({"executed_at": "infinity"}, "executed_in_time"),
        ({"base_asset": "BTC"}, "imported_fills_check"),
    ],
)
def test_what_no_trade_can_be_is_refused_by_postgres_as_well(saturday, tmp_path, changed, refused):
    """Whoever calls the function, with whatever parser."""
    [fill] = open_export(write_csv(tmp_path / "t.csv", {})).fills()
    request = {
        "portfolio_id": "maker", "person": "operator", "source": "hummingbot_csv", "file_name": "t.csv",
        "file_sha256": "0" * 64, "idempotency_key": "k", "fills": [fill.as_request() | changed],
    }  # fmt: skip
    with connect("desk_planner", saturday) as connection, refused_by(refused):
        queries.imported_fills.record_fills(connection, request=json.dumps(request))


def test_only_an_operator_takes_fills_in_and_it_is_written(saturday, tmp_path):
    """The log has who, which file and how many were new; the same file again adds nothing to it."""
    path = write_csv(tmp_path / "t.csv", {}, {"exchange_trade_id": "2"})
    with refused_by("operator_imports"):
        take(saturday, path, person="executor")
    assert [take(saturday, path) for _ in range(2)] == [(2, 2), (2, 0)]
    with connect("desk_reader", saturday) as connection:
        found = connection.execute(
            "select person, detail from desk.audit_log where action = 'record_fills'"
        ).fetchall()
    assert [(row["person"], row["detail"]["new_count"]) for row in found] == [("operator", 2)]


def test_an_export_of_many_parts_comes_whole_or_not_at_all(saturday, tmp_path):
    """12,001 fills in three parts; with a mistake in the last row none of them."""
    fills = [{"exchange_trade_id": str(number)} for number in range(12_001)]
    wrong = write_csv(tmp_path / "wrong.csv", *fills[:-1], fills[-1] | {"price": "NaN"})
    with pytest.raises(FillsError, match="line 12002, field price"):
        take(saturday, wrong)
    assert select(saturday, STORED) == []
    assert take(saturday, write_csv(tmp_path / "t.csv", *fills)) == (12_001, 12_001)


def test_the_real_files_are_taken_in_at_a_shell(saturday, monkeypatch, real_files, capsys):
    """Looked at first; a CSV and the SQLite file of the same trades are 38 fills; the list adds them up."""
    at_a_shell(monkeypatch, saturday)
    folder = real_files / "hummingbot_fills/slothkins_MyDS"
    names = (
        "conf_pure_mm_1.sqlite",
        "trades_conf_pure_mm_1.csv",
        "trades_conf_avellaneda_market_making_1.csv",
    )
    for name in names:
        assert main(["fills", "check", str(folder / name)]) == 0
    said = capsys.readouterr().out
    assert "3814 fills of 3635 orders, 2022-09-25 21:48 UTC to 2022-09-26 11:39 UTC" in said
    for name in names:
        assert (
            main(["fills", "import", str(folder / name), "--portfolio", "maker", "--person", "operator"]) == 0
        )
    said = capsys.readouterr().out
    assert "38 fills, 38 of them new in maker" in said and "38 fills, 0 of them new in maker" in said
    assert main(["fills", "list"]) == 0
    said = capsys.readouterr().out
    assert "maker: 3852 fills of 3673 orders on binance" in said
    assert main(["fills", "check", str(folder)]) == 1
    assert "no file" in capsys.readouterr().err
