"""The desk's own comparison of a snapshot with the books says what dbt's drift says, row by row."""

from datetime import UTC, datetime
from decimal import Decimal

from tests.database.rows import superuser
from tests.dbt import small_desk
from tests.dbt.small_desk import LATER_RUN_ID, PORTFOLIO, RUN_ID
from tests.dbt.test_drawdown_review import book
from trading_ops.db.connect import connect
from trading_ops.ledger.holdings import OpeningPosition
from trading_ops.ledger.opening import record_opening

OPENED_AT = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)
# Held: within the tolerance, beyond it, no longer shown, and one that the universe does not have.
HELD = {"ALDR": "10", "BRCH": "4", "LONG": "2.5", "GONE": "3"}
# Shown under a symbol, in two rows of one stock, under a name that two share, and one nobody has.
SHOWN = {"aldr": "10.01", " Brch": "1", "BRCH": "2.9", "Duo": "1", "Nobody & Sons": "0.5", "GONE": "3"}
NAMED = (("LONG", "LONG", "Long Name"), ("DUOA", "DUOA", "Duo"), ("DUOB", "DUOB", "Duo"))


WIDE = "f" * 64
WIDER = """
insert into desk.universe_versions (universe_hash) values (%(wide)s);
insert into desk.config_universe
select %(wide)s, 'GONE', 'GONE', null, null, 'Gone', 'USD', 'stock', false, true, true;
insert into desk.config_universe
select (jsonb_populate_record(universe, jsonb_build_object('universe_hash', %(wide)s::text))).*
from desk.config_universe as universe where universe_hash <> %(wide)s;
select desk.activate_universe(%(wide)s);
"""
BY_DBT = """
select subject, is_known, snapshot_value as shown, ledger_value as booked, tolerance_value as tolerance,
    is_within_tolerance as is_clear
from marts.drift
"""
BY_THE_DESK = """
select subject, is_known, shown_value as shown, booked_value as booked, tolerance_value as tolerance,
    is_known and abs(shown_value - booked_value) <= tolerance_value as is_clear
from desk.runs as run
cross join lateral desk.snapshot_compared(
    (select max(snapshot_id) from desk.broker_snapshots), run.frozen_at, run.policy_hash, run.universe_hash
)
where run_id = %(run_id)s
"""
OBJECTED = """
select found.check_name, found.objection
from desk.runs as run
cross join lateral desk.snapshot_objections(
    (select max(snapshot_id) from desk.broker_snapshots), run.frozen_at, run.policy_hash, run.universe_hash
) as found
where run_id = %(run_id)s
"""


def test_the_page_and_the_gate_compare_alike(desk, tmp_path):
    """Every subject, figure, tolerance and verdict, and the objections are made of the same rows."""
    small_desk.fill(desk)
    with connect("desk_planner", desk) as connection:
        for names in NAMED:
            connection.execute(
                "insert into desk.config_universe select universe_hash, %s, %s, null, null, %s, 'USD', 'stock',"
                " false, true, true from desk.universe_versions",
                names,
            )
    with superuser(desk) as connection:
        for statement in WIDER.strip().removesuffix(";").split(";\n"):
            connection.execute(statement, {"wide": WIDE})
    with connect("desk_planner", desk) as connection:
        holdings = [OpeningPosition(symbol, Decimal(units), Decimal(1)) for symbol, units in HELD.items()]
        record_opening(connection, PORTFOLIO, "operator", Decimal(0), holdings, OPENED_AT)
    book(
        desk, "record_snapshot", "shown", source="form", cash_gbp="990.00", taken_at="2026-06-13 08:00:00+00",
        positions=[{"broker_symbol": name, "units": units} for name, units in SHOWN.items()],
    )  # fmt: skip
    [run] = small_desk.rows(desk, "select * from desk.runs where run_id = %s", RUN_ID)
    small_desk.add_run(desk, LATER_RUN_ID, run["data_snapshot_id"], run["policy_hash"], run["universe_hash"])
    done = small_desk.run_dbt(desk, tmp_path, "run", "--select", "+drift", run_id=LATER_RUN_ID)
    assert done.returncode == 0, done.stdout[-3000:]
    with superuser(desk) as connection:
        by_dbt = {row["subject"]: row for row in connection.execute(BY_DBT)}
        by_the_desk = {
            row["subject"]: row for row in connection.execute(BY_THE_DESK, {"run_id": LATER_RUN_ID})
        }
        objected = {
            row["check_name"]: row["objection"]
            for row in connection.execute(OBJECTED, {"run_id": LATER_RUN_ID})
        }
    assert by_the_desk == by_dbt
    assert {subject: (row["is_known"], row["is_clear"]) for subject, row in by_dbt.items()} == {
        "CASH": (True, False),
        "ALDR": (True, True),
        "BRCH": (True, False),
        "LONG": (True, False),
        "GONE": (False, False),
        "Duo": (False, False),
        "Nobody & Sons": (False, False),
    }
    assert objected == {
        "cash_matches": "the books and the broker differ by -10.00 GBP",
        "positions_match": "4 positions differ between the books and the broker",
    }
