"""
Approval: which model may rank for tickets, decided by a person on evidence that is kept.

The database holds every step to the order CANDIDATE, SHADOW, LIVE, RETIRED and to one LIVE model; what is
asked here on top is the evidence of the policy.
"""

from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.config.policy import Policy
from trading_ops.db.connect import beside, queries
from trading_ops.models.changelog import write_changelog
from trading_ops.models.registry import ModelError
from trading_ops.settings import Settings

# An unset variable of a shell is an empty name, and every version starts with that.
_NAME_LENGTH_MIN = 6


def find_model(connection: psycopg.Connection, name: str) -> dict[str, Any]:
    """
    Return the one model whose version starts with a name; raises ModelError for none, for several, and for a
    name so short that it means whichever there is.
    """
    found = list(queries.models.models_named(connection, prefix=name))
    if len(found) != 1 or len(name) < _NAME_LENGTH_MIN:
        raise ModelError(
            f"{len(found)} models have a version that starts with {name!r}; name one by at least "
            f"{_NAME_LENGTH_MIN} characters"
        )
    return found[0]


def evidence_for(connection: psycopg.Connection, model: dict[str, Any], portfolio_id: str) -> dict[str, Any]:
    """
    Return what speaks for and against a model in a portfolio, as JSON values.

    Age in days, weeks in which its scores were stored, each week's comparison with the ranking that was
    traded on (as far as dbt has built it), the mean of the realised rank ICs, and what training and backtest
    measured.
    """
    asked = {"portfolio_id": portfolio_id, "model_version": model["model_version"]}
    weeks = []
    with beside(connection) as reader:
        if queries.models.comparisons_are_built(reader):
            weeks = list(queries.models.model_comparisons(reader, **asked))
    realised = [week["rank_ic"] for week in weeks if week["rank_ic"] is not None]
    return {
        "age_days": (queries.clock.now_at(connection).date() - model["as_of_date"]).days,
        "shadow_weeks_count": queries.models.scored_weeks(connection, **asked),
        "realised_weeks_count": len(realised),
        "rank_ic_mean": str(round(sum(realised) / len(realised), 6)) if realised else None,
        "weeks": [{name: _json_value(value) for name, value in week.items()} for week in weeks],
        "metrics": model["metrics"],
        "backtest_metrics": model["backtest_metrics"],
    }


def objections(evidence: dict[str, Any], policy: Policy) -> list[str]:
    """Return what the policy asks for and the evidence does not show."""
    found = []
    if evidence["shadow_weeks_count"] < policy.model.shadow_weeks_min:
        found.append(
            f"its scores were stored in {evidence['shadow_weeks_count']} weeks, "
            f"{policy.model.shadow_weeks_min} needed (model.shadow_weeks_min)"
        )
    if evidence["age_days"] > policy.model.age_days_max:
        found.append(
            f"it is {evidence['age_days']} days old, {policy.model.age_days_max} allowed (model.age_days_max)"
        )
    if not evidence["backtest_metrics"]:
        found.append("its backtest measured nothing")
    return found


def shadow(connection: psycopg.Connection, name: str, person: str, reason: str, config: Settings) -> str:
    """Let a CANDIDATE score beside the ranking that is traded on; return its version."""
    version = _change(connection, find_model(connection, name), "SHADOW", person, reason)
    write_changelog(connection, config)
    return version


def promote(
    connection: psycopg.Connection, name: str, person: str, reason: str, policy: Policy, config: Settings
) -> str:
    """
    Let a model in SHADOW rank for tickets, in the place of the LIVE one, and return its version.

    Its evidence is stored with the decision. Raises ModelError when the policy asks for more.
    """
    with connection.transaction():
        model = find_model(connection, name)
        label = model["model_version"][:12]
        # One that was LIVE before comes back by roll_back, which says so.
        if model["state"] != "SHADOW":
            raise ModelError(f"{label} is {model['state']}, not in SHADOW")
        evidence = evidence_for(connection, model, config.portfolio_id)
        missing = objections(evidence, policy)
        if missing:
            raise ModelError(f"{label} is not promoted: {'; '.join(missing)}")
        _retire_live(connection, person, f"replaced by {label}")
        version = _change(connection, model, "LIVE", person, reason, evidence)
    write_changelog(connection, config)
    return version


def retire(connection: psycopg.Connection, name: str, person: str, reason: str, config: Settings) -> str:
    """Take a model out of use and return its version; only one that was LIVE can come back."""
    version = _change(connection, find_model(connection, name), "RETIRED", person, reason)
    write_changelog(connection, config)
    return version


def roll_back(connection: psycopg.Connection, person: str, reason: str, config: Settings) -> str:
    """
    Make the model LIVE again that was LIVE before, retire the one that is, and return the former's version.

    Both in one transaction, so no plan is frozen without a model in between. Raises ModelError when no other
    model was ever LIVE.
    """
    with connection.transaction():
        live = queries.models.live_version(connection)
        earlier = queries.models.last_live_version(connection, live_version=live)
        if earlier is None:
            raise ModelError("no other model was LIVE before, so there is none to go back to")
        model = find_model(connection, earlier)
        evidence = {"rolled_back_from": live} | evidence_for(connection, model, config.portfolio_id)
        _retire_live(connection, person, f"rolled back: {reason}")
        version = _change(connection, model, "LIVE", person, reason, evidence)
    write_changelog(connection, config)
    return version


def _retire_live(connection: psycopg.Connection, person: str, reason: str) -> None:
    live = queries.models.live_version(connection)
    if live is not None:
        _change(connection, find_model(connection, live), "RETIRED", person, reason)


def _change(
    connection: psycopg.Connection,
    model: dict[str, Any],
    state: str,
    person: str,
    reason: str,
    evidence: dict[str, Any] | None = None,
) -> str:
    if not person.strip() or not reason.strip():
        raise ModelError("a decision needs the name of a person and a reason")
    try:
        with connection.transaction():
            queries.models.record_model_state(
                connection,
                model_version=model["model_version"],
                state=state,
                person=person.strip(),
                reason=reason.strip(),
                evidence=Jsonb(evidence or {}),
            )
    except psycopg.errors.IntegrityConstraintViolation as refusal:
        raise ModelError(refusal.diag.message_primary) from None
    return model["model_version"]


def _json_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value
