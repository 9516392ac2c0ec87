"""
What it means for a run when one of its tasks is red: every task says it of itself.

A step that says nothing is one the ticket waits for, so a forgotten word blocks a trade and never lets one
through. Names of tasks mean nothing: a renamed task plays the same role.
"""

from collections.abc import Callable, Mapping
from enum import Enum

_BROKEN = ("failed", "upstream_failed")


class Role(Enum):
    """How much of the run a task stands for."""

    STEP = "the run's own work: red means it broke, and a ticket names it"
    VERDICT = "red is an answer: a gate said no"
    SCORING = "a step of a plan that is ranked by a model, and only looked at in any other"
    WATCHED = "only looked at: no ticket waits for it"


def plays(role: Role) -> Callable[[Callable], Callable]:
    """Let a task's body, below its @task, say which role it plays."""

    def marked(body: Callable) -> Callable:
        body.role = role
        return body

    return marked


def role_of(task) -> Role:
    """Return the role of a task of a parsed DAG: its body says it, or the operator itself."""
    return getattr(getattr(task, "python_callable", task), "role", Role.STEP)


def broken_tasks(dag, states: Mapping[str, str | None], is_ranked_by_model: bool) -> list[str]:
    """Return the tasks a run of a DAG is red for, by name; one the DAG no longer has is one of them."""
    spared = _spared(dag, is_ranked_by_model)
    return [task for task, state in sorted(states.items()) if state in _BROKEN and task not in spared]


def first_unfinished(dag, states: Mapping[str, str | None], is_ranked_by_model: bool) -> str | None:
    """
    Return the first task, in the order they run, that a run ended at: it neither came to an end nor broke.

    Airflow calls every task skipped that had not ended when it gave up the run. None without any state.
    """
    spared = _spared(dag, is_ranked_by_model)
    left = (
        task.task_id
        for task in dag.topological_sort()
        if task.task_id not in spared and states.get(task.task_id) not in ("success", *_BROKEN)
    )
    return next(left, None) if states else None


def _spared(dag, is_ranked_by_model: bool) -> set[str]:
    others = {Role.VERDICT, Role.WATCHED} | (set() if is_ranked_by_model else {Role.SCORING})
    return {task.task_id for task in dag.tasks if role_of(task) in others}
