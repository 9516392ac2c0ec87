"""A bar saved while its session was on counts as missing until its next version comes."""

from dataclasses import replace
from datetime import date

from tests.dbt import price_accuracy, small_desk

INTRADAY = {date(2026, 5, 5): ("EEM", "IWM", "QQQ", "SPY", "TLT"), date(2022, 4, 8): ("AAPL",)}


def newest(desk) -> dict[str, tuple[date, bool]]:
    """Return the newest bar of each symbol and whether it counts as unfinished."""
    found = small_desk.rows(
        desk,
        "select distinct on (internal_symbol) internal_symbol, session_date, is_unfinished"
        " from intermediate.int_market__bars order by internal_symbol, session_date desc",
    )
    return {row["internal_symbol"]: (row["session_date"], row["is_unfinished"]) for row in found}


def last_published(desk, symbol: str) -> date:
    """Return the newest published session of a symbol."""
    query = "select max(session_date) as day from marts.market_prices_eod where internal_symbol = %s"
    return small_desk.rows(desk, query, symbol)[0]["day"]


def test_real_files_saved_during_a_session_are_recognised(desk, real_files, tmp_path):
    """Six files of Stooq whose last row is unfinished; the one saved after the close is not."""
    desk = replace(desk, data=tmp_path)
    source = real_files / "stooq_csv_endpoint"
    for as_of, symbols in sorted(INTRADAY.items()):
        inbox = tmp_path / f"{as_of}"
        inbox.mkdir()
        for path in source.glob(f"{as_of}__*INTRADAY.csv"):
            (inbox / path.name).write_bytes(path.read_bytes())
        price_accuracy.publish(desk, tmp_path / "dbt", inbox, as_of, symbols, "stooq")
        assert newest(desk) == {symbol: (as_of, True) for symbol in symbols}
        assert all(last_published(desk, symbol) < as_of for symbol in symbols)
        coverage = small_desk.rows(desk, "select covered_count from marts.price_coverage")
        assert coverage == [{"covered_count": 0}]

    # The next download has the whole of that session, and the rest up to 26 June.
    later = tmp_path / "later"
    later.mkdir()
    name = "2026-06-26__aapl_us_d.csv"
    (later / name).write_bytes((source / name).read_bytes())
    price_accuracy.publish(desk, tmp_path / "dbt", later, date(2026, 6, 26), ("AAPL",), "stooq")
    assert newest(desk) == {"AAPL": (date(2026, 6, 26), False)}
    published = small_desk.rows(
        desk, "select 1 from marts.market_prices_eod where session_date = %s", date(2022, 4, 8)
    )
    assert len(published) == 1
