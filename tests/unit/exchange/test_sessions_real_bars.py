"""The calendar against the days on which shares really traded, 1998 to 2026."""

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from trading_ops.exchange import sessions


def yahoo_days(file: Path) -> set[date]:
    """The dates of a comma-separated file with a header."""
    return {
        date.fromisoformat(line.split(",")[0]) for line in file.read_text(encoding="utf-8").splitlines()[1:]
    }


def lean_days(file: Path) -> set[date]:
    """The dates of a zipped file without a header, written as 20260612 00:00."""
    with zipfile.ZipFile(file) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    return {datetime.strptime(line[:8], "%Y%m%d").date() for line in text.splitlines()}


@pytest.mark.parametrize(
    ("name", "read", "first_date", "last_date"),
    [
        ("lean_equity_daily/Data/equity/usa/daily/spy.zip", lean_days, "1998-01-02", "2021-03-31"),
        ("lean_equity_daily/Data/equity/usa/daily/aapl.zip", lean_days, "1998-01-02", "2021-03-31"),
        ("av_raw_unadjusted_2025-09/AAPL.csv", yahoo_days, "1999-11-01", "2025-09-05"),
        ("yahoo_split_adj_2026-06/data/etfs/SPY.csv", yahoo_days, "2010-01-04", "2026-06-30"),
        ("yahoo_split_adj_2026-06/data/stocks/AAPL.csv", yahoo_days, "2010-01-04", "2026-06-30"),
    ],
)
def test_shares_traded_on_every_session_and_on_no_other_day(real_files, name, read, first_date, last_date):
    """Both ways: a session without a bar would block for nothing, a bar without a session be lost."""
    traded = read(real_files / name)
    assert (str(min(traded)), str(max(traded))) == (first_date, last_date)
    known = set(sessions.sessions_between(min(traded), max(traded)))
    assert traded - known == set()
    assert known - traded == set()


def test_an_index_level_on_a_holiday_is_no_session(real_files):
    """Yahoo has a VIX value of Memorial Day 2026, when nothing traded."""
    days = yahoo_days(real_files / "yahoo_split_adj_2026-06/data/indices/VIX.csv")
    known = sessions.sessions_between(min(days), max(days))
    assert days - set(known) == {date(2026, 5, 25)}
