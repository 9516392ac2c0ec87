"""The fast Alpha158 is Qlib's Alpha158: every feature, every day, every missing value."""

import json

import pyarrow.parquet as pq
import pytest

from qlib_runner.store import write_store
from tests.conftest import missing
from tests.qlib_runner.alpha158_tolerance import TOLERANCE
from tests.qlib_runner.odd_series import SESSIONS, odd_bars


@pytest.fixture(scope="session")
def kernel(inside) -> None:
    """The compiled kernel of the runner's environment."""
    if inside("kernel_is_built.py").strip() != "True":
        missing("no compiled kernel: make setup-qlib")


def test_every_feature_of_a_market_is_the_engines(kernel, dataset, inside):
    """158 features of 25 companies over three and a half years, one of which paused, one joined, one left."""
    found = json.loads(inside("alpha158_equality.py", dataset / "store"))
    _check(found)
    assert found["rows"] > 20_000 and found["newest_rows"] == 24
    assert [name for name, of in found["columns"].items() if of["over_tolerance"]] == []


def test_odd_series_have_the_engines_gaps_and_exact_values(kernel, inside, tmp_path):
    """
    Gaps, short lives, dead prices and volumes; where the engine's running sums drift, ours are the exact
    ones.
    """
    pq.write_table(odd_bars(1), tmp_path / "bars.parquet")
    write_store(tmp_path / "bars.parquet", tmp_path / "store", [day.date() for day in SESSIONS])
    found = json.loads(inside("alpha158_equality.py", tmp_path / "store"))
    _check(found)
    drifting = {name.rstrip("0123456789") for name, of in found["columns"].items() if of["over_tolerance"]}
    assert "RSQR" in drifting and drifting <= set(TOLERANCE)


def test_what_the_kernel_does_not_compute_is_refused(kernel, dataset, inside):
    """Another frequency, a lost symbol, a lost field and a cut one are errors, where Qlib would give gaps."""
    said = inside("alpha158_refusals.py", dataset / "store").splitlines()
    assert said == [
        "ValueError the kernel takes daily bars, without processors per instrument",
        "ValueError the kernel computes exactly the 158 features of Qlib's Alpha158",
        "FileNotFoundError gone",
        "FileNotFoundError vwap.day.bin",
        "ValueError do not cover the same sessions",
        "labels equal True",
    ]


def _check(found: dict) -> None:
    for name in (
        "same_index",
        "same_columns",
        "same_types",
        "newest_equal",
        "newest_without_qlib_equal",
        "later_equal",
        "threads_equal",
    ):
        assert found[name], name
    assert len(found["columns"]) == 159
    for name, of in found["columns"].items():
        assert (of["missing_differ"], of["infinite_differ"], of["unexplained"]) == (0, 0, []), name
