"""What people see of a plan in Airflow: its outcome as a note, the model's steps as one, a form that asks."""

from decimal import Decimal

import pytest
from airflow import models
from airflow.models.base import Base
from airflow.models.dagrun import DagRun
from airflow.models.xcom import XComModel
from airflow.utils.types import DagRunType
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from trading_ops.plan.reasons import Reason
from trading_ops.tickets.outcome import outcome
from trading_ops_airflow import endings


@pytest.fixture
def ended():
    """Let Airflow's own database hold a run that ended, with what issue_ticket left, and return the run."""
    engine = create_engine("sqlite://")
    models.import_all_models()
    Base.metadata.create_all(engine)
    with Session(engine) as session:

        def end(words: str | None, dag_id: str = "weekly_plan") -> DagRun:
            run = DagRun(dag_id=dag_id, run_id="manual__1", run_type=DagRunType.MANUAL)
            session.add(run)
            session.flush()
            if words:
                key = {
                    "task_id": "issue_ticket",
                    "key": endings.OUTCOME,
                    "dag_id": dag_id,
                    "run_id": run.run_id,
                }
                session.add(XComModel(dag_run_id=run.id, map_index=-1, value=words, **key))
                session.flush()
            return run

        yield end


def test_the_outcome_is_one_line():
    """Orders and their pounds; or the first reason, what follows from it and how many others there are."""
    assert outcome("TRADE", [Decimal("1000.00"), Decimal("204.10")], ()) == "TRADE 2 orders · £1,204.10"
    follows = (Reason("risk", "turnover", "It is unknown.", ""),) * 4
    cause = Reason("data_quality", "coverage", "No bars of the session.", "Load them.", follows)
    assert outcome("NO-TRADE", (), (cause,)) == "NO-TRADE: No bars of the session (+4 follow)"
    assert outcome("NO-TRADE", (), (cause, cause)).endswith("(+4 follow, +1 more)")


def test_a_plan_that_ended_has_its_outcome_as_note(ended):
    """Also when it failed, and anew when it was cleared; what a person wrote is left alone."""
    run = ended("NO-TRADE: No bars of the session")
    endings.on_dag_run_failed(run, "task_failure")
    assert run.note == "NO-TRADE: No bars of the session"
    run.note = "seen, mended"
    endings.on_dag_run_success(run, "success")
    assert run.note == "seen, mended"


def test_a_plan_without_a_ticket_says_so_and_another_dag_nothing(ended):
    """The ticket of a plan that Airflow gave up is made afterwards; only a plan has an outcome."""
    run = ended(None)
    endings.on_dag_run_failed(run, "timed_out")
    assert run.note.startswith("Ended before its ticket was issued")
    other = ended(None, "daily_market_data")
    endings.on_dag_run_success(other, "success")
    assert other.note is None


def test_the_models_steps_are_a_group_and_a_form_asks_for_the_session_first(bag):
    """Six tasks fold into one that is skipped without a model; only the load asks for an inbox."""
    group = bag.dags["weekly_plan"].task_group.children["model"]
    assert set(group.children) == {
        "export_dataset", "make_dataset", "score_model", "store_scores", "score_shadow", "store_shadow"
    }  # fmt: skip
    forms = {dag_id: list(dag.params) for dag_id, dag in bag.dags.items()}
    assert forms.pop("daily_reminders") == []
    assert forms.pop("daily_market_data") == ["session", "inbox"]
    assert set(map(tuple, forms.values())) == {("session",)}
