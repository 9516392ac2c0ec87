"""Failures of checks and steps, and how they fold."""

from trading_ops.plan.reasons import Finding, Reason, fold


def failed(key: str, observed=None, has_verdict: bool = True) -> Finding:
    """A failure of a check or step, as step.build_book, with what it observed."""
    source, _, check_name = key.partition(".")
    return Finding(Reason(source, check_name, f"{key} failed.", "Mend it."), observed, has_verdict)


def causes(*findings: Finding) -> dict[str, set[str]]:
    """Fold, and return the keys of what follows by the key of its cause."""
    return {cause.key: {reason.key for reason in cause.follows} for cause in fold(findings)}
