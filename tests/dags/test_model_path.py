"""
A model's whole way, through the tasks of the two DAGs: published prices, dataset, training, backtest,
registry, scores of a plan.

Twelve years of twenty companies, so that the windows of the real training fit.
"""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from psycopg.types.json import Jsonb

from tests.conftest import environment_of, missing
from tests.database.published_prices import BENCHMARK, LAST, freeze_run, publish, universe_of
from tests.docker.conftest import base_image, engine, runner_image  # noqa: F401  (fixtures)
from trading_ops.db.connect import connect, queries
from trading_ops.settings import PROJECT_ROOT, settings
from trading_ops_airflow import model_tasks, qlib_step

pytestmark = pytest.mark.slow
SYMBOLS = [f"S{number:02d}" for number in range(20)]


@pytest.fixture
def room(desk, monkeypatch):
    """A desk whose tasks run in this process, with the model's environment beside it."""
    if not (PROJECT_ROOT / ".venv-qlib/bin/python").exists():
        missing("no Qlib environment: make setup-qlib")
    for name, text in environment_of(desk).items():
        monkeypatch.setenv(name, text)
    server = f"{desk.db_host}:{desk.db_port}/{desk.db_name}"
    monkeypatch.setenv(
        "AIRFLOW_CONN_DESK_PLANNER", f"postgresql://desk_planner@{server}?cursor=dictcursor"
    )
    settings.cache_clear()
    yield desk
    settings.cache_clear()


def frozen(desk, kind: str, sessions_count: int = 2700, key: str = "") -> str:
    """Freeze a run and publish its prices."""
    run_id = freeze_run(desk, universe_of(SYMBOLS), key=key, kind=kind)
    publish(desk, run_id, [*SYMBOLS, BENCHMARK], sessions_count)
    return run_id


def called(task, *arguments):
    """Call a task's function as Airflow does."""
    return task.function(*arguments)


def made(factory, run_id: str) -> str:
    """Run the task of one of the runner's commands and return the folder of its result."""
    return factory(run_id).execute({})


def stored_scores(desk, run_id: str) -> list[dict]:
    """Return what the desk knows of a run's scores, best first."""
    with connect("desk_reader", desk) as connection:
        return connection.execute(
            "select * from desk.signals_ranked where run_id = %s and method = 'qlib' order by signal_rank",
            (run_id,),
        ).fetchall()


def test_a_model_is_trained_registered_and_ranks_a_plan(room):
    """What the plan stores is what the model said, of every symbol and once, however often a task runs."""
    training = frozen(room, "training")
    called(model_tasks.export_dataset, training)
    made(qlib_step.make_dataset, training)
    trained, backtested = made(qlib_step.train_model, training), made(qlib_step.backtest_model, training)  # fmt: skip
    figures = called(model_tasks.rehearse_policy, training, trained, backtested)
    assert figures["policy_weeks_count"] > 40 and figures["policy_orders_count"] > 15
    version = called(model_tasks.register_model, training, trained, backtested, figures)
    assert called(model_tasks.register_model, training, trained, backtested, figures) == version
    with connect("desk_reader", room) as connection:
        known = queries.model_by_version(connection, model_version=version)["backtest_metrics"]
    assert known["policy_cagr"] == figures["policy_cagr"] and known["cagr"] != known["policy_cagr"]

    # A candidate ranks nothing.
    candidate_plan = frozen(room, "plan", key="candidate")
    with pytest.raises(AirflowSkipException, match="no model is LIVE or in SHADOW"):
        called(model_tasks.export_dataset, candidate_plan)
    made(qlib_step.score_momentum, candidate_plan)

    with connect("desk_planner", room) as connection:
        queries.insert_model_state(
            connection, model_version=version, state="SHADOW", person="test", reason="test", evidence=Jsonb({}),
        )  # fmt: skip
    # The training's own files are not needed for a score.
    shutil.rmtree(room.run_folder(training))
    plan = frozen(room, "plan", key="shadow")
    with pytest.raises(AirflowSkipException, match="the run has a model"):
        made(qlib_step.score_momentum, plan)
    for _ in range(2):
        called(model_tasks.export_dataset, plan)
        made(qlib_step.make_dataset, plan)
        scored = made(qlib_step.score_model, plan)
        assert called(model_tasks.store_scores, plan, scored) == len(SYMBOLS)
    rows = stored_scores(room, plan)
    said = pq.read_table(f"{scored}/signals_ranked.parquet").to_pylist()
    assert [row["internal_symbol"] for row in rows] == [row["internal_symbol"] for row in said]
    assert sorted(row["internal_symbol"] for row in rows) == SYMBOLS
    assert [float(row["score"]) for row in rows] == [row["score"] for row in said]
    assert {row["model_version"] for row in rows} == {version}
    assert {row["ts"].isoformat() for row in rows} == {f"{LAST}T20:00:00+00:00"}


def test_a_container_makes_the_same_bytes(room, monkeypatch, runner_image):  # noqa: F811
    """By the image's digest, through the same task; only the runtime is another."""
    training = frozen(room, "training", sessions_count=300)
    called(model_tasks.export_dataset, training)
    result = Path(made(qlib_step.make_dataset, training))
    by_process = json.loads((result / "manifest.json").read_text())
    shutil.rmtree(result)
    monkeypatch.setenv("TRADING_OPS_QLIB_RUNTIME", "docker")
    monkeypatch.setenv("TRADING_OPS_QLIB_IMAGE", runner_image)
    settings.cache_clear()
    assert Path(made(qlib_step.make_dataset, training)) == result
    assert json.loads((result / "manifest.json").read_text()) == by_process


def test_too_little_history_is_refused_in_words(room):
    """A young desk cannot train; the task says how much is needed."""
    training = frozen(room, "training", sessions_count=300)
    called(model_tasks.export_dataset, training)
    made(qlib_step.make_dataset, training)
    with pytest.raises(AirflowFailException, match="the windows need 2542 sessions; the dataset has 300"):  # fmt: skip
        made(qlib_step.train_model, training)


def test_an_export_of_prices_that_were_replaced_is_refused(room):
    """Another run built its prices in between."""
    training = frozen(room, "training", sessions_count=300)
    publish(room, freeze_run(room, universe_of(SYMBOLS)), SYMBOLS, 300)
    with pytest.raises(AirflowFailException, match="build the prices of this run"):
        called(model_tasks.export_dataset, training)
