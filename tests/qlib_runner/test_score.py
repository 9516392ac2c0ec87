"""The model's ranking: a score for each symbol asked for, or none at all."""

import json
import shutil
import subprocess
from fractions import Fraction

import pyarrow.parquet as pq
import pytest

from tests.qlib_runner import market
from tests.qlib_runner.manifests import write_small_dataset
from trading_ops.settings import PROJECT_ROOT


@pytest.fixture(scope="module")
def ranked(quickly_made, dataset, trained, tmp_path_factory):
    """The ranking of LAST by the model that was trained a quarter before."""
    inputs = market.write_score_inputs(
        tmp_path_factory.mktemp("in"), dataset, trained, market.LAST, market.traded_symbols()
    )
    return quickly_made("score", inputs)


def test_the_ranking_holds_each_symbol_once_from_the_best_to_the_worst(ranked):
    """From 1 on, without a gap."""
    header, *rows = (ranked / "signals_ranked.csv").read_text().splitlines()
    places, symbols, scores = zip(*(row.split(",") for row in rows), strict=True)
    assert header == "rank,internal_symbol,score"
    assert [int(place) for place in places] == list(range(1, 24))
    assert sorted(symbols) == sorted(market.traded_symbols())
    values = [float(score) for score in scores]
    assert values == sorted(values, reverse=True) and len(set(values)) > 10


