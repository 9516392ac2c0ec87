"""`trading-ops day` as typed: the desk's own day without Airflow's scheduler, step by step."""

import json
import re
from datetime import date

import pytest

from tests.database import rows
from tests.qlib_runner import market
from tests.qlib_runner.conftest import commands, dataset, made, room  # noqa: F401 (fixtures)
from trading_ops.db.connect import connect, queries
from trading_ops.exchange import sessions
from trading_ops.models.registry import register_model
from trading_ops.simulation.market import SimulatedMarket
from trading_ops.universe.instruments import universe_text
from trading_ops_stack import postgres
from trading_ops_stack.environment import state_folder
from trading_ops_stack.people import add_people

pytestmark = pytest.mark.slow
SESSION = date(2026, 3, 6)


@pytest.fixture(scope="module")
def desk(own_desk):
    """A desk whose Postgres runs and nothing else, on the morning after a session."""
    config = own_desk.config
    market = SimulatedMarket(7)
    market.write_inbox(config.inbox, date(2026, 1, 5), SESSION)
    config.simulated_universe.write_text(universe_text(market.universe()))
    postgres.initialise(state_folder(config) / "postgres", config)
    with connect("desk_planner", config) as connection:
        queries.clock.set_simulated_now(connection, now_at=sessions.daily_run_at(SESSION))
    return own_desk


def steps(said: str) -> dict[str, str]:
    """The state of each step a verb printed; a step that ran has its time."""
    return {
        found["step"]: found["state"]
        for found in re.finditer(r"^  (?P<state>ok|FAILED|skipped|not run) +(?P<step>\w+)", said, re.M)
    }


@pytest.mark.long
def test_a_day_is_worked_and_its_broken_step_is_named(desk):
    """
    Everything but the gate is green, whose no has a reason and an exit code; scores need a model; Postgres
    runs on.
    """
    done = desk.run("trading_ops_stack", "day")
    found = steps(done.stdout)
    assert f"daily_market_data of {SESSION}\n" in done.stdout, done.stdout + done.stderr
    chain = ["load_bars", "freeze_inputs", "build_prices", "believe_splits", "build_book", "build_gates",
             "write_daily_report", "send_mail"]  # fmt: skip
    assert [found[step] for step in chain] == ["ok"] * len(chain), done.stdout + done.stderr
    assert re.search(r"ok +build_prices +\d+\.\d s\n", done.stdout)
    assert found["export_dataset"] == found["store_shadow"] == "skipped"
    assert (done.returncode == 0) == (found["judge_data_quality"] == "ok")
    assert list(desk.folder.rglob("reports/*"))
    told = [json.loads(line) for line in next(desk.folder.rglob("desk-*.jsonl")).read_text().splitlines()]
    by_component = {line["component"]: line for line in told}
    assert re.match(r"success after \d", by_component["daily_market_data.build_gates"]["message"])
    assert by_component["trading-ops day"]["message"] == f"ended with exit code {done.returncode}"
    named = {line["run_id"] for line in told if line["run_id"]}
    # Told its run by nobody: it sends whatever waits.
    assert by_component["daily_market_data.send_mail"]["run_id"] in named

    scored = desk.run("trading_ops_stack", "score", "--asof", SESSION)
    assert scored.returncode == 1 and "no model is LIVE or in SHADOW" in scored.stderr, scored.stderr
    assert scored.stdout == ""

    config = desk.config
    assert postgres.is_running(state_folder(config) / "postgres")
    with connect("desk_reader", config) as connection:
        kinds = connection.execute(
            "select run_id, kind, as_of_date from desk.runs order by frozen_at"
        ).fetchall()
    assert [(run["kind"], run["as_of_date"]) for run in kinds] == [("daily", SESSION)]
    assert named == {kinds[0]["run_id"]}


def candidate(config, made, dataset, folder) -> str:  # noqa: F811
    """Register the model of a small market, trained where no desk is; return its version."""
    trained = made("train", market.write_train_inputs(folder / "train", dataset))
    run_id = json.loads((trained / "manifest.json").read_text())["run_id"]
    backtest = folder / "backtest"
    backtest.mkdir()
    (backtest / "manifest.json").write_text(json.dumps({"run_id": run_id}))
    (backtest / "metrics.json").write_text(json.dumps({"sharpe": 0.8}))
    rows.add_run(config, kind="training", run_id=run_id, as_of_date=market.LAST)
    with connect("desk_planner", config) as connection:
        return register_model(connection, run_id, trained, backtest, config=config)


@pytest.mark.long
def test_a_model_in_shadow_scores_a_session(desk, made, dataset, tmp_path):  # noqa: F811
    """As typed: the day's steps up to its scores, which are stored, and none of the others."""
    config = desk.config
    add_people(config)
    version = candidate(config, made, dataset, tmp_path)
    told = desk.run(
        "trading_ops_stack", "model", "shadow", version, "--reason", "a try", "--person", "operator"
    )
    assert told.returncode == 0, told.stderr
    done = desk.run("trading_ops_stack", "score", "--asof", SESSION)
    assert done.returncode == 0, done.stdout + done.stderr
    found = steps(done.stdout)
    watched = (
        "freeze_inputs",
        "build_prices",
        "export_dataset",
        "make_dataset",
        "score_shadow",
        "store_shadow",
    )
    assert [found[step] for step in watched] == ["ok"] * len(watched), done.stdout
    assert found["store_scores"] == "skipped" and "write_daily_report" not in found
    with connect("desk_reader", config) as connection:
        scored = connection.execute(
            "select count(*) as n, min(score.model_version) as version from desk.signals_ranked as score"
            " inner join desk.runs using (run_id) where score.method = 'qlib_shadow' and as_of_date = %s",
            (SESSION,),
        ).fetchone()
    assert (scored["n"], scored["version"]) == (len(SimulatedMarket(7).symbols), version)


def test_a_wrong_session_is_one_sentence_and_builds_nothing(own_desk):
    """A typo, and a day the exchange is closed."""
    for text, sentence in (
        ("2026-3-6", "trading-ops day: --asof 2026-3-6 is not a session date like 2026-11-20\n"),
        ("2026-03-07", "--asof 2026-03-07 is not a session: the NYSE is closed that day; the session before "
                       "it is 2026-03-06\n"),
    ):  # fmt: skip
        done = own_desk.run("trading_ops_stack", "day", "--asof", text)
        assert done.returncode == 1 and done.stderr.endswith(sentence) and done.stdout == "", done.stderr
