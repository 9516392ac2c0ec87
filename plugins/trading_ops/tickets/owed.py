"""
What a person owes the desk: what the next plan would be blocked by, as the page, mails and reminders tell it.

Pure. Postgres finds it by the rules of the gates (`desk.owed`), and `owed_now` asks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trading_ops.plan.reasons import Reason

_PATHS = {
    "confirm": "/confirm/{subject}",
    "snapshot": "/snapshots/new",
    "reconcile": "/snapshots/{subject}",
    "verify": "/symbols",
    "review": "/halt",
    "release": "/halt",
    "plan": "/confirm/{subject}#plan-again",
}
# What has to be done, one after the other, before a reason of a NO-TRADE is gone.
_BOOKS = ("confirm", "snapshot", "reconcile")
_CLEARED_BY = {
    "confirmation.previous_ticket_confirmed": _BOOKS[:1],
    "reconciliation.snapshot_recent": _BOOKS[:2],
    "reconciliation.snapshot_after_last_entry": _BOOKS[:2],
    "reconciliation.cash_matches": _BOOKS,
    "reconciliation.positions_match": _BOOKS,
    "risk.symbols_verified": ("verify",),
    "risk.drawdown": ("review",),
    "risk.halt_released": ("release",),
    "database.desk_not_halted": ("release",),
}
# What was announced beforehand.
_LEFT_OUT = ("window.executor_present", "database.executor_is_there")


@dataclass(frozen=True)
class Owed:
    """One thing a person has to do: who, what, about which ticket or snapshot, from when on and by when."""

    actor: str
    step: str
    subject: str
    words: str
    from_at: datetime
    deadline_at: datetime

    @property
    def task(self) -> str:
        """What is to be done, without the why."""
        return self.words.partition(": ")[0]

    @property
    def why(self) -> str:
        """Why it is to be done, or nothing where that goes without saying."""
        return self.words.partition(": ")[2]

    @property
    def path(self) -> str:
        """Where on the page it is done."""
        return _PATHS[self.step].format(subject=self.subject)


@dataclass(frozen=True)
class Clearing:
    """How far people are with a reason that an act of theirs clears: what is owed first, or nothing more."""

    first: Owed | None


def open_at(owed: Iterable[Owed], now_at: datetime) -> tuple[Owed, ...]:
    """Return what can be done at an instant: lines are recorded from the opening of their window on."""
    return tuple(one for one in owed if one.from_at <= now_at)


def left(owed: Sequence[Owed]) -> str:
    """Return how much there is, in words."""
    return f"{len(owed)} thing{'s' * (len(owed) != 1)} left" if owed else "nothing is left to do"


def replan(
    ticket_id: str, plan_week: str, reasons: Sequence[Reason], closes_at: datetime, now_at: datetime
) -> tuple[Owed, ...]:
    """
    Return what the operator owes the newest ticket, a NO-TRADE, while its week can be planned again.

    A week that is left out because the executor is away asks nobody for anything.
    """
    if now_at >= closes_at or any(reason.key in _LEFT_OUT for reason in reasons):
        return ()
    words = f"have week {plan_week} planned again: once what its NO-TRADE names is mended"
    return (Owed("operator", "plan", ticket_id, words, now_at, closes_at),)


def clearing(reason: Reason, owed: Iterable[Owed]) -> Clearing | None:
    """Return how far people are with a reason, or None for one that no act on the page clears."""
    steps = _CLEARED_BY.get(reason.key)
    return steps and Clearing(next((one for one in owed if one.step in steps), None))
