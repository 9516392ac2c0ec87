"""
The rules of the desk, parsed from config/policy.yml.

Pure. A policy is frozen, holds every number as written (Decimal, never a float) and has one hash per
meaning: layout, comments and trailing zeros do not change it. A policy that cannot be used is
refused whole, with the file, the line, the field and what would be accepted.
"""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

import rfc8785
from pydantic import BeforeValidator, Field, ValidationInfo

from trading_ops.config.marked_yaml import Mistake, Section, count, parse_model


class PolicyError(Exception):
    """A policy the desk cannot use; the message names file, line, field and the accepted form."""


def _read_decimal(value: Any, info: ValidationInfo) -> Any:
    # A stored body carries decimals as text; in a file a quoted number is a mistake.
    if info.context == "stored" and isinstance(value, str):
        return Decimal(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value


def _number(description: str, **limits: Any) -> Any:
    field = Field(strict=True, allow_inf_nan=False, description=description, **limits)
    return Annotated[Decimal, BeforeValidator(_read_decimal), field]


Ratio = _number("a fraction from 0 to 1, such as 0.08", ge=0, le=1)
PositiveRatio = _number("a fraction above 0 and up to 1, such as 0.08", gt=0, le=1)
# A limit of 1 or more would let a price fall to nothing.
PriceRatio = _number("a fraction above 0 and below 1, such as 0.03", gt=0, lt=1)
_AMOUNT = {"le": 1_000_000_000, "decimal_places": 2}
Amount = _number("an amount in whole pennies up to 1000000000, such as 25.00", ge=0, **_AMOUNT)
PositiveAmount = _number(
    "an amount in whole pennies above 0 and up to 1000000000, such as 25.00", gt=0, **_AMOUNT
)
Quantity = _number("a number from 0 to 1000, such as 0.001", ge=0, le=1000)
PositiveNumber = _number("a number above 0 and up to 1000, such as 3", gt=0, le=1000)
PositiveCount = count("a whole number of at least 1 and at most 10000, such as 15", ge=1, le=10_000)
Count = count("a whole number from 0 to 10000, such as 2", ge=0, le=10_000)
# A half-day session lasts 210 minutes; a later minute would be after its close.
SessionMinutes = count("whole minutes after the open, from 0 to 210, such as 15", ge=0, le=210)
# A later deadline would lie behind the next week's plan.
ConfirmMinutes = count("whole minutes, from 1 to 10080, which is a week", ge=1, le=10080)
Symbol = Annotated[
    str, Field(strict=True, pattern=r"^[A-Z][A-Z0-9.-]{0,11}$", description="a symbol, such as AAPL")
]
Source = Annotated[
    str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]*$", description="a source name, such as yahoo")
]


class Account(Section):
    """What a portfolio is kept in and what a paper one starts with."""

    base_currency: Annotated[Literal["GBP"], Field(description="GBP")]
    paper_opening_cash_gbp: PositiveAmount


class MarketData(Section):
    """Which vendor is believed first."""

    source_order: Annotated[tuple[Source, ...], Field(min_length=1, description="a list of source names")]


class Signal(Section):
    """What ranks the universe."""

    method: Annotated[
        Literal["static_list", "momentum_12_1", "qlib"],
        Field(description="static_list, momentum_12_1 or qlib"),
    ]
    static_list: Annotated[tuple[Symbol, ...], Field(description="a list of symbols, best first")]
    horizon_sessions_count: PositiveCount


class Model(Section):
    """What a model needs before it may rank for a ticket."""

    age_days_max: PositiveCount
    shadow_weeks_min: Count


class Sizing(Section):
    """What the sizing aims at."""

    positions_count: PositiveCount
    weight_ratio_max: PositiveRatio
    cash_buffer_ratio_min: Ratio
    turnover_ratio_max: Ratio
    order_gbp_min: PositiveAmount
    rebalance_band_ratio: Ratio


class Execution(Section):
    """When and at what price a person may trade."""

    window_open_after_minutes: SessionMinutes
    window_close_after_minutes: SessionMinutes
    confirm_within_minutes: ConfirmMinutes
    price_limit_ratio: PriceRatio


class DataQuality(Section):
    """When prices are good enough to plan on."""

    coverage_ratio_min: Ratio
    jump_ratio_max: PositiveNumber
    lookback_sessions_count: PositiveCount
    window_sessions_count: PositiveCount
    source_disagreement_ratio_max: PositiveRatio
    unfinished_volume_ratio_max: Ratio
    action_checked_ratio_min: Ratio
    action_residual_ratio_max: PriceRatio
    missing_split_tolerance_ratio: Ratio
    missing_split_turnover_max: PositiveNumber
    missing_sessions_max: PositiveCount
    disabled_per_run_max: Count
    fx_age_days_max: PositiveCount
    gbpusd_rate_min: PositiveNumber
    gbpusd_rate_max: PositiveNumber
    fx_jump_ratio_max: PositiveRatio
    fx_disagreement_ratio_max: PositiveRatio


class Reconciliation(Section):
    """How far ledger and broker may differ, and how old a snapshot may be."""

    snapshot_age_days_max: PositiveCount
    cash_drift_gbp_max: Amount
    cash_drift_ratio_max: Ratio
    position_drift_units_max: Quantity
    position_drift_ratio_max: Ratio


class Risk(Section):
    """What no plan may cross."""

    positions_count_max: PositiveCount
    weight_ratio_max: PositiveRatio
    cash_buffer_ratio_min: Ratio
    turnover_ratio_max: Ratio
    drawdown_ratio_max: PositiveRatio
    daily_loss_ratio_max: PositiveRatio
    equity_jump_ratio_max: PositiveRatio
    price_band_atr_max: PositiveNumber
    order_gbp_min: PositiveAmount
    release_persons_min: PositiveCount


class Policy(Section):
    """The whole policy; attribute access follows the file, as in policy.risk.weight_ratio_max."""

    policy_version: count("1", ge=1, le=1)
    account: Account
    market_data: MarketData
    signal: Signal
    model: Model
    sizing: Sizing
    execution: Execution
    data_quality: DataQuality
    reconciliation: Reconciliation
    risk: Risk

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
        return _json_value(self.model_dump())

    def limits(self) -> dict[str, Decimal]:
        """Return every number of the policy under its dotted path."""
        return {name: Decimal(value) for name, value in _numbers(self.model_dump(), "")}


def parse_policy(text: str, name: str) -> Policy:
    """
    Return the policy a YAML text describes; `name` is the file the errors point at.

    Raises PolicyError with one line per mistake.
    """
    return parse_model(text, name, Policy, "the policy", _contradictions, PolicyError)


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
    elif isinstance(value, int | Decimal):
        yield path, value
