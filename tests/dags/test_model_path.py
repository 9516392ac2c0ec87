"""
A model's whole way, through the tasks of the two DAGs: published prices, dataset, training, backtest,
registry, scores of a plan by the model it trades on and by the one it watches.

Twelve years of twenty companies, so that the windows of the real training fit.
"""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pyarrow.parquet as pq
import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.conftest import environment_of, missing
from tests.dags.contrary_model import contrary
from tests.database import rows
from tests.database.published_prices import BENCHMARK, LAST, freeze_run, publish, universe_of
from tests.docker.conftest import base_image, engine, runner_image  # noqa: F401  (fixtures)
from trading_ops.db.connect import connect, queries
from trading_ops.plan.steps import rank_universe
from trading_ops.settings import PROJECT_ROOT, settings
from trading_ops_airflow import partition
from trading_ops_airflow.qlib import step
from trading_ops_airflow.schedule import WEEKLY_PLAN
from trading_ops_airflow.tasks import models
from trading_ops_airflow.tasks.plan import issue_ticket

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
    monkeypatch.setenv("AIRFLOW_CONN_DESK_PLANNER", f"postgresql://desk_planner@{server}?cursor=dictcursor")
    monkeypatch.setenv("AIRFLOW_CONN_DESK_READER", f"postgresql://desk_reader@{server}?cursor=dictcursor")
    settings.cache_clear()
    return desk


def frozen(desk, kind: str, sessions_count: int = 2700, key: str = "", method: str = "momentum_12_1") -> str:
    """Freeze a run and publish its prices."""
    run_id = freeze_run(desk, universe_of(SYMBOLS), key=key, kind=kind, method=method)
    publish(desk, run_id, [*SYMBOLS, BENCHMARK], sessions_count)
    return run_id


@pytest.fixture(autouse=True)
def outcome(monkeypatch) -> dict[str, str]:
    """What a task leaves for Airflow's listener, where no Airflow is around it."""
    left: dict[str, str] = {}
    instance = SimpleNamespace(xcom_push=left.__setitem__)
    monkeypatch.setattr("trading_ops_airflow.tasks.plan.get_current_context", lambda: {"ti": instance})
    return left


def called(task, *arguments):
    """Call a task's function as Airflow does."""
    return task.function(*arguments)


def made(factory, run_id: str) -> str:
    """Run the task of one of the runner's commands and return the folder of its result."""
    return factory(run_id).execute({})


def watched_scores(run_id: str) -> str:
    """Let the model a run watches score and store what it says; return the folder of its result."""
    called(models.export_dataset, run_id)
    made(step.make_dataset, run_id)
    scored = made(step.score_shadow, run_id)
    assert called(models.store_shadow, run_id, scored) == len(SYMBOLS)
    return scored


def stored_scores(desk, run_id: str, method: str) -> list[dict]:
    """Return what the desk knows of a run's scores under a method, best first."""
    with connect("desk_reader", desk) as connection:
        return connection.execute(
            "select * from desk.signals_ranked where run_id = %s and method = %s order by signal_rank",
            (run_id, method),
        ).fetchall()


def decided(desk, version: str, *states: str) -> None:
    """Take a model through states."""
    for state in states:
        with connect("desk_planner", desk) as connection:
            connection.execute(
                "select desk.record_model_state(%s, %s, 'operator', 'test', '{\"weeks\": 4}')",
                (version, state),
            )