def test_the_newest_session_is_ranked_without_qlib(room):
    """Importing it takes longer than everything else a ranking does."""
    program = "import sys, qlib_runner.score; print('qlib' in sys.modules, 'mlflow' in sys.modules)"
    done = subprocess.run([room, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_ranking_opens_no_socket_and_imports_nothing_of_the_desk(room, dataset, trained, tmp_path):
    """An audit hook sees every socket of the making of a dataset and of a whole ranking by a model."""
    program = """
import runpy, sys
seen = set()
sys.addaudithook(lambda event, args: seen.add(event))
sys.argv = ["qlib_runner", *sys.argv[1:]]
try:
    runpy.run_module("qlib_runner", run_name="__main__")
except SystemExit as stop:
    assert stop.code == 0
assert "open" in seen and "qlib_runner.manifest" in sys.modules
desk = {name.split(".")[0] for name in sys.modules} & {"trading_ops", "psycopg", "airflow", "flask", "confirm_app"}
assert not desk, desk
sockets = sorted(event for event in seen if event.startswith("socket."))
assert not sockets, sockets
"""
    ranking = market.write_score_inputs(
        tmp_path / "score", dataset, trained, market.LAST, market.traded_symbols()
    )
    for command, manifest in (("dataset", write_small_dataset(tmp_path / "dataset")), ("score", ranking)):
        words = [command, "--manifest", manifest, "--out", tmp_path / f"{command}_made"]
        done = subprocess.run(
            [room, "-c", program, *words],
            cwd=PROJECT_ROOT,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_the_parquet_says_where_each_score_comes_from(ranked, trained):
    """The same rows with as-of, the session's close in UTC, horizon, model and workflow."""
    rows = pq.read_table(ranked / "signals_ranked.parquet").to_pylist()
    described = json.loads((trained / "model.json").read_text())
    lines = (ranked / "signals_ranked.csv").read_text().splitlines()[1:]
    assert [f"{row['rank']},{row['internal_symbol']},{row['score']!r}" for row in rows] == lines
    origin = ("as_of_date", "ts", "horizon_sessions", "model_version", "config_hash")
    assert {tuple(str(row[name]) for name in origin) for row in rows} == {
        (
            "2023-06-30",
            "2023-06-30 20:00:00+00:00",
            "5",
            described["model_sha256"],
            described["workflow_sha256"],
        )
    }


def test_a_score_is_worth_what_its_tenth_was_worth(ranked, trained):
    """Of 23 companies the best two are in the tenth bucket; side, prob and ev are looked up, not fitted."""
    rows = pq.read_table(ranked / "signals_ranked.parquet").to_pylist()
    calibration = json.loads((trained / "model.json").read_text())["calibration"]
    scores = [row["score"] for row in rows]
    assert len(rows) == 23 and sum(row["prob"] > 0.5 for row in rows) >= 3
    for row in rows:
        below = sum(score < row["score"] for score in scores)
        share = Fraction(2 * below + scores.count(row["score"]), 2 * len(scores))
        found = calibration[int(share * 10)]
        assert row["prob"] == found["positive_ratio"]
        assert row["ev"] == found["label_mean"]
        assert row["side"] == ("LONG" if found["label_mean"] > 0 else "FLAT")
    assert rows[0]["ev"] > rows[-1]["ev"], "the market has waves that can be learned"


def test_what_cannot_be_ranked_is_refused_without_a_trace(commands, dataset, trained, tmp_path):
    """Foreign, missing and repeated symbols, another day, no close, a changed model, one from the future."""
    (tmp_path / "results").mkdir()
    symbols, lines, wanted = market.traded_symbols(), [], []

    def given(name: str, reason: str, ranked=symbols, last=market.LAST, model=trained, **config):
        path = market.write_score_inputs(tmp_path / name, dataset, model, last, ranked, **config)
        lines.append(["score", "--manifest", path, "--out", tmp_path / "results" / name])
        wanted.append(reason)
        return path.parent

    given("foreign", "foreign symbol NOSUCH: no member", [*symbols, "NOSUCH"])
    given("left", f"foreign symbol {market.LEAVER}: no member", [*symbols, market.LEAVER])
    given("twice", "names a symbol twice", [*symbols, symbols[0]])
    given("none", "config symbols must list", [])
    for name, ts in (
        ("no_close", None),
        ("no_offset", "2023-06-30T16:00:00"),
        ("no_time", "close"),
        ("next_day", "2023-07-03T16:00:00-04:00"),
    ):
        given(name, "config ts must be the close of 2023-06-30 with its offset from UTC", ts=ts)
    given("unknown", "config 'horizon' is unknown", horizon=5)
    given("method", "config method 'momentum' is unknown; known is lightgbm", method="momentum")
    given("as_of", "the dataset is of 2023-06-30, not of 2023-06-29", last=market.LAST.replace(day=29))
    given("model", "SHA-256 differs").joinpath("train/model.txt").write_text("tree")
    future = tmp_path / "future_model"
    shutil.copytree(trained, future)
    _rewrite(future, as_of_date="2023-07-03")
    given("future", "it knows what came after as_of_date", model=future)
    found = commands(*lines)
    assert len(found) == len(wanted)
    for (code, said), reason in zip(found, wanted, strict=True):
        assert (code, said.count("\n")) == (2, 1), said
        assert reason in said
    assert list((tmp_path / "results").iterdir()) == []


def test_a_company_without_a_bar_on_the_day_leaves_nothing_ranked(commands, trained, tmp_path):
    """One member pauses on as_of_date: the ranking would lack it, so there is none."""
    day = market.PAUSE[0]
    inputs = market.write_dataset_inputs(tmp_path / "in", day)
    [made] = commands(["dataset", "--manifest", inputs, "--out", tmp_path / "dataset"])
    assert made == (0, "")
    model = tmp_path / "train"
    shutil.copytree(trained, model)
    _rewrite(model, as_of_date=str(day))
    lines = []
    for name, symbols in (
        ("all", market.traded_symbols()),
        ("others", [symbol for symbol in market.traded_symbols() if symbol != market.PAUSED]),
    ):
        path = market.write_score_inputs(tmp_path / name, tmp_path / "dataset", model, day, symbols)
        lines.append(["score", "--manifest", path, "--out", tmp_path / f"{name}_ranked"])
    refused, ranked = commands(*lines)
    reason = f"missing symbol {market.PAUSED}: it has no bar on as_of_date"
    assert refused[0] == 2 and reason in refused[1]
    assert not (tmp_path / "all_ranked").exists()
    assert ranked == (0, "")


def test_a_score_that_is_no_number_and_a_symbol_without_a_bar_are_refused(inside):
    """The last look at the scores, whatever made them: NaN, infinite, missing, foreign, duplicate."""
    assert json.loads(inside("rank_refusals.py")) == {
        "nan": "the score of B is no number",
        "infinite": "the score of B is no number",
        "missing": "missing symbol C: it has no bar on as_of_date",
        "foreign": "foreign symbol B in the scores",
        "duplicate": "duplicate symbol A in the scores",
    }


def _rewrite(folder, **changes) -> None:
    """Change fields of a training's model.json and name the new bytes in its manifest."""
    import hashlib

    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    manifest = json.loads((folder / "manifest.json").read_text())
    for entry in manifest["outputs"]:
        if entry["path"] == "model.json":
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
            entry["size_bytes"] = path.stat().st_size
    (folder / "manifest.json").write_text(json.dumps(manifest))
