"""The registry: a model is its trees, its state is a person's decision, its scores are one run's."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import psycopg
import pyarrow as pa
import pytest
from psycopg import errors

from tests.database import rows
from tests.database.trained import CLOSE_AT, add_model, set_state, write_scores, write_training
from trading_ops.db.connect import connect
from trading_ops.models.registry import (
    TRADED,
    WATCHED,
    ModelError,
    model_of_run,
    register_model,
    store_scores,
)
from trading_ops.runs.run import load_run


@pytest.fixture
def saturday(desk):
    """The desk on the plan's Saturday morning."""
    rows.set_clock(desk, rows.SATURDAY_AT)
    return desk


def read(desk, query: str, *values) -> list[dict]:
    """Rows of a query as the reader."""
    with connect("desk_reader", desk) as connection:
        return connection.execute(query, values).fetchall()


def register(desk, run_id: str, *results) -> str:
    """Register what a run made, as the planner."""
    with connect("desk_planner", desk) as connection:
        return register_model(connection, run_id, *results, config=desk)


def store(desk, run_id: str, parquet, method: str = TRADED) -> int:
    """Store a file of scores for a run, as the planner."""
    with connect("desk_planner", desk) as connection:
        run = load_run(connection, run_id)
        model = model_of_run(connection, run, desk, method)
        return store_scores(connection, run_id, parquet, model)


def plan_with(desk, version: str, **columns) -> str:
    """A plan run frozen with a model."""
    return rows.add_plan_run(desk, model_version=version, signal_method="qlib", **columns)


# --- registration


def test_a_registered_model_tells_what_it_was_made_of(saturday):
    """
    Segments, features, parameters, seed, code, hashes and metrics are in the row, and it starts as CANDIDATE.
    """
    version = add_model(saturday)
    (model,) = read(saturday, "select * from desk.models")
    assert (model["model_version"], model["state"]) == (version, "CANDIDATE")
    assert (str(model["train_start_date"]), str(model["test_end_date"])) == ("2016-01-04", "2026-06-12")
    assert (model["features"], model["features_count"], model["seed"]) == (["KMID", "KLEN"], 2, 7)
    assert model["params"]["num_leaves"] == 64
    assert model["metrics"] == {"test": {"rank_ic": 0.03}}
    assert model["backtest_metrics"]["sharpe"] == 0.8
    assert model["git_commit"].startswith("0123456")


def test_the_training_result_is_kept_whole_under_the_models_version(saturday):
    """It is the input of every later score, wherever the run's own folder goes."""
    version = add_model(saturday)
    kept = saturday.data / "qlib/models" / version
    assert sorted(path.name for path in kept.iterdir()) == [
        "manifest.json",
        "metrics.json",
        "model.json",
        "model.txt",
        "workflow.yaml",
    ]
    assert [path.name for path in kept.parent.iterdir()] == [version]


def test_registering_twice_changes_nothing(saturday):
    """A repeated task finds what it did before."""
    run_id = rows.add_run(saturday, kind="training")
    results = write_training(saturday.data / "once", run_id)
    versions = {register(saturday, run_id, *results) for _ in range(2)}
    assert len(versions) == 1
    assert len(read(saturday, "select * from desk.model_states")) == 1


def test_the_same_trees_of_another_run_are_the_same_model(saturday):
    """A training that is repeated gives no second model and no second state."""
    assert add_model(saturday) == add_model(saturday, attempt=2)
    assert len(read(saturday, "select * from desk.model_states")) == 1


