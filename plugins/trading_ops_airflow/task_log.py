"""
What became of each task, in the desk's log: Airflow calls these hooks in the task's own process.

What a task prints stays in Airflow's log of it. A line names the desk's run from the moment there is one:
what comes before `freeze_inputs` belongs to none yet.
"""

import inspect
import time
from typing import Any

from airflow.listeners import hookimpl

from trading_ops import desk_log
from trading_ops.settings import settings

_began_at: dict[str, float] = {}


@hookimpl
def on_task_instance_running(previous_state, task_instance) -> None:
    """Say that a task began."""
    _began_at[task_instance.task_id] = time.monotonic()
    _write(task_instance, "began")


@hookimpl
def on_task_instance_success(previous_state, task_instance) -> None:
    """Say that it came to its end."""
    _write(task_instance, f"success after {_took(task_instance)}")


@hookimpl
def on_task_instance_skipped(previous_state, task_instance) -> None:
    """Say that there was nothing to do."""
    _write(task_instance, f"skipped after {_took(task_instance)}")


@hookimpl
def on_task_instance_failed(previous_state, task_instance, error) -> None:
    """Say that it failed, and of what."""
    _write(task_instance, f"failed after {_took(task_instance)}: {error}", "ERROR")


def run_of_task(task: Any) -> str | None:
    """Return the desk's run that a rendered task works on, None for one that does not say."""
    if isinstance(run_id := getattr(task, "desk_run_id", None), str):
        return run_id
    body = getattr(task, "python_callable", None)
    if body is None:
        return None
    given = inspect.signature(body).bind_partial(*task.op_args, **task.op_kwargs).arguments
    run_id = given.get("desk_run_id")
    return run_id if isinstance(run_id, str) else None


def frozen_run(task_instance) -> str | None:
    """Return the desk's run that the DAG run of a task has frozen, None where it has not."""
    try:
        run_id = task_instance.xcom_pull(task_ids="freeze_inputs")
    except Exception:
        # A line that does not know its run is better than none: this is asked wherever a task may end.
        return None
    return run_id if isinstance(run_id, str) else None


def _took(task_instance) -> str:
    # Marked by hand it ends in a process it did not begin in.
    began_at = _began_at.get(task_instance.task_id)
    return "a mark by hand" if began_at is None else f"{time.monotonic() - began_at:.1f} s"


def _write(task_instance, message: str, level: str = "INFO") -> None:
    component = f"{task_instance.dag_id}.{task_instance.task_id}"
    run_id = run_of_task(getattr(task_instance, "task", None)) or frozen_run(task_instance)
    desk_log.write(settings(), component, message, run_id, level)