def test_a_model_is_trained_registered_watched_and_traded_beside_its_successor(room, bag, monkeypatch):
    """What a plan stores is what its models said, of every symbol and once, however often a task runs."""
    # Before the plan's window closes.
    rows.set_clock(room, rows.SATURDAY_AT)
    training = frozen(room, "training")
    called(models.export_dataset, training)
    made(step.make_dataset, training)
    trained, backtested = made(step.train_model, training), made(step.backtest_model, training)
    figures = called(models.rehearse_policy, training, trained, backtested)
    assert figures["policy_weeks_count"] > 40 and figures["policy_orders_count"] > 15
    version = called(models.register_model, training, trained, backtested, figures)
    assert called(models.register_model, training, trained, backtested, figures) == version
    with connect("desk_reader", room) as connection:
        known = queries.models.model_by_version(connection, model_version=version)["backtest_metrics"]
    assert known["policy_cagr"] == figures["policy_cagr"] and known["cagr"] != known["policy_cagr"]

    successor = contrary(room, SYMBOLS, Path(trained), Path(backtested))

    # A candidate ranks nothing.
    candidate_plan = frozen(room, "plan", key="candidate")
    with pytest.raises(AirflowSkipException, match="no model is LIVE or in SHADOW"):
        called(models.export_dataset, candidate_plan)

    decided(room, version, "SHADOW")
    # The training's own files are not needed for a score.
    shutil.rmtree(room.run_folder(training))
    plan = frozen(room, "plan", key="shadow")
    for _ in range(2):
        scored = watched_scores(plan)
        with pytest.raises(AirflowSkipException, match="frozen without a model for qlib"):
            made(step.score_model, plan)
    assert called(models.wait_for_scores, plan) is True
    assert stored_scores(room, plan, "qlib") == []
    watched = stored_scores(room, plan, "qlib_shadow")
    said = pq.read_table(f"{scored}/signals_ranked.parquet").to_pylist()
    assert [row["internal_symbol"] for row in watched] == [row["internal_symbol"] for row in said]
    assert sorted(row["internal_symbol"] for row in watched) == SYMBOLS
    assert [float(row["score"]) for row in watched] == [row["score"] for row in said]
    assert {row["model_version"] for row in watched} == {version}
    assert {row["ts"].isoformat() for row in watched} == {f"{LAST}T20:00:00+00:00"}
    daily = frozen(room, "daily", key="daily")
    watched_scores(daily)
    assert [row["score"] for row in stored_scores(room, daily, "qlib_shadow")] == [
        row["score"] for row in watched
    ]

    # Traded on as soon as it is LIVE; its successor, which says the opposite, is watched in the same plan.
    without = frozen(room, "plan", key="not promoted", method="qlib")
    with pytest.raises(AirflowFailException, match="none was LIVE when the run was frozen"):
        called(models.wait_for_scores, without)
    decided(room, version, "LIVE")
    decided(room, successor, "SHADOW")
    both = frozen(room, "plan", key="both", method="qlib")
    # The watched one first: neither touches what the other made.
    watched_scores(both)
    called(models.store_scores, both, made(step.score_model, both))
    traded = stored_scores(room, both, "qlib")
    assert [(row["internal_symbol"], row["score"]) for row in traded] == [
        (row["internal_symbol"], row["score"]) for row in watched
    ]
    opposite = stored_scores(room, both, "qlib_shadow")
    assert [row["score"] for row in opposite] == [-row["score"] for row in reversed(traded)]
    assert {row["model_version"] for row in opposite} == {successor}
    best = [item.symbol for item in ranked(room, both)]
    assert best == [row["internal_symbol"] for row in traded]

    # It is retired before it is scored: its task is red, and the ticket is the one it would have been.
    late = frozen(room, "plan", key="late", method="qlib")
    decided(room, successor, "RETIRED")
    called(models.export_dataset, late)
    made(step.make_dataset, late)
    called(models.store_scores, late, made(step.score_model, late))
    scored = made(step.score_shadow, late)
    with pytest.raises(AirflowFailException, match=f"model {successor[:12]} was retired after"):
        called(models.store_shadow, late, scored)
    steps = ["export_dataset", "make_dataset", "score_model", "store_scores"]
    states = dict.fromkeys(steps, "success") | {"score_shadow": "success", "store_shadow": "failed"}
    dag = bag.dags[WEEKLY_PLAN.dag_id]
    monkeypatch.setattr(partition, "get_current_context", lambda: {"dag": dag})
    for module in (models, partition):
        monkeypatch.setattr(module, "task_states", lambda: states)
    assert called(models.wait_for_scores, late) is True
    # One of them still runs or has not begun: asked again later. One broke: it is named, not what came after.
    for state in ("running", None):
        states["store_scores"] = state
        assert called(models.wait_for_scores, late) is False
    states |= {"make_dataset": "failed", "score_model": "upstream_failed", "store_scores": "upstream_failed"}
    with pytest.raises(AirflowFailException, match="make_dataset ended as failed: there are no scores"):
        called(models.wait_for_scores, late)
    states |= dict.fromkeys(steps, "success")
    assert [item.symbol for item in ranked(room, late)] == best
    rows.add_intended(room, late, 1, best[0])
    rows.pass_all_gates(room, late)
    rows.decide(room, late)
    ticket_id = called(issue_ticket, late)
    with connect("desk_reader", room) as connection:
        ticket = connection.execute(
            "select kind, reasons, body_json from desk.tickets where ticket_id = %s", (ticket_id,)
        ).fetchone()
    assert (ticket["kind"], ticket["reasons"]) == ("TRADE", [])
    assert successor not in str(ticket["body_json"]) and version in str(ticket["body_json"])


def ranked(desk, run_id: str) -> tuple:
    """Rank a run as the plan does."""
    with connect("desk_planner", desk) as connection:
        return rank_universe(connection, run_id)


def test_a_container_makes_the_same_bytes(room, monkeypatch, runner_image):  # noqa: F811
    """By the image's digest, through the same task; only the runtime is another."""
    training = frozen(room, "training", sessions_count=300)
    called(models.export_dataset, training)
    result = Path(made(step.make_dataset, training))
    by_process = json.loads((result / "manifest.json").read_text())
    shutil.rmtree(result)
    monkeypatch.setenv("TRADING_OPS_QLIB_RUNTIME", "docker")
    monkeypatch.setenv("TRADING_OPS_QLIB_IMAGE", runner_image)
    settings.cache_clear()
    assert Path(made(step.make_dataset, training)) == result
    assert json.loads((result / "manifest.json").read_text()) == by_process


def test_too_little_history_is_refused_in_words(room):
    """A young desk cannot train; the task says how much is needed."""
    training = frozen(room, "training", sessions_count=300)
    called(models.export_dataset, training)
    made(step.make_dataset, training)
    with pytest.raises(AirflowFailException, match="the segments need 2542 sessions; the dataset has 300"):
        made(step.train_model, training)


def test_an_export_of_prices_that_were_replaced_is_refused(room):
    """Another run built its prices in between."""
    training = frozen(room, "training", sessions_count=300)
    publish(room, freeze_run(room, universe_of(SYMBOLS)), SYMBOLS, 300)
    with pytest.raises(AirflowFailException, match="build the prices of this run"):
        called(models.export_dataset, training)
