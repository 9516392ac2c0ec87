"""
Why a plan does not trade: judged once, and told by ticket, mail, page and report.

Pure. Every finding is a cause or follows from exactly one, by the table in `causes`; what follows stays in
full beside its cause, so nothing is hidden.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from trading_ops.plan.causes import FOLLOWS, NO_VERDICT, STEPS, Saw
from trading_ops.plan.gates import GATES

NO_SENTENCE = "(no reason was stored)"
# Where a reason comes from, in the order people read them.
SOURCES = ("step", *GATES, "decision", "orders", "window", "database")


@dataclass(frozen=True)
class Reason:
    """Why a plan does not trade: the gate or step it came from, the smallest fix, what follows from it."""

    source: str
    check_name: str
    sentence: str
    fix: str
    follows: tuple["Reason", ...] = ()

    @property
    def key(self) -> str:
        """The name of the check or step among all of them."""
        return f"{self.source}.{self.check_name}"

    def as_json(self) -> dict[str, Any]:
        """Return it as decisions and tickets store it."""
        told = {
            "source": self.source,
            "check_name": self.check_name,
            "reason": self.sentence,
            "fix": self.fix,
        }
        return told | ({"follows": [reason.as_json() for reason in self.follows]} if self.follows else {})


@dataclass(frozen=True)
class Finding:
    """What failed and what it observed, None is unknown; not yet said is whether it follows from another."""

    reason: Reason
    observed: Decimal | float | str | None = None
    has_verdict: bool = True

    @property
    def saw(self) -> Saw:
        """What kind of observation it is; what is no number is unknown."""
        try:
            observed = Decimal(str(self.observed))
        except ArithmeticError:
            return Saw.UNKNOWN
        if not observed.is_finite():
            return Saw.UNKNOWN
        if observed == 0:
            return Saw.NOTHING
        return Saw.FIGURE if observed > 0 else Saw.OPPOSITE


def fold(findings: Iterable[Finding]) -> tuple[Reason, ...]:
    """Return the causes in the order people read them, each with everything that follows from it."""
    failed = {finding.reason.key: finding for finding in findings}
    following: dict[str, list[Reason]] = {key: [] for key in failed}
    for key, finding in failed.items():
        following[_root_of(key, failed)].append(finding.reason)
    return in_order(
        replace(cause, follows=in_order(reason for reason in following[cause.key] if reason != cause))
        for cause in (finding.reason for finding in failed.values())
        if cause in following[cause.key]
    )


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return reasons in the order people read them: by source, steps in the order they run."""
    return tuple(sorted(reasons, key=_place))


def stored_reasons(rows: Iterable[Mapping[str, Any] | str]) -> tuple[Reason, ...]:
    """
    Return stored reasons; old decisions say `gate` and `check`, and a row may be a mere sentence.

    Whatever else a row is, it is a reason that says what stands there: a page that fails says nothing.
    """
    return tuple(
        Reason(
            _text(row, "source", "gate"),
            _text(row, "check_name", "check"),
            _text(row, "reason") or NO_SENTENCE,
            _text(row, "fix"),
            stored_reasons(row["follows"]) if isinstance(row.get("follows"), list) else (),
        )
        if isinstance(row, Mapping)
        else Reason("", "", row if isinstance(row, str) and row.strip() else NO_SENTENCE, "")
        for row in rows
    )


def _text(row: Mapping[str, Any], *names: str) -> str:
    found = [row[name] for name in names if isinstance(row.get(name), str)]
    return found[0] if found else ""


def _root_of(key: str, failed: Mapping[str, Finding]) -> str:
    finding = failed[key]
    for arrow in FOLLOWS.get(key, ()) if finding.has_verdict else NO_VERDICT:
        cause = failed.get(arrow.cause)
        if (
            cause is not None
            and finding.saw in arrow.saw
            and cause.saw in arrow.cause_saw
            and all(other in failed and failed[other].saw in saw for other, saw in arrow.where)
        ):
            return _root_of(arrow.cause, failed)
    return key


def _place(reason: Reason) -> tuple[int, int]:
    source = SOURCES.index(reason.source) if reason.source in SOURCES else len(SOURCES)
    is_step = reason.source == "step" and reason.check_name in STEPS
    return source, STEPS.index(reason.check_name) if is_step else len(STEPS)
