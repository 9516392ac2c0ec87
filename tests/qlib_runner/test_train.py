"""The training: one hash for one set of inputs, however it is run, and nothing of the future in it."""

import hashlib
import json
import os
import shutil
import subprocess

import pyarrow.parquet as pq
import pytest

from tests.qlib_runner import market
from tests.qlib_runner.conftest import ROOM_ENVIRONMENT
from trading_ops.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def ranked(quickly_made, earlier_dataset, trained, tmp_path_factory):
    """The ranking of EARLIER by the model of EARLIER."""
    inputs = market.write_score_inputs(
        tmp_path_factory.mktemp("in"), earlier_dataset, trained, market.EARLIER, market.traded_symbols()
    )
    return quickly_made("score", inputs)


def test_the_result_describes_the_model_by_its_hash(trained):
    """model.txt's SHA-256 is the model's name; 158 features and the segments stand beside it."""
    described = json.loads((trained / "model.json").read_text())
    model = (trained / "model.txt").read_bytes()
    assert described["model_sha256"] == hashlib.sha256(model).hexdigest()
    assert len(described["features"]) == 158 and described["features"][0] == "KMID"
    assert described["tree_count"] > 10 and described["horizon_sessions"] == 5
    assert described["segments"]["TEST_END"] == str(market.EARLIER)
    assert described["segments"]["TRAIN_END"] < described["segments"]["VALID_START"]
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["test"]["rank_ic"] > 0.1, "the market has waves that can be learned"


def test_two_threads_train_the_model_of_one_to_the_byte(made, earlier_dataset, trained, tmp_path):
    """Also the second run of the same inputs: model, description and metrics are equal."""
    again = made("train", market.write_train_inputs(tmp_path, earlier_dataset, market.EARLIER, threads=2))
    for name in ("model.txt", "model.json", "metrics.json"):
        assert (again / name).read_bytes() == (trained / name).read_bytes(), name


def test_qrun_comes_to_the_same_model_and_the_same_account(
    room, inside, earlier_dataset, trained, backtested, tmp_path
):
    """The result's own workflow.yaml is all it needs; its recorder and logs stay in the run's folder."""
    shutil.copy(trained / "workflow.yaml", tmp_path / "workflow.yaml")
    with (tmp_path / "stdout.log").open("w") as said, (tmp_path / "stderr.log").open("w") as logged:
        code = subprocess.run(
            [room.parent / "qrun", "workflow.yaml", "--experiment_name", "weekly", "--uri_folder", "mlruns"],
            cwd=tmp_path,
            stdout=said,
            stderr=logged,
            check=False,
            env={
                **ROOM_ENVIRONMENT,
                "PATH": os.defpath,
                "PYTHONPATH": str(PROJECT_ROOT),
                "PROVIDER_URI": str(earlier_dataset / "store"),
            },
        ).returncode
    assert code == 0, (tmp_path / "stderr.log").read_text()[-3000:]
    assert "excess return with cost" in (tmp_path / "stdout.log").read_text()
    recorded = json.loads(inside("recorded.py", tmp_path / "mlruns"))
    described = json.loads((trained / "model.json").read_text())
    assert recorded["model_sha256"] == described["model_sha256"]
    daily = pq.read_table(backtested / "daily.parquet").to_pydict()
    assert recorded["days"] == [str(day) for day in daily["session_date"]]
    for name in ("value", "turnover"):
        assert recorded[name] == daily[name], name
    assert recorded["benchmark_return"] == pytest.approx(daily["benchmark_return"], abs=1e-7)


def test_the_future_changes_no_feature_and_no_score(inside, earlier_dataset, dataset, trained, ranked):
    """
    The market cut on EARLIER against the market that goes on for three months.

    The ranking, made from the newest day alone, is also what scoring every day of the longer history
    gives for that day, bit by bit.
    """
    found = json.loads(
        inside(
            "look_ahead.py",
            earlier_dataset / "store",
            dataset / "store",
            trained,
            ranked / "signals_ranked.csv",
        )
    )
    assert found["rows"] > 15_000 and found["features"] == 158 and found["distinct_scores"] > 1_000
    kept = ("same_index", "same_features", "same_scores", "newest_equals_everything")
    assert {name: found[name] for name in kept} == dict.fromkeys(kept, True)


def test_what_cannot_be_trained_is_refused_without_a_trace(commands, earlier_dataset, tmp_path):
    """Another as-of, a changed store, too short a history, settings nobody knows: each with its reason."""
    (tmp_path / "results").mkdir()
    lines, wanted = [], []

    def given(name: str, reason: str, last=market.EARLIER, **config):
        path = market.write_train_inputs(tmp_path / name, earlier_dataset, last, **config)
        lines.append(["train", "--manifest", path, "--out", tmp_path / "results" / name])
        wanted.append(reason)
        return path.parent

    given("as_of", "the dataset is of 2023-03-31, not of 2023-06-30", market.LAST)
    given("short", "the segments need", train_sessions=5000)
    given("unknown", "config 'rounds' is unknown", rounds=5)
    given("threads", "config threads must be from 1 to 64", threads=0)
    for name, said, edit in (
        ("threads_differ", "deterministic would let two", ("deterministic: true", "")),
        ("layout_differs", "force_col_wise would let two", ("force_col_wise: true", "")),
        ("seed_differs", "seed would let two", ("seed: {{ SEED }}", "seed: 8")),
        ("no_gap", "its segments are not those of the training", ("[{{ TRAIN_START }}, {{ TRAIN_END }}]", "[2020-01-02, 2022-06-01]")),
        ("no_future", "looks at no later session", ("Ref($close, -6) / Ref($close, -1) - 1", "$close / Ref($close, 5) - 1")),
        ("no_value", "'PLACE' is undefined", ("{{ BENCHMARK }}", "{{ PLACE }}")),
        ("no_yaml", "workflow.yaml is no workflow", ("task:", "tusk:")),
    ):  # fmt: skip
        given(name, said, edit=edit)
    store = given("changed", "its size or SHA-256 differs") / "dataset/store"
    close = store / "features/qint/close.day.bin"
    close.write_bytes(close.read_bytes()[:-1] + b"\x41")
    (given("lost", "cannot be read") / "dataset/store/calendars/day.txt").unlink()
    found = commands(*lines)
    assert len(found) == len(wanted)
    for (code, said), reason in zip(found, wanted, strict=True):
        assert (code, said.count("\n")) == (2, 1), said
        assert reason in said
    assert list((tmp_path / "results").iterdir()) == []
