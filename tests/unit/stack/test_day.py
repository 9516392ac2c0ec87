"""`trading-ops day`: what a session's day holds."""

import argparse
import dataclasses
import os
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from trading_ops.settings import Settings
from trading_ops_stack import day, stack
from trading_ops_stack.processes import stop_all

# The last session before the first Sunday of March 2026.
TRAINING_SESSION = date(2026, 2, 27)


@pytest.fixture
def worked(monkeypatch) -> list[str]:
    """The DAGs that were worked, each a success."""
    found = []
    monkeypatch.setattr(day, "_work", lambda _, dag_id, *__: found.append(dag_id) or {"state": "success"})
    return found


def test_a_training_that_is_due_is_part_of_the_day(worked, monkeypatch):
    """Of the month's one session, after the day's data."""
    monkeypatch.setattr(day, "INTERPRETER", Path(__file__))
    assert day._day(Settings(), TRAINING_SESSION)
    assert worked == ["daily_market_data", "monthly_training"]
    worked.clear()
    assert day._day(Settings(), date(2026, 3, 6))
    assert worked == ["daily_market_data"]


def test_a_desk_without_a_models_environment_has_its_day_all_the_same(worked, monkeypatch, capsys):
    """It is said what was left out, and how to have it."""
    monkeypatch.setattr(day, "INTERPRETER", Path("/no/such/python"))
    assert day._day(Settings(), TRAINING_SESSION)
    assert worked == ["daily_market_data"]
    assert (
        "a training is due and left out: the environment models run in is not built: `make setup-qlib`"
        in (capsys.readouterr().out)
    )


def test_a_scheduler_started_while_the_day_waited_is_seen(tmp_path, monkeypatch, capsys):
    """`up` had the lock: what it started takes the tasks of a day for its own."""
    config = dataclasses.replace(Settings(), data=tmp_path / "data")
    scheduler = stack.components(config)["scheduler"]
    scheduler = dataclasses.replace(scheduler, command=("sleep", "60"))

    @contextmanager
    def waits(config):
        scheduler.start(dict(os.environ), tmp_path)
        yield

    monkeypatch.setattr(day, "settings", lambda: config)
    monkeypatch.setattr(day, "only_one", waits)
    monkeypatch.setattr(day.run_once, "at_work", lambda config: pytest.fail("the day began"))
    try:
        assert day.run(argparse.Namespace(verb="day", asof="2026-03-06")) == 1
    finally:
        stop_all([scheduler])
    assert "the scheduler of this desk runs" in capsys.readouterr().err


def test_a_gate_that_said_no_is_an_exit_code(monkeypatch, capsys):
    """Airflow's run is a success all the same, since everything in it was done."""
    tasks = {"judge_data_quality": "failed", "send_mail": "success"}
    ended = {"state": "success", "tasks": tasks, "log": Path("daily.log")}
    monkeypatch.setattr(day.run_once, "run", lambda *_: ended)
    assert not day._day(Settings(), date(2026, 3, 6))
    assert "failed; its log is daily.log" in capsys.readouterr().err
