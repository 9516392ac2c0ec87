"""The schema comes up from nothing, and a second start changes nothing."""

import dataclasses

import pytest
import rows
from psycopg import errors

from trading_ops.db import cluster as embedded
from trading_ops.db.connect import connect
from trading_ops.db.migrate import migrate


def test_migrating_twice_changes_nothing(desk):
    """A restart runs the migrations again; it must be a no-op."""
    migrate(desk)
    with connect("desk_planner", desk) as connection:
        row = connection.execute("select count(*) as n from desk.required_checks").fetchone()
    assert row["n"] == 31


def test_an_older_ranking_keeps_its_place_under_the_method_of_its_run(cluster):
    """Rows that cannot be changed get their method from the run they belong to, and stay unchangeable."""
    older = dataclasses.replace(cluster, db_name="desk_older")
    embedded.create_database(older, older.db_name)
    try:
        migrate(older, "0008")
        for attempt, method in enumerate(("static_list", "momentum_12_1"), start=1):
            run_id = rows.add_plan_run(older, attempt=attempt, signal_method=method)
            with connect("desk_planner", older) as connection:
                connection.execute(
                    "insert into desk.signals_ranked (run_id, internal_symbol, signal_rank, score)"
                    " values (%s, 'ALDR', 1, 0.5)",
                    (run_id,),
                )
        migrate(older)
        with rows.superuser(older) as connection:
            found = connection.execute(
                "select signal.method, run.signal_method, signal.signal_rank from desk.signals_ranked as signal"
                " inner join desk.runs as run using (run_id) order by 1"
            ).fetchall()
            with pytest.raises(errors.IntegrityConstraintViolation, match="append-only"):
                connection.execute("update desk.signals_ranked set signal_rank = 2")
        assert [tuple(row.values()) for row in found] == [
            ("momentum_12_1", "momentum_12_1", 1), ("static_list", "static_list", 1),
        ]  # fmt: skip
    finally:
        embedded.drop_database(older, older.db_name)
