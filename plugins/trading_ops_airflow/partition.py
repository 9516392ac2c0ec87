"""
Which session a task works on, and which DAG run it belongs to.

A task never asks for "the newest": the same DAG run means the same session on every try.
"""

from dataclasses import dataclass
from datetime import date

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from trading_ops_airflow.roles import Role, broken_tasks, role_of


@dataclass(frozen=True)
class Partition:
    """The session of a DAG run and what the person who started it asked for."""

    session: date
    dag_id: str
    dag_run_id: str
    inbox: str | None

    @property
    def idempotency_key(self) -> str:
        """The key under which this DAG run takes effect once."""
        return f"{self.dag_id}:{self.dag_run_id}"


def current_partition() -> Partition:
    """
    Return the partition of the running task. Raises AirflowFailException when the run names no session or
    two.
    """
    context = get_current_context()
    dag_run, params = context["dag_run"], context["params"]
    named = {key for key in (dag_run.partition_key, params.get("session")) if key}
    if len(named) > 1:
        raise AirflowFailException(f"this run names two sessions: {' and '.join(sorted(named))}")
    key = next(iter(named), None)
    if not key:
        raise AirflowFailException(
            "this run names no session: trigger it with a partition key such as 2026-11-20, or with "
            '{"session": "2026-11-20"}'
        )
    from trading_ops_airflow.timetable import require_session

    return Partition(require_session(key), dag_run.dag_id, dag_run.run_id, params.get("inbox"))


def task_states() -> dict[str, str | None]:
    """Return the state of each task of this DAG run."""
    context = get_current_context()
    dag_run, ti = context["dag_run"], context["ti"]
    found = ti.get_task_states(dag_id=dag_run.dag_id, run_ids=[dag_run.run_id])
    return found.get(dag_run.run_id, {})


def failed_steps(is_ranked_by_model: bool = False) -> list[str]:
    """Return the tasks of this DAG run that broke; a gate that said no is a verdict, not a broken step."""
    return broken_tasks(get_current_context()["dag"], task_states(), is_ranked_by_model)


def steps_playing(role: Role) -> list[str]:
    """Return the tasks of this DAG run that play a role, in the order they run."""
    tasks = get_current_context()["dag"].topological_sort()
    return [task.task_id for task in tasks if role_of(task) is role]
