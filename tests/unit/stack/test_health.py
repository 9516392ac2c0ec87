"""Whether a part of the desk does its work, as far as its own files tell."""

import dataclasses
import os
import time

import pytest

from trading_ops.settings import Settings
from trading_ops_stack import health


@pytest.fixture
def config(tmp_path) -> Settings:
    """A desk whose watcher has not been round yet, and whose processes do not run."""
    (tmp_path / "run").mkdir()
    return dataclasses.replace(Settings(), desk=tmp_path, data=tmp_path / "data")


@pytest.mark.parametrize(("age_s", "problem"), [(None, "hung"), (0, None), (299, None), (301, "hung")])
def test_a_watcher_that_made_no_round_for_five_minutes_hangs(config, age_s, problem):
    """By the file it leaves after each; one that never made any has been up for nothing."""
    if age_s is not None:
        mark = config.data.parent / "run/watcher.round"
        mark.touch()
        os.utime(mark, (time.time() - age_s, time.time() - age_s))
    assert health.problem(config, "watcher") == problem
