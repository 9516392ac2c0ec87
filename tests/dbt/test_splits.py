"""Splits of holdings on the real build: what prices believe moves units, what they do not is asked about."""

from datetime import UTC, date, datetime
from decimal import Decimal

from tests.database import rows
from tests.dbt import small_desk
from tests.dbt.small_desk import LATER_RUN_ID, PORTFOLIO, SESSIONS
from trading_ops.db.connect import connect, queries
from trading_ops.ledger.holdings import OpeningPosition
from trading_ops.ledger.opening import record_opening
from trading_ops.ledger.splits import believe_splits

HELD = (OpeningPosition("ALDR", Decimal(10), Decimal(700)), OpeningPosition("BRCH", Decimal(57), Decimal(90)))


def begin(desk) -> None:
    """A book that holds ten ALDR and 57 BRCH since Wednesday morning."""
    small_desk.fill(desk, days=SESSIONS[:2])
    with connect("desk_planner", desk) as connection:
        connection.execute("select desk.activate_universe(universe_hash) from desk.universe_versions")
        opened_at = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)
        record_opening(connection, PORTFOLIO, "operator", Decimal(0), HELD, opened_at)


def load(desk, closes: dict[str, list], splits: dict[str, tuple[date, str]], basis: str) -> int:
    """Load each symbol's newest closes as a vendor of a basis writes them, and the splits it reports."""
    load_id = small_desk.add_bars(desk, [("SIMX", SESSIONS[2], 401)])
    with connect("desk_loader", desk) as connection:
        for symbol, prices in closes.items():
            for day, close in zip(SESSIONS[-len(prices) :], prices, strict=True):
                connection.execute(
                    "insert into raw.eod_bars values (%(load)s, 'simulated', %(symbol)s, %(day)s, %(basis)s, %(close)s,"
                    " %(close)s, %(close)s, %(close)s, %(adjusted)s, 1000)",
                    {"load": load_id, "symbol": symbol, "day": day, "basis": basis, "close": close,
                     "adjusted": close if basis == "split_adjusted" else None},
                )  # fmt: skip
            connection.execute(
                "insert into raw.load_results (load_id, source, vendor_symbol, outcome, rows_new_count,"
                " first_written_date) values (%s, 'simulated', %s, 'restated', %s, %s)",
                (load_id, symbol, len(prices), SESSIONS[-len(prices)]),
            )
        for symbol, (ex_date, ratio) in splits.items():
            connection.execute(
                "insert into raw.corporate_actions (load_id, source, vendor_symbol, ex_date, kind, value)"
                " values (%s, 'simulated', %s, %s, 'split', %s)",
                (load_id, symbol, ex_date, ratio),
            )
    return load_id


def said(desk, target, run_id: str, load_id: int) -> tuple[list[str], dict[str, Decimal]]:
    """Freeze, build and believe as the daily run does; return what it told and what is held after it."""
    small_desk.add_run_of_everything(desk, run_id, load_id)
    done = small_desk.run_dbt(desk, target, "build", "--selector", "prices", run_id=run_id)
    assert done.returncode == 0, done.stdout[-3000:]
    with connect("desk_reader", desk) as reader:
        found = list(queries.ledger.splits_found(reader, run_id=run_id))
    with connect("desk_planner", desk) as connection:
        told = believe_splits(connection, found, run_id)
    held = small_desk.rows(desk, "select internal_symbol, units from desk.positions_now where units <> 0")
    return told, {row["internal_symbol"]: row["units"] for row in held}


def test_a_vendor_s_word_is_believed_as_far_as_the_price_follows_it(desk, tmp_path):
    """BRCH went to twelve times its price; ALDR fell as a spin-off told as 1.253 says; then both change."""
    begin(desk)
    prices = {"ALDR": ["80.6"], "BRCH": [600]}
    splits = {"ALDR": (SESSIONS[2], "1.253"), "BRCH": (SESSIONS[2], "0.083333")}
    told, held = said(desk, tmp_path, LATER_RUN_ID, load(desk, prices, splits, "raw"))
    assert told == [
        "doubted: ALDR on 2026-06-12 (no company announces 1.253 new shares for an old one)",
        "believed: BRCH 1:12 on 2026-06-12 (simulated reports it, and the price went from 50 to 600)",
    ]
    assert held == {"ALDR": 10, "BRCH": Decimal("4.75")}
    [incident] = small_desk.rows(desk, "select dedupe_key from desk.incidents where code = 'SPLIT_DOUBTED'")
    assert incident["dedupe_key"] == "SPLIT_DOUBTED:demo:ALDR:2026-06-12"

    # The vendor takes one back and moves the other, whose price had followed on the day before.
    splits = {"ALDR": (SESSIONS[2], "1"), "BRCH": (SESSIONS[2], "1")}
    rows.set_clock(desk, datetime(2026, 6, 13, 9, 30, tzinfo=UTC))
    later = load(desk, {"BRCH": [600, 600]}, splits, "raw")
    with connect("desk_loader", desk) as connection:
        connection.execute(
            "insert into raw.corporate_actions values (%s, 'simulated', 'BRCH', %s, 'split', 0.083333)",
            (later, SESSIONS[1]),
        )
    told, held = said(desk, tmp_path, "20260613-100000Z-git0000001", later)
    assert [line.partition(" (")[0] for line in told] == [
        "withdrawn: ALDR on 2026-06-12",
        "believed: BRCH 1:12 on 2026-06-11",
        "withdrawn: BRCH 1:12 on 2026-06-12",
    ]
    assert held == {"ALDR": 10, "BRCH": Decimal("4.75")}


def test_a_vendor_that_adjusts_is_held_to_what_it_wrote_before(desk, tmp_path):
    """ALDR halved and its history is restated; BRCH did nothing, and its vendor restates nothing either."""
    begin(desk)
    first = {"ALDR": [100, 101], "BRCH": [50, 50]}
    with connect("desk_loader", desk) as connection:
        load_id = rows.insert_load(connection, "adjusting", 4)
        for symbol, closes in first.items():
            for day, close in zip(SESSIONS[:2], closes, strict=True):
                connection.execute(
                    "insert into raw.eod_bars values (%(load)s, 'simulated', %(symbol)s, %(day)s, 'split_adjusted',"
                    " %(close)s, %(close)s, %(close)s, %(close)s, %(close)s, 1000)",
                    {"load": load_id, "symbol": symbol, "day": day, "close": close},
                )
    halved = {"ALDR": ["50", "50.5", "50.1"], "BRCH": ["50", "50", "49.6"]}
    splits = {"ALDR": (SESSIONS[2], "2"), "BRCH": (SESSIONS[2], "2")}
    told, held = said(desk, tmp_path, LATER_RUN_ID, load(desk, halved, splits, "split_adjusted"))
    assert told == [
        "believed: ALDR 2:1 on 2026-06-12 (simulated reports it, and the price went from 101 to 50.1)",
        "doubted: BRCH 2:1 on 2026-06-12 (the price went from 50 to 49.6)",
    ]
    assert held == {"ALDR": 20, "BRCH": 57}
