"""Published prices of companies whose tickers changed hands, on Lean's real files."""

from datetime import date

from tests.database.lean_files import RENAMED_DATE, load_renamed
from tests.dbt import small_desk
from trading_ops.db.connect import connect

SPANS = """
    select internal_symbol, vendor_symbol, min(session_date) as first_date, max(session_date) as last_date
    from intermediate.int_market__bars group by 1, 2
"""


def test_no_two_companies_are_published_as_one(desk, real_files, tmp_path):
    """FB.csv becomes two instruments, FB and META one; the published history is as long and as unbroken."""
    run = load_renamed(desk, real_files, tmp_path / "inbox")
    built = small_desk.run_dbt(desk, tmp_path / "target", "build", "--selector", "prices", run_id=run.run_id)
    assert built.returncode == 0, built.stdout
    with connect("desk_reader", desk) as connection:
        spans = {
            (row["internal_symbol"], row["vendor_symbol"]): (row["first_date"], row["last_date"])
            for row in connection.execute(SPANS)
        }
        published = connection.execute(
            "select session_date, as_traded_close_usd as close_usd from marts.market_prices_eod"
            " where internal_symbol = 'META' order by 1"
        ).fetchall()
    assert spans["FBX", "FB"] == (date(1999, 9, 29), date(2003, 3, 28))
    assert spans["META", "FB"] == (date(2012, 5, 18), RENAMED_DATE)
    assert spans["META", "META"][0] == date(2022, 6, 9)
    assert spans["GOOGL", "GOOG"][1] < spans["GOOG", "GOOG"][0]
    assert published[0]["session_date"] == date(2012, 5, 18)
    closes = {row["session_date"]: row["close_usd"] for row in published}
    assert len(closes) == len(published) == 3548
    # A day's move across the rename is a day's move, not the distance of two price scales.
    assert abs(closes[date(2022, 6, 9)] / closes[RENAMED_DATE] - 1) < 0.1
