"""A vendor that rewrites its history leaves no false return in ours, in whichever order its files come."""

from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.database.bar_folders import ROWS, STOOQ_HEADER, counts, load, stored, write
from trading_ops.bars.files import find_files
from trading_ops.bars.load import load_folder
from trading_ops.bars.prepare import prepare_files
from trading_ops.db.connect import connect
from trading_ops.exchange.sessions import sessions_between

RAW_HEADER = "timestamp,open,high,low,close,volume\n"
VISIBLE = """
    select distinct on (vendor_symbol, session_date) vendor_symbol, session_date, close_price, volume_units
    from raw.eod_bars order by vendor_symbol, session_date, load_id desc
"""
# The older and the newer download, and how many symbols the newer one rescales.
VINTAGES = {
    "stocks": ("stooq_bulk_vintages/dev_d_us_txt_2020-01-23.zip", "stooq_bulk_vintages/dev_d_us_txt_2024-10-29_nasdaq.zip", 37),
    "funds": ("stooq_bulk_vintages/dev_d_us_txt_2020-01-23.zip", "stooq_bulk_vintages/dev_d_us_txt_2024-06-21_etfs.zip", 17),
    "csv": (
        "stooq_csv_endpoint/2022-04-08__aapl_us_d__POLISH_HEADER_LAST_ROW_INTRADAY.csv",
        "stooq_csv_endpoint/2026-06-26__aapl_us_d.csv",
        1,
    ),
}  # fmt: skip


def visible(desk) -> dict[str, list[tuple]]:
    """Return the newest version of every bar, per symbol and oldest first."""
    series: dict[str, list[tuple]] = {}
    for symbol, *bar in stored(desk, VISIBLE):
        series.setdefault(symbol, []).append(tuple(bar))
    return series


def largest_return(bars: list[tuple]) -> Decimal:
    """Return the largest |return| between neighbouring closes."""
    closes = [close for _, close, _ in bars]
    return max(abs(now / before - 1) for before, now in zip(closes, closes[1:], strict=False))


def bars_of(path) -> dict[str, list[tuple]]:
    """Return the bars of a download, read without the database."""
    return {
        one.series[1]: [
            (day, Decimal(close), Decimal(volume))
            for day, close, volume in zip(
                one.parsed.dates.tolist(),
                one.parsed.bars["close_price"].to_pylist(),
                one.parsed.bars["volume_units"].to_pylist(),
                strict=True,
            )
        ]
        for one in prepare_files(find_files(path), 1, date(2026, 11, 1))
        if one.parsed is not None
    }


@pytest.mark.parametrize("order", ["older first", "newer first"])
@pytest.mark.parametrize("name", VINTAGES)
def test_two_downloads_leave_the_newer_one_whole(desk, real_files, name, order):
    """Bar by bar, a symbol of the newer download reads as if the older one had never been there."""
    older, newer, rescaled_count = VINTAGES[name]
    paths = [real_files / older, real_files / newer]
    with connect("desk_loader", desk) as connection:
        reports = [
            load_folder(connection, path, path.name)
            for path in (paths if order == "older first" else paths[::-1])
        ]
    expected, found = bars_of(paths[1]), visible(desk)
    # HTZ went bankrupt and came back under the same symbol: no bar in common, so no scale in common.
    reused = {"HTZ"} & expected.keys()
    assert len(expected) >= 1
    for symbol in expected.keys() - reused:
        assert found[symbol] == expected[symbol], symbol
        assert largest_return(found[symbol]) == largest_return(expected[symbol])
    if reused:
        result = next(one for one in reports[1].results if one.vendor_symbol == "HTZ")
        assert result.outcome == "needs_history"
    outcomes = Counter(one.outcome for one in reports[1].results)
    assert outcomes["restated"] == (rescaled_count if order == "older first" else 0)
    assert reports[1].rows_changed == 0 or order == "older first"