@pytest.mark.parametrize(
    ("described", "complaint"),
    [
        ({"model_sha256": "0" * 64}, "not the model its model.json names"),
        ({"as_of_date": "2026-06-11"}, "the model is of 2026-06-11, its run of 2026-06-12"),
        ({"segments": {}}, "does not describe its model"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(saturday, described, complaint):
    """Neither row nor folder is left behind."""
    run_id = rows.add_run(saturday, kind="training")
    results = write_training(saturday.data / "made", run_id, **described)
    with pytest.raises(ModelError, match=complaint):
        register(saturday, run_id, *results)
    assert read(saturday, "select * from desk.model_registry") == []
    assert not (saturday.data / "qlib").exists()


def test_a_result_of_another_run_is_refused(saturday):
    """A mixed-up folder would register a model under the wrong data."""
    run_id = rows.add_run(saturday, kind="training")
    results = write_training(saturday.data / "made", "20260101-000000Z-git0123456")
    with pytest.raises(ModelError, match="is a result of run 20260101"):
        register(saturday, run_id, *results)


def test_only_a_training_run_makes_a_model(saturday):
    """A plan ranks; it trains nothing."""
    run_id = rows.add_plan_run(saturday)
    with pytest.raises(ModelError, match="is a plan run"):
        register(saturday, run_id, *write_training(saturday.data / "made", run_id))


def test_a_run_that_made_one_model_makes_no_other(saturday):
    """The same run with other trees is not a repetition."""
    run_id = rows.add_run(saturday, kind="training")
    register(saturday, run_id, *write_training(saturday.data / "first", run_id))
    with pytest.raises(ModelError, match="made the model"):
        register(saturday, run_id, *write_training(saturday.data / "second", run_id, "tree 2"))


def test_segments_without_a_gap_are_refused_by_the_database(saturday):
    """A validation that starts on the last training session is made of prices the model saw."""
    run_id = rows.add_run(saturday, kind="training")
    made = write_training(saturday.data / "made", run_id)
    touching = (made[0] / "model.json").read_text().replace("2024-01-17", "2023-12-29")
    (made[0] / "model.json").write_text(touching)
    with pytest.raises(errors.CheckViolation, match="model_registry_check2"):
        register(saturday, run_id, *made)


# --- states


def test_a_model_goes_from_candidate_to_shadow_to_live_to_retired_and_back(saturday):
    """The one way there is; a retired model that was LIVE may come back."""
    version = add_model(saturday)
    set_state(saturday, version, "SHADOW", "LIVE", "RETIRED", "LIVE")
    (model,) = read(saturday, "select * from desk.models")
    assert (model["state"], model["state_person"]) == ("LIVE", "operator")


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ([], "LIVE"),
        ([], "CANDIDATE"),
        (["SHADOW"], "CANDIDATE"),
        (["SHADOW"], "SHADOW"),
        (["RETIRED"], "LIVE"),
        (["RETIRED"], "SHADOW"),
        (["SHADOW", "RETIRED"], "LIVE"),
        (["SHADOW", "LIVE"], "SHADOW"),
        (["SHADOW", "LIVE"], "LIVE"),
    ],
)
def test_every_other_step_is_refused_by_the_database(saturday, path, refused):
    """Whoever writes it: nothing becomes LIVE without its time in SHADOW."""
    version = add_model(saturday)
    set_state(saturday, version, *path)
    with pytest.raises(errors.IntegrityConstraintViolation, match="it cannot"):
        set_state(saturday, version, refused)


def test_a_second_live_model_is_refused_until_the_first_is_retired(saturday):
    """Two models that trade would be none that is responsible."""
    first, second = add_model(saturday), add_model(saturday, "tree 2", attempt=2)
    set_state(saturday, first, "SHADOW", "LIVE")
    set_state(saturday, second, "SHADOW")
    with pytest.raises(errors.IntegrityConstraintViolation, match="retire it first"):
        set_state(saturday, second, "LIVE")
    set_state(saturday, first, "RETIRED")
    set_state(saturday, second, "LIVE")
    assert read(saturday, "select * from inv.i9_one_live_model") == []


def test_a_promotion_waits_for_the_one_under_way_and_then_sees_it(saturday):
    """Two at once would each find no LIVE model; the second is refused once the first has committed."""
    first, second = add_model(saturday), add_model(saturday, "tree 2", attempt=2)
    for version in (first, second):
        set_state(saturday, version, "SHADOW")
    with connect("desk_planner", saturday) as connection, ThreadPoolExecutor(1) as pool:
        connection.execute(
            "select desk.record_model_state(%s, 'LIVE', 'operator', 'because', '{\"weeks\": 4}')",
            (first,),
        )
        waiting = pool.submit(set_state, saturday, second, "LIVE")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        connection.commit()
        with pytest.raises(errors.IntegrityConstraintViolation, match="retire it first"):
            waiting.result(timeout=20)


def test_live_needs_evidence_and_every_state_a_person_and_a_reason(saturday):
    """A decision nobody made or nobody can explain is none."""
    version = add_model(saturday)
    set_state(saturday, version, "SHADOW")
    with pytest.raises(errors.CheckViolation, match="model_states_check"):
        set_state(saturday, version, "LIVE", evidence="{}")
    for column in ("person", "reason"):
        values = {"person": "operator", "reason": "because"} | {column: " "}
        with (
            connect("desk_planner", saturday) as connection,
            pytest.raises(errors.CheckViolation, match=f"model_states_{column}_check"),
        ):
            connection.execute(
                "select desk.record_model_state(%s, 'RETIRED', %s, %s, '{}')",
                (version, *values.values()),
            )


def test_a_state_cannot_be_dated_back(saturday):
    """Whether a model was LIVE when a run was frozen is read from this column."""
    version = add_model(saturday)
    with rows.superuser(saturday) as connection:
        connection.execute(
            "insert into desk.model_states (model_version, state, person, reason, created_at)"
            " values (%s, 'SHADOW', 'operator', 'because', '2020-01-01Z')",
            (version,),
        )
    times = {row["created_at"] for row in read(saturday, "select * from desk.model_states")}
    assert times == {rows.SATURDAY_AT}


def test_a_stricter_isolation_is_refused(saturday):
    """A transaction that cannot see what was committed meanwhile cannot know who is LIVE."""
    version = add_model(saturday)
    with connect("desk_planner", saturday) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(errors.IntegrityConstraintViolation, match="read committed"):
            connection.execute(
                "select desk.record_model_state(%s, 'SHADOW', 'operator', 'because', '{}')",
                (version,),
            )


# --- what a run may say


def test_a_run_knows_its_model_in_the_state_it_is_in_now(saturday):
    """A plan frozen without a model has none, and one that trades on a model watches no other by that."""
    version = add_model(saturday)
    run_id, without = plan_with(saturday, version), rows.add_plan_run(saturday, attempt=2)
    set_state(saturday, version, "SHADOW")
    with connect("desk_planner", saturday) as connection:
        model = model_of_run(connection, load_run(connection, run_id), saturday)
        assert model_of_run(connection, load_run(connection, without), saturday) is None
        assert model_of_run(connection, load_run(connection, run_id), saturday, WATCHED) is None
    assert (model.model_version, model.state) == (version, "SHADOW")
    assert (model.folder / "model.txt").read_text() == "tree 1"


def test_a_run_with_a_model_nobody_registered_is_refused_by_the_database(saturday):
    """A version is a name for trees that are kept, not a text."""
    with pytest.raises(errors.ForeignKeyViolation, match="runs_model_version_fkey"):
        plan_with(saturday, "c" * 64)


def test_scores_are_stored_as_they_were_written(saturday, tmp_path):
    """Rank, score and the whole forecast beside it; the decimal is the float's shortest text."""
    version = add_model(saturday)
    run_id = plan_with(saturday, version)
    assert store(saturday, run_id, write_scores(tmp_path / "s.parquet", version)) == 3
    stored = read(saturday, "select * from desk.signals_ranked order by signal_rank")
    assert [row["internal_symbol"] for row in stored] == ["ALDR", "BRCH", "CEDR"]
    best = stored[0]
    assert (best["method"], best["score"], best["ts"]) == ("qlib", Decimal("0.03"), CLOSE_AT)
    assert (best["side"], best["prob"], best["ev"]) == ("LONG", Decimal("0.55"), Decimal("0.003"))
    assert (best["horizon_sessions"], best["model_version"]) == (5, version)


def test_storing_the_same_scores_again_changes_nothing_and_other_ones_are_refused(saturday, tmp_path):
    """A repeated task is harmless; a second opinion of the same run is not."""
    version = add_model(saturday)
    run_id = plan_with(saturday, version)
    same, other = (
        write_scores(tmp_path / "same.parquet", version),
        write_scores(tmp_path / "other.parquet", version, {"BRCH": 0.5, "ALDR": 0.1}),
    )
    assert store(saturday, run_id, same) == store(saturday, run_id, same) == 3
    with pytest.raises(ModelError, match="other scores"):
        store(saturday, run_id, other)


NAN = float("nan")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"scores": {"ALDR": 0.1, "ZZZ": 0.0}}, "foreign symbol ZZZ"),
        ({"scores": {"ALDR": 0.1, rows.BENCHMARK: 0.0}}, "foreign symbol SIMX"),
        ({"scores": {"ALDR": 0.1, "BRCH": NAN}}, "score of BRCH is no finite number"),
        ({"prob": pa.array([0.5, None, 0.5], pa.float64())}, "prob of BRCH"),
        ({"ev": pa.array([0.1, float("inf"), 0.1])}, "ev of BRCH"),
        ({"internal_symbol": pa.array(["ALDR", "BRCH", "ALDR"])}, "a symbol twice"),
        ({"rank": pa.array([2, 1, 3], pa.int32())}, "ranks do not follow"),
        ({"as_of_date": rows.AS_OF_DATE.replace(day=11)}, "not of 2026-06-12"),
        ({"model_version": pa.array(["d" * 64] * 3)}, "of the model dddd"),
        ({"extra": pa.array([1, 2, 3])}, "has the columns"),
    ],
)
def test_scores_that_cannot_be_trusted_are_refused_whole(saturday, tmp_path, changes, complaint):
    """A foreign, doubled or missing value leaves no row of the file behind."""
    version = add_model(saturday)
    run_id = plan_with(saturday, version)
    parquet = write_scores(tmp_path / "s.parquet", version, **changes)
    with pytest.raises(ModelError, match=complaint):
        store(saturday, run_id, parquet)
    assert read(saturday, "select * from desk.signals_ranked") == []


