"""A desk that runs for years fills no disk with what it says."""

import dataclasses
import os
import time

import pytest

from trading_ops.settings import Settings
from trading_ops_stack import log_files
from trading_ops_stack.log_files import tidy

NOW_S = time.time()


@pytest.fixture
def config(tmp_path, monkeypatch) -> Settings:
    """A desk whose logs may hold ten bytes."""
    monkeypatch.setattr(log_files, "BYTES_MAX", 10)
    return dataclasses.replace(Settings(), desk=tmp_path, data=tmp_path / "data")


def written(path, text: str, age_days: float = 0):
    """Write a log and the folders above it, last touched so many days ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    for each in (path, path.parent):
        os.utime(each, (NOW_S - age_days * 86_400,) * 2)
    return path


def test_a_long_log_is_cut_and_its_writer_goes_on(config, tmp_path):
    """Of Postgres as of each part; its end is kept in the place of an earlier one, for the same readers."""
    names = ("logs/watcher.log", "postgres/server.log")
    long = [written(tmp_path / name, "x" * 20 + "the end\n..") for name in names]
    long[1].chmod(0o600)
    short = written(tmp_path / "logs/weekly_plan.log", "short")
    written(tmp_path / "logs/watcher.log.1", "of yesterday")
    with long[0].open("a") as writer:
        assert tidy(config, NOW_S) == [f"{path} was cut; its end is {path.name}.1" for path in long]
        writer.write("more")
    kept = [path.with_name(f"{path.name}.1") for path in long]
    assert [path.read_text() for path in kept] == ["the end\n.."] * 2
    assert [path.stat().st_mode for path in kept] == [path.stat().st_mode for path in long]
    assert [path.read_text() for path in (*long, short)] == ["more", "", "short"]
    assert tidy(config, NOW_S) == []


def test_what_tasks_said_sixty_days_ago_goes(config, tmp_path):
    """With the folder it was in; what is younger stays, and so does a folder still in use."""
    old = written(tmp_path / "logs/tasks/dag_id=a/run_id=1/attempt=1.log", "x", 61)
    young = written(tmp_path / "logs/tasks/dag_id=a/run_id=2/attempt=1.log", "x", 59)
    assert tidy(config, NOW_S) == ["1 logs of tasks of more than 60 days ago are removed"]
    assert not old.parent.exists() and young.exists()


def test_a_log_that_cannot_be_cut_is_said(config, tmp_path):
    """Its place is taken by a folder; whoever cuts goes on with the next. A desk without logs has none."""
    assert tidy(config, NOW_S) == []
    first, second = (written(tmp_path / f"logs/{name}.log", "x" * 11) for name in ("api-server", "watcher"))
    (tmp_path / "logs/api-server.log.1").mkdir()
    said = tidy(config, NOW_S)
    assert said[0].startswith(f"{first} cannot be cut: ") and len(said) == 2
    assert (first.stat().st_size, second.stat().st_size) == (11, 0)