def test_the_unfinished_bar_of_a_real_download_is_superseded(desk, real_files):
    """AAPL on 8 April 2022 was saved with 30 % of its volume; the later file has the close of the day."""
    older, newer, _ = VINTAGES["csv"]
    with connect("desk_loader", desk) as connection:
        for path in (older, newer):
            load_folder(connection, real_files / path, path)
    versions = "select close_price::text, round(volume_units) from raw.eod_bars where session_date = '2022-04-08' order by load_id"
    assert stored(desk, versions) == [("170.993", 27254335), ("166.65", 78155456)]
    assert stored(desk, "select kind, round(ratio, 4), first_date, last_date from raw.restatements") == [
        ("rescaled", Decimal("0.9798"), date(1984, 9, 7), date(2022, 4, 8))
    ]


SESSIONS = sessions_between(date(2024, 1, 2), date(2024, 3, 28))
# The price as it was traded, with moves of one to three per cent.
TRADED = 100 * np.cumprod(1 + 0.02 * np.sin(np.arange(len(SESSIONS)) * 1.7) + 0.003)
# Each download is a little longer than the one before and on a scale of its own.
DOWNLOADS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 39)).map(lambda one: (one[0], one[1] * (one[1] > 12))),
    min_size=2,
    max_size=6,
)
SCALES = [1.0, 0.99992, 0.99992 * 0.9975, 0.4999, 0.4999 * 0.985, 0.4999 * 0.985]
numbers = count()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOWNLOADS)
def test_no_order_of_downloads_ever_makes_a_seam(desk, tmp_path, downloads):
    """Old and new files, whole and cut: what is visible is the traded path times one constant."""
    number = next(numbers)
    name = f"{chr(65 + number // 26)}{chr(65 + number % 26)}X_us_d.csv"
    for place, (version, skipped) in enumerate(downloads):
        prices = (TRADED * SCALES[version]).round(4)
        rows = [
            f"{day},{price},{price},{price},{price},1000\n"
            for day, price in zip(SESSIONS, prices, strict=True)
        ][skipped : 40 + 3 * version]
        folder = write(tmp_path / f"{number}-{place}", name, *rows, header=STOOQ_HEADER)
        load(desk, folder, f"{number}-{place}")
    bars = visible(desk)[name.split("_")[0]]
    traded = [TRADED[SESSIONS.index(day)] for day, _, _ in bars]
    ratios = np.array([float(close) for _, close, _ in bars]) / traded
    assert np.abs(ratios / ratios[0] - 1).max() < 0.00001


def test_a_rescaled_file_without_a_stored_bar_needs_history(desk, tmp_path):
    """The bar the vendor no longer has would stay on the old scale, a spike in the middle."""
    folder = tmp_path / "in"
    rows = [f"{day},{60 + n},{60 + n},{60 + n},{60 + n},1000\n" for n, day in enumerate(SESSIONS[:9])]
    load(desk, write(folder, "ko_us_d.csv", *rows, header=STOOQ_HEADER), "one")
    halves = [
        f"{day},{30 + n / 2},{30 + n / 2},{30 + n / 2},{30 + n / 2},1000\n"
        for n, day in enumerate(SESSIONS[:9])
    ]
    del halves[4]
    report = load(desk, write(folder, "ko_us_d.csv", *halves, header=STOOQ_HEADER), "two")
    (result,) = report.results
    assert (result.outcome, str(SESSIONS[4]) in result.detail) == ("needs_history", True)
    assert stored(desk, "select count(*) from raw.eod_bars") == [(9,)]


def test_an_older_file_takes_no_split_back(desk, tmp_path):
    """The download before the vendor knew of the split must not say that nothing happened."""
    folder = tmp_path / "in"
    load(
        desk,
        write(folder, "IBM.csv", *ROWS, ROWS[2].replace("03-06", "03-07").replace("2.0\n", "1.0\n")),
        "one",
    )
    older = [*ROWS[:2], ROWS[2].replace("2.0\n", "1.0\n")]
    report = load(desk, write(folder, "IBM.csv", *older), "two")
    assert "older download" in report.refused[0].reason
    assert report.actions_new == 0
    load(desk, write(folder, "IBM.csv", *ROWS[:2]), "three")
    assert stored(desk, "select count(*) from raw.corporate_actions") == [(2,)]