def test_both_models_of_a_run_say_what_they_think_of_it(saturday, tmp_path):
    """What is traded on stands under qlib, what is watched under qlib_shadow, each under its own version."""
    live, successor = add_model(saturday), add_model(saturday, "tree 2", attempt=2)
    run_id = plan_with(saturday, live, shadow_model_version=successor)
    assert store(saturday, run_id, write_scores(tmp_path / "a.parquet", live)) == 3
    other = write_scores(tmp_path / "b.parquet", successor, {"CEDR": 0.3, "ALDR": 0.1})
    for _ in range(2):
        assert store(saturday, run_id, other, WATCHED) == 2
    stored = read(saturday, "select * from desk.signals_ranked order by method, signal_rank")
    assert [(row["method"], row["internal_symbol"], row["model_version"]) for row in stored] == [
        ("qlib", "ALDR", live),
        ("qlib", "BRCH", live),
        ("qlib", "CEDR", live),
        ("qlib_shadow", "CEDR", successor),
        ("qlib_shadow", "ALDR", successor),
    ]
    with pytest.raises(ModelError, match=f"of the model {successor}"):
        store(saturday, run_id, other, TRADED)


@pytest.mark.parametrize("states", [["SHADOW"], ["SHADOW", "LIVE"]])
def test_a_watched_model_needs_no_approval_beyond_its_state(saturday, tmp_path, states):
    """In SHADOW, or promoted since the freeze."""
    version = add_model(saturday)
    run_id = rows.add_plan_run(saturday, shadow_model_version=version)
    set_state(saturday, version, *states)
    assert store(saturday, run_id, write_scores(tmp_path / "s.parquet", version), WATCHED) == 3


