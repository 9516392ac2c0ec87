"""
What it means for a run when one of its tasks is red: every task says it of itself.

A step that says nothing is one the ticket waits for, so a forgotten word blocks a trade and never lets one
through. Names of tasks mean nothing: a renamed task plays the same role.
"""

from collections.abc import Callable
from enum import Enum


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
