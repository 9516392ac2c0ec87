"""The schema comes up from nothing, and a second start changes nothing."""

import dataclasses

import pytest
from psycopg import errors

from tests.database import rows
from trading_ops.db.connect import connect, queries
from trading_ops.db.migrate import migrate
from trading_ops_stack import postgres as embedded


def test_migrating_twice_changes_nothing(desk):
    """A restart runs the migrations again; it must be a no-op."""
    migrate(desk)
    with connect("desk_planner", desk) as connection:
        row = connection.execute("select count(*) as n from desk.required_checks").fetchone()
    assert row["n"] == 37


@pytest.fixture
def before_adoption(monkeypatch):
    """The way a policy was stored before 0022, for a database of before it."""

    def add_policy(desk) -> str:
        with connect("desk_planner", desk) as connection:
            connection.execute(
                "insert into desk.config_policy (policy_hash, body) values (repeat('c', 64), '{}') on conflict do nothing"
            )
        return "c" * 64

    monkeypatch.setattr(rows, "add_policy", add_policy)


def test_an_older_ranking_keeps_its_place_under_the_method_of_its_run(cluster, before_adoption):
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
            ("momentum_12_1", "momentum_12_1", 1),
            ("static_list", "static_list", 1),
        ]
    finally:
        embedded.drop_database(older, older.db_name)


_MODEL = """
insert into desk.model_registry (model_version, run_id, as_of_date, train_start_date, train_end_date,
    valid_start_date, valid_end_date, test_start_date, test_end_date, label, horizon_sessions, features, features_hash,
    params, seed, versions, git_commit, dataset_sha256, workflow_sha256, metrics, backtest_metrics)
values (%(version)s, %(training)s, '2026-06-12', '2020-01-02', '2022-12-30', '2023-02-01', '2023-12-29', '2024-02-01',
    '2026-06-12', 'l', 5, '[]', encode(sha256('[]'), 'hex'), '{}', 7, '{}', 'c', %(version)s, %(version)s, '{}', '{}')
"""
_SCORES = """
insert into desk.signals_ranked (run_id, method, internal_symbol, signal_rank, score, ts, horizon_sessions, side, prob, ev,
    model_version, config_hash)
values (%(plan)s, 'qlib', 'ALDR', 1, 1, desk.now(), 5, 'LONG', 0.5, 0, %(version)s, %(version)s)
"""


def test_scores_of_a_model_that_was_only_watched_stay_under_qlib(cluster, before_adoption):
    """From before a run had a column for it: beside momentum, in a run whose one model it was."""
    older, version = dataclasses.replace(cluster, db_name="desk_older"), "a" * 64
    embedded.create_database(older, older.db_name)
    try:
        migrate(older, "0009")
        training = rows.add_run(older, kind="training")
        with connect("desk_planner", older) as connection:
            connection.execute(_MODEL, {"version": version, "training": training})
        plan = rows.add_plan_run(older, model_version=version)
        with connect("desk_planner", older) as connection:
            connection.execute(_SCORES, {"version": version, "plan": plan})
        migrate(older)
        with connect("desk_planner", older) as connection:
            (row,) = connection.execute("select * from desk.signals_ranked").fetchall()
            assert queries.models.scored_weeks(connection, portfolio_id="demo", model_version=version) == 1
        assert (row["method"], row["traded_model_version"]) == ("qlib", version)
        assert row["shadow_model_version"] is None
    finally:
        embedded.drop_database(older, older.db_name)
