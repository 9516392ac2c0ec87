"""A CSV of another executor's trades: every digit, known by its columns' names, or refused in a sentence."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.imported_fills.exported import FEE, ROW, csv_text, write_csv
from trading_ops.imported_fills.csv_export import fills_of_csv
from trading_ops.imported_fills.exports import open_export
from trading_ops.imported_fills.fees import Fee
from trading_ops.imported_fills.figures import plain, signed_figure
from trading_ops.imported_fills.fill import COLUMNS, FillsError

# A row whose last cell is its fee, in an opened quote.
LAST = {name: ROW[name] for name in COLUMNS} | {"trade_fee": '"'}


def read(*rows: dict[str, str]):
    """Return the fills of a CSV with these rows."""
    return list(fills_of_csv(csv_text(*rows).splitlines(keepends=True), "trades.csv"))


def test_a_price_in_scientific_notation_keeps_every_digit():
    """2.98E-8 is what a coin of a hundredth of a satoshi costs, and 0 is not."""
    [fill] = read({})
    assert (fill.price, fill.amount, fill.kept_as) == (Decimal("0.0000000298"), Decimal(1500), "text")
    assert fill.executed_at == datetime(2022, 9, 25, 10, 21, 25, tzinfo=UTC)
    assert fill.as_request()["price"] == "0.0000000298" and not fill.is_coarse


@given(st.decimals("1e-29", "9e17", allow_nan=False, allow_infinity=False, places=None), st.booleans())
def test_any_number_written_either_way_is_the_same_number(figure, is_scientific):
    """With or without exponent, and however many zeros end it."""
    text = f"{figure:E}" if is_scientific else f"{figure:f}"
    if len(text) < 60:
        assert signed_figure(text) == figure and Decimal(plain(signed_figure(text))) == figure


def test_columns_are_known_by_their_names(tmp_path):
    """In any order, in capitals, with blanks, after a byte order mark, beside columns of later versions."""
    row = dict(sorted(ROW.items(), reverse=True)) | {"trade_fee_in_quote": "0"}
    lines = csv_text({}).splitlines(keepends=True)
    [fill] = fills_of_csv(lines, "t")
    header = ",".join(name.upper().replace("_", " ") for name in row)
    cells = ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row.values())
    path = tmp_path / "t.csv"
    path.write_text(f"\ufeff{header}\n\n{cells}\n")
    [found] = open_export(path).fills()
    assert (found.key, found.as_request()) == (fill.key, fill.as_request())


@pytest.mark.parametrize(
    ("told", "side", "fees"),
    [
        ("{'fee_type': 'DeductedFromReturns', 'percent': '0', 'percent_token': 'BNB', 'flat_fees': [{'token': 'BNB', 'amount': '0E-8'}]}", "BUY", ()),
        ("{'fee_type': 'DeductedFromReturns', 'percent': '0.001', 'percent_token': None, 'flat_fees': []}", "BUY", (Fee("EDG", ratio=Decimal("0.001")),)),
        ("{'fee_type': 'DeductedFromReturns', 'percent': '0.001', 'percent_token': None, 'flat_fees': []}", "SELL", (Fee("BTC", ratio=Decimal("0.001")),)),
        ("{'fee_type': 'AddedToCost', 'percent': '0.001', 'percent_token': None, 'flat_fees': []}", "BUY", (Fee("BTC", ratio=Decimal("0.001")),)),
        ("{'fee_type': 'AddedToCost', 'percent': '0.001', 'percent_token': 'BNB', 'flat_fees': []}", "BUY", (Fee("BNB", ratio=Decimal("0.001")),)),
        ('{"fee_type": "AddedToCost", "percent": 0.1, "percent_token": null, "flat_fees": [{"token": "ETH", "amount": 1.25E-7}]}', "BUY", (Fee("BTC", ratio=Decimal("0.1")), Fee("ETH", Decimal("1.25E-7")))),
        ("{'percent': 0.00100000000000000002, 'flat_fees': [('BNB', Decimal('0.5')), ['USDT', -0.01]]}", "SELL", (Fee(None, ratio=Decimal("0.00100000000000000002")), Fee("BNB", Decimal("0.5")), Fee("USDT", Decimal("-0.01")))),
    ],
)  # fmt: skip
def test_a_fee_is_an_amount_or_a_ratio_of_an_asset(told, side, fees):
    """As JSON or as Python prints it, digit by digit, and a rebate; its asset where that is told."""
    [fill] = read({"trade_fee": told, "trade_type": side})
    assert fill.fees == fees


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        *(({field: text}, f"{field}: '{text}' is no number") for field in ("price", "amount") for text in ("NaN", "Infinity", "1,5", "")),
        ({"amount": "-0.003"}, "amount: '-0.003' is not above zero"),
        ({"price": "0E-8"}, "price: '0E-8' is not above zero"),
        ({"price": "1e99"}, "price: '1e99' is beyond what is traded"),
        ({"trade_type": "RANGE"}, "trade_type: 'RANGE' is neither BUY nor SELL"),
        ({"timestamp": "1664101285"}, "'1664101285' looks like seconds"),
        ({"timestamp": "9999999999999999"}, "are no time between 2009 and 2100"),
        ({"timestamp": "1664101285000000"}, "looks like microseconds"),
        ({"timestamp": "2022-09-25 10:21"}, "is no instant: milliseconds since 1970"),
        ({"timestamp": "1.6641E+12"}, "is no instant"),
        ({"exchange_trade_id": "1.87664E+09"}, "was rewritten by a spreadsheet"),
        ({"exchange_trade_id": ""}, "exchange_trade_id: '' is no name"),
        ({"base_asset": "=cmd()"}, "is no asset such as BTC"),
        ({"leverage": "20"}, "leverage: '20' is of a derivative"),
        ({"position": "OPEN"}, "position: 'OPEN' is of a derivative"),
        ({"trade_fee": "{" * 20_000}, "20000 characters are no fee"),
        *(({"trade_fee": fee}, "trade_fee: ") for fee in ("", "1", "{'percent': 'NaN'}", '{"percent": NaN}', "{'percent': __import__('os')}", "{" * 5000, "{'flat_fees': [1]}", "{'flat_fees': 1}")),
    ],
)  # fmt: skip
def test_a_cell_that_is_not_what_it_should_be_refuses_the_file(changed, says):
    """By file, line and field; the rows before it count for nothing."""
    with pytest.raises(FillsError, match=f"^trades.csv, line 3, field .*({says})"):
        read({}, {"exchange_trade_id": "2"} | changed)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (csv_text({}).partition("\n")[0].encode(), "no fill in it"),
        (csv_text({}).replace("trade_fee", "fee").encode(), "trade_fee missing"),
        (b"a;b;c\n1;2;3\n", "exchange_trade_id, base_asset"),
        (b"<html>error</html>\n", "not the trades Hummingbot exports"),
        (csv_text({}).replace("price", "amount", 1).encode(), "price missing"),
        (csv_text({}).replace("strategy", "price", 1).encode(), "line 1: price twice"),
        (csv_text({}).encode()[:-40], "line 2: "),
        ((csv_text({}) + "1,2\n").encode(), "line 3: 2 cells, and the header has 17"),
        # Cut after the last cell, of which only the closing quote is missing.
        (
            (",".join(LAST) + "\n" + ",".join(LAST.values()) + "{}").encode(),
            "line 2: unexpected end of data; is the file cut?",
        ),
        (b"PK\x03\x04 a workbook", "neither text nor SQLite"),
        (csv_text({}).encode("utf-16"), "neither text nor SQLite"),
        (csv_text({"strategy": "caf\u00e9"}).encode("latin-1"), "no UTF-8 text"),
    ],
)
def test_a_file_of_another_kind_is_refused_by_its_content(tmp_path, content, says):
    """Whatever its name: empty, a page, a workbook, cut in its last line, another's columns."""
    path = tmp_path / "trades.csv"
    path.write_bytes(content)
    with pytest.raises(FillsError, match=says):
        list(open_export(path).fills())


