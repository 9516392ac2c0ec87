"""
The rules of the desk, parsed from config/policy.yml.

Pure. A policy is frozen, holds every number as written (Decimal, never a float) and has one hash per
meaning: layout, comments and trailing zeros do not change it. A policy that cannot be used is
refused whole, with the file, the line, the field and what would be accepted.
"""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import rfc8785

from trading_ops.config.marked_yaml import Mistake, Section, count, parse_model
from trading_ops.config.policy_sections import (
    Account,
    Clock,
    ConfirmationRules,
    DataQuality,
    Execution,
    FillRules,
    Incidents,
    MarketData,
    Model,
    Reconciliation,
    Reminders,
    Review,
    Risk,
    Signal,
    Sizing,
    UniverseRules,
)


class PolicyError(Exception):
    """A policy the desk cannot use; the message names file, line, field and the accepted form."""


class Policy(Section):
    """The whole policy; attribute access follows the file, as in policy.risk.weight_ratio_max."""

    policy_version: count("1", ge=1, le=1)
    account: Account
    market_data: MarketData
    signal: Signal
    model: Model
    sizing: Sizing
    execution: Execution
    reminders: Reminders
    data_quality: DataQuality
    reconciliation: Reconciliation
    risk: Risk
    # Policies of before them have none: a file without one means this, what was adopted keeps body and hash.
    confirmation: ConfirmationRules = ConfirmationRules(amend_within_days=30)
    fills: FillRules = FillRules(value_disagreement_ratio_max=Decimal("0.02"))
    universe: UniverseRules = UniverseRules(verified_age_days_max=365)
    incidents: Incidents = Incidents(escalate_after_minutes=240, mail_waits_minutes_max=60)
    clock: Clock = Clock(offset_ms_max=50, unknown_blocks=False)
    review: Review = Review(person="", reviewed_date="", age_days_max=180)

    @property
    def canonical_text(self) -> str:
        """The body as canonical JSON (RFC 8785)."""
        return rfc8785.dumps(self.body()).decode()

    @property
    def policy_hash(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(self.canonical_text.encode()).hexdigest()

    def body(self) -> dict[str, Any]:
        """Return the policy as JSON values: decimals as plain text without trailing zeros."""
        return _json_value(self.model_dump(exclude_unset=True))

    def limits(self) -> dict[str, Decimal]:
        """Return every number of the policy under its dotted path."""
        return {name: Decimal(value) for name, value in _numbers(self.model_dump(), "")}


def parse_policy(text: str, name: str) -> Policy:
    """
    Return the policy a YAML text describes; `name` is the file the errors point at.

    Raises PolicyError with one line per mistake.
    """
    policy = parse_model(text, name, Policy, "the policy", _contradictions, PolicyError)
    later = [name for name, field in Policy.model_fields.items() if not field.is_required()]
    return policy.model_copy(update={name: getattr(policy, name) for name in later})


def policy_of_body(body: dict[str, Any]) -> Policy:
    """Return the policy whose body() was stored."""
    return Policy.model_validate(body, context="stored")


# The aim of the sizing may never be looser than the limit the gates hold it to.
_AT_MOST = (
    ("sizing.positions_count", "risk.positions_count_max"),
    ("sizing.weight_ratio_max", "risk.weight_ratio_max"),
    ("sizing.turnover_ratio_max", "risk.turnover_ratio_max"),
)
_AT_LEAST = (
    ("sizing.cash_buffer_ratio_min", "risk.cash_buffer_ratio_min"),
    ("sizing.order_gbp_min", "risk.order_gbp_min"),
)


def _contradictions(policy: Policy) -> list[Mistake]:
    limits = policy.limits()
    found = []
    for name, bound in _AT_MOST:
        if limits[name] > limits[bound]:
            found.append((name, f"{limits[name]} is looser than {bound}", f"at most {limits[bound]}"))
    for name, bound in _AT_LEAST:
        if limits[name] < limits[bound]:
            found.append((name, f"{limits[name]} is looser than {bound}", f"at least {limits[bound]}"))
    window = policy.execution
    if window.window_close_after_minutes <= window.window_open_after_minutes:
        found.append(
            (
                "execution.window_close_after_minutes",
                f"{window.window_close_after_minutes} does not come after the opening of the window",
                f"more than {window.window_open_after_minutes}",
            )
        )
    rules = policy.reminders
    if rules.after_close_minutes + rules.before_deadline_minutes >= window.confirm_within_minutes:
        found.append(
            (
                "reminders.before_deadline_minutes",
                f"{rules.before_deadline_minutes} lies before the reminder that follows the window",
                f"less than {window.confirm_within_minutes - rules.after_close_minutes}",
            )
        )
    if policy.signal.method == "static_list" and not policy.signal.static_list:
        found.append(("signal.static_list", "empty although it is the method", "at least one symbol"))
    for name, listed in (
        ("signal.static_list", policy.signal.static_list),
        ("market_data.source_order", policy.market_data.source_order),
    ):
        if len(set(listed)) < len(listed):
            found.append((name, "names an entry twice", "each entry once"))
    return [(tuple(name.split(".")), problem, accepted) for name, problem, accepted in found]


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _numbers(value: Any, path: str) -> Iterator[tuple[str, int | Decimal]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else key)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield path, value