def test_a_model_that_was_retired_after_the_freeze_is_watched_no_longer(saturday, tmp_path):
    """The reason is said, and no row is left; of a model that is traded on the gate says so instead."""
    version = add_model(saturday)
    run_id = rows.add_plan_run(saturday, shadow_model_version=version)
    traded = plan_with(saturday, version, attempt=2)
    set_state(saturday, version, "RETIRED")
    parquet = write_scores(tmp_path / "s.parquet", version)
    with pytest.raises(ModelError, match=f"model {version[:12]} was retired after run {run_id}"):
        store(saturday, run_id, parquet, WATCHED)
    assert read(saturday, "select * from desk.signals_ranked") == []
    assert store(saturday, traded, parquet) == 3


def test_a_plan_that_is_run_again_after_the_retirement_changes_nothing(saturday, tmp_path):
    """What was stored in time stays, and its task stays green."""
    version = add_model(saturday)
    run_id = rows.add_plan_run(saturday, shadow_model_version=version)
    parquet = write_scores(tmp_path / "s.parquet", version)
    store(saturday, run_id, parquet, WATCHED)
    set_state(saturday, version, "RETIRED")
    assert store(saturday, run_id, parquet, WATCHED) == 3


@pytest.mark.parametrize(("method", "whose"), [("qlib", "watched"), ("qlib_shadow", "traded")])
def test_scores_of_another_model_than_the_runs_are_refused_by_the_database_too(saturday, method, whose):
    """A foreign key per method holds a score's model to its run's: neither stands in the other's place."""
    models = {"traded": add_model(saturday), "watched": add_model(saturday, "tree 2", attempt=2)}
    run_id = plan_with(saturday, models["traded"], shadow_model_version=models["watched"])
    statement = (
        "insert into desk.signals_ranked (run_id, method, internal_symbol, signal_rank, score, ts, horizon_sessions,"
        " side, prob, ev, model_version, config_hash)"
        " values (%s, %s, 'ALDR', 1, 1, desk.now(), 5, 'LONG', 0.5, 0, %s, %s)"
    )
    other = {"watched": "traded", "traded": "shadow"}[whose]
    with (
        connect("desk_planner", saturday) as connection,
        pytest.raises(errors.ForeignKeyViolation, match=f"signals_ranked_run_id_{other}_model_version_fkey"),
    ):
        connection.execute(statement, (run_id, method, models[whose], "b" * 64))