def test_no_file_a_folder_and_a_file_of_more_than_a_gigabyte_are_refused(tmp_path):
    """The last without reading it."""
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as opened:
        opened.truncate(1_000_000_001)
    for path, says in ((tmp_path, "no file"), (tmp_path / "none", "No such file"), (huge, "are more than")):
        with pytest.raises(FillsError, match=says):
            open_export(path)


def test_a_row_that_stands_there_twice_is_one_fill_and_with_other_figures_none(tmp_path):
    """Files that overlap are put together by hand; nothing says which of two prices is right."""
    same = write_csv(tmp_path / "same.csv", {}, {"amount": "1500"}, {"exchange_trade_id": "2"})
    assert len(list(open_export(same).fills())) == 2
    other = write_csv(tmp_path / "other.csv", {}, {"amount": "1501"})
    with pytest.raises(
        FillsError, match="line 3: trade 1 of order o1 on binance stands there twice, with other figures"
    ):
        list(open_export(other).fills())


def test_an_order_may_have_several_fills():
    """Each with its own trade id."""
    fills = read({}, {"exchange_trade_id": "2", "trade_fee": FEE}, {"exchange_trade_id": "3"})
    assert len({fill.key for fill in fills}) == 3 and len({fill.order_id for fill in fills}) == 1
