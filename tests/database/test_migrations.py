"""The schema comes up from nothing, and a second start changes nothing."""

from trading_ops.db.connect import connect
from trading_ops.db.migrate import migrate


def test_migrating_twice_changes_nothing(desk):
    """A restart runs the migrations again; it must be a no-op."""
    migrate(desk)
    with connect("desk_planner", desk) as connection:
        row = connection.execute("select count(*) as n from desk.required_checks").fetchone()
    assert row["n"] == 31