def test_yahoos_noise_in_the_seventh_digit_is_no_change(desk, tmp_path):
    """Its adjusted close differs in every answer; a real dividend moves all of them by more."""
    header = "date,adj_close,close,high,low,open,volume\n"
    row = "2024-03-{:02},{},10,10,10,10,1000\n"
    folder = tmp_path / "in"
    for key, adj_closes, expected in (
        ("one", ("9.5000000", "9.60000"), (2, 0, 0)),
        ("two", ("9.5000038", "9.60000"), (0, 0, 2)),
        ("three", ("9.4525", "9.552"), (0, 2, 0)),
    ):
        rows = [row.format(day, value) for day, value in zip((4, 5), adj_closes, strict=True)]
        report = load(desk, write(folder, "KO.csv", *rows, header=header), key)
        assert counts(report) == expected
    assert report.results[0].outcome == "restated"


def test_swapped_symbols_are_refused(desk, tmp_path):
    """Two files under each other's names: no bar of either is stored, and both say why."""
    folder = tmp_path / "in"
    paths = {"AAA": TRADED, "BBB": 40 * np.cumprod(1 + 0.02 * np.cos(np.arange(len(SESSIONS)) * 2.3))}
    for header, form in ((STOOQ_HEADER, "{}_us_d.csv"), (RAW_HEADER, "daily_{}.csv")):
        for key, names in (("right", ("AAA", "BBB")), ("wrong", ("BBB", "AAA"))):
            for name, prices in zip(names, paths.values(), strict=True):
                rows = [
                    f"{day},{price:.4f},{price:.4f},{price:.4f},{price:.4f},1000\n"
                    for day, price in zip(SESSIONS[:30], prices, strict=False)
                ]
                write(folder, form.format(name), *rows, header=header)
            report = load(desk, folder, f"{key} {form}")
            for path in folder.iterdir():
                path.unlink()
        assert counts(report) == (0, 0, 0)
        assert [one.outcome for one in report.results] == ["refused", "refused"]
        assert all("another company" in refusal.reason for refusal in report.refused)


def test_the_same_series_under_many_symbols_is_refused_everywhere(desk, tmp_path):
    """
    505 files that hold one company's bars (seen in a public set): none of them is any company's history.
    """
    folder = tmp_path / "in"
    for n in range(505):
        letters = f"Q{chr(65 + n // 26)}{chr(65 + n % 26)}"
        write(folder, f"daily_adjusted_{letters}.csv", *ROWS)
    write(folder, "IBM.csv", *(row.replace(",1100,", ",1101,") for row in ROWS))
    report = load(desk, folder, "one")
    assert len(report.refused) == 505
    assert (report.symbols, counts(report)) == (("IBM",), (3, 0, 0))
    assert "the same bars as daily_adjusted_QAB.csv, daily_adjusted_QAC.csv" in report.refused[0].reason
    assert "and 501 more" in report.refused[0].reason
    assert stored(desk, "select outcome, count(*) from raw.load_results group by 1 order by 1") == [
        ("refused", 505),
        ("stored", 1),
    ]
    assert stored(desk, "select count(*) from raw.eod_bars") == [(3,)]


def test_copies_of_one_symbol_are_no_fault(desk, tmp_path):
    """The same file twice under one symbol is one file too many, not two companies in one."""
    folder = write(tmp_path / "in", "IBM.csv", *ROWS)
    write(folder, "daily_adjusted_IBM.csv", *ROWS)
    assert counts(load(desk, folder, "one")) == (3, 0, 3)
