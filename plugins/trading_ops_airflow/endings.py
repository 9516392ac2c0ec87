"""
A DAG run that failed, whatever ended it: its plan gets its ticket, the operator hears, the mail goes out.

Airflow calls `on_failed_run` in the DAG processor, a child for each call, once the scheduler found the run
failed or overdue; while the DAG processor is down the call waits in Airflow's database. A mark by hand calls
nothing by itself, so the API server, which is told of it, asks for the same call. What all of that misses
the watcher finds (trading_ops.watch).

A plan that ended, however, gets the outcome as its note, written by the scheduler, or the API server for a
mark by hand: a task has no way to write one.
"""

from collections.abc import Mapping
from typing import Any

from airflow.listeners import hookimpl

from trading_ops_airflow.roles import broken_tasks, first_unfinished
from trading_ops_airflow.schedule import find_dag

_WHY = {"timed_out": "it ran longer than it may", "task_failure": "a task failed for good"}
# Under this key issue_ticket leaves a plan's outcome for the note.
OUTCOME = "outcome"
_NO_OUTCOME = (
    "Ended before its ticket was issued: the desk makes it a NO-TRADE that names the step, or tells why not"
)
_OWN_NOTES = ("TRADE ", "NO-TRADE: ", _NO_OUTCOME)
_NOTE_CHARS_MAX = 1000
_BY_HAND = "Dag Run's state was manually set"


def on_failed_run(context: Mapping[str, Any]) -> None:
    """Do for a failed DAG run what its last tasks could not; to do it again changes nothing."""
    from trading_ops.comms.post import deliver_outbox
    from trading_ops.db.connect import queries
    from trading_ops.settings import settings
    from trading_ops.watch.ending import end_run
    from trading_ops_airflow.connections import desk_connection, mail_account_of

    dag, dag_run_id, reason = context["dag"], context["run_id"], context["reason"]
    key, config = f"{dag.dag_id}:{dag_run_id}", settings()
    with desk_connection("desk_planner") as connection:
        run = queries.runs.run_by_key(connection, idempotency_key=key)
        is_by_model = find_dag(dag.dag_id).kind in ("training", "daily") or (
            run and run["signal_method"] == "qlib"
        )
        steps = _unfinished(dag, _task_states(dag.dag_id, dag_run_id), is_by_model)
        print(end_run(connection, key, steps, _WHY.get(reason, reason), config))
    report = deliver_outbox(desk_connection, config, mail_account_of)
    print(f"{len(report.sent)} mails delivered, {len(report.failed)} wait")


@hookimpl
def on_dag_run_failed(dag_run, msg: str) -> None:
    """Note a plan's outcome, and ask for the call that a run marked failed by hand would not get."""
    _note_outcome(dag_run)
    if msg.startswith(_BY_HAND):
        _ask_for_call(dag_run, "marked failed by hand")


@hookimpl
def on_dag_run_success(dag_run, msg: str) -> None:
    """Do the same where a plan was marked a success: that issues no ticket either."""
    _note_outcome(dag_run)
    if msg.startswith(_BY_HAND) and _is_plan(dag_run):
        _ask_for_call(dag_run, "marked a success by hand")


def _is_plan(dag_run) -> bool:
    dag = find_dag(dag_run.dag_id)
    return dag is not None and dag.kind == "plan"


def _note_outcome(dag_run) -> None:
    """Write what a plan came to beside its run, unless a person has written there."""
    from airflow.models.xcom import XComModel
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    if not _is_plan(dag_run) or (dag_run.note and not dag_run.note.startswith(_OWN_NOTES)):
        return
    left = select(XComModel).where(
        XComModel.dag_id == dag_run.dag_id,
        XComModel.run_id == dag_run.run_id,
        XComModel.task_id == "issue_ticket",
        XComModel.key == OUTCOME,
    )
    found = object_session(dag_run).scalar(left)
    words = XComModel.deserialize_value(found) if found else _NO_OUTCOME
    dag_run.note = words[:_NOTE_CHARS_MAX]


def _ask_for_call(dag_run, why: str) -> None:
    from airflow.callbacks.database_callback_sink import DatabaseCallbackSink
    from sqlalchemy.orm import object_session

    request = dag_run.produce_dag_callback(dag=dag_run.dag, success=False, reason=why)
    DatabaseCallbackSink().send(request, session=object_session(dag_run))


def _unfinished(dag, states: Mapping[str, str | None], is_by_model: bool) -> list[str]:
    broken = broken_tasks(dag, states, is_by_model)
    first = first_unfinished(dag, states, is_by_model)
    return [*broken, first] if first else broken


def _task_states(dag_id: str, dag_run_id: str) -> Mapping[str, str | None]:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    try:
        return RuntimeTaskInstance.get_task_states(dag_id=dag_id, run_ids=[dag_run_id]).get(dag_run_id, {})
    except Exception as problem:  # a ticket without the step's name is better than none
        print(f"which tasks ended how is not known: {type(problem).__name__}: {problem}")
        return {}