def test_what_is_traded_on_is_not_watched_as_well(saturday):
    """It would be compared with itself."""
    version = add_model(saturday)
    with pytest.raises(errors.CheckViolation, match="runs_watch_another_model"):
        plan_with(saturday, version, shadow_model_version=version)


@pytest.mark.parametrize("method", [TRADED, WATCHED])
@pytest.mark.parametrize(
    "assignment",
    [
        "prob = null",
        "prob = 1.1",
        "side = 'SHORT'",
        "ev = 'NaN'",
        "score = 'Infinity'",
        "method = 'oracle'",
        "method = 'momentum_12_1'",
    ],
)
def test_half_a_forecast_is_refused_by_the_database(saturday, assignment, method):
    """Of a model everything is there and within its bounds, of another method nothing is."""
    version = add_model(saturday)
    column = {TRADED: "model_version", WATCHED: "shadow_model_version"}[method]
    run_id = rows.add_plan_run(saturday, **{column: version})
    row = {
        "run_id": f"'{run_id}'", "method": f"'{method}'", "internal_symbol": "'ALDR'", "signal_rank": "1", "score": "1",
        "ts": "desk.now()", "horizon_sessions": "5", "side": "'LONG'", "prob": "0.5", "ev": "0",
        "model_version": f"'{version}'", "config_hash": f"'{'b' * 64}'",
    }  # fmt: skip
    name, _, value = assignment.partition(" = ")
    with (
        connect("desk_planner", saturday) as connection,
        pytest.raises(
            errors.CheckViolation,
            match="signals_ranked_(by_model_is_whole|score_is_finite|(ev|prob|side)_check)|(figure|ratio)_check",
        ),
    ):
        connection.execute(
            f"insert into desk.signals_ranked ({', '.join(row)})"
            f" values ({', '.join((row | {name: value}).values())})"
        )


# --- the invariants


def test_i8_sees_a_trade_whose_model_was_not_live_when_its_run_was_frozen(saturday):
    """SHADOW then is not LIVE, and a promotion afterwards does not heal it."""
    version = add_model(saturday)
    set_state(saturday, version, "SHADOW")
    ticket_id = rows.add_trade_ticket(saturday, signal_method="qlib", model_version=version)
    rows.set_clock(saturday, rows.SATURDAY_AT.replace(hour=9))
    set_state(saturday, version, "LIVE")
    (seen,) = read(saturday, "select * from inv.i8_qlib_trade_had_live_model")
    assert (seen["ticket_id"], seen["model_version"]) == (ticket_id, version)


def test_i8_is_content_with_a_model_that_was_live_then_and_is_retired_since(saturday):
    """What counts is the day of the freeze."""
    version = add_model(saturday)
    set_state(saturday, version, "SHADOW", "LIVE")
    rows.add_trade_ticket(saturday, signal_method="qlib", model_version=version)
    rows.set_clock(saturday, rows.SATURDAY_AT.replace(hour=9))
    set_state(saturday, version, "RETIRED")
    assert read(saturday, "select * from inv.i8_qlib_trade_had_live_model") == []


def test_i8_does_not_take_the_watched_model_for_the_one_that_is_traded_on(saturday):
    """A TRADE by a model that no run was frozen to trade on is seen, whatever is LIVE beside it."""
    version = add_model(saturday)
    set_state(saturday, version, "SHADOW", "LIVE")
    ticket_id = rows.add_trade_ticket(saturday, signal_method="qlib", shadow_model_version=version)
    (seen,) = read(saturday, "select * from inv.i8_qlib_trade_had_live_model")
    assert (seen["ticket_id"], seen["model_version"]) == (ticket_id, None)


def test_i9_sees_two_live_models(saturday):
    """Only a superuser with the trigger off can write the second."""
    first, second = add_model(saturday), add_model(saturday, "tree 2", attempt=2)
    set_state(saturday, first, "SHADOW", "LIVE")
    with rows.superuser(saturday) as connection:
        connection.execute("alter table desk.model_states disable trigger check_model_state")
        connection.execute(
            "insert into desk.model_states (model_version, state, person, reason, evidence)"
            " values (%s, 'LIVE', 'nobody', 'by hand', '{\"a\": 1}')",
            (second,),
        )
    assert len(read(saturday, "select * from inv.i9_one_live_model")) == 2
