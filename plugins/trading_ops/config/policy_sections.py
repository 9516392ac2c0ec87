"""
The sections of the policy: what each holds, and what each of its values may be.

Pure. Every field says its accepted form in words, for the refusal of a file that holds something else.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from trading_ops.config.marked_yaml import Section, count


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
EventPersons = count("1, or 2 for a second operator", ge=1, le=2)
PositiveCount = count("a whole number of at least 1 and at most 10000, such as 15", ge=1, le=10_000)
Count = count("a whole number from 0 to 10000, such as 2", ge=0, le=10_000)
# A half-day session lasts 210 minutes; a later minute would be after its close.
SessionMinutes = count("whole minutes after the open, from 0 to 210, such as 15", ge=0, le=210)
# A later deadline would lie behind the next week's plan.
ConfirmMinutes = count("whole minutes, from 1 to 10080, which is a week", ge=1, le=10080)
EscalationMinutes = count("whole minutes, from 1 to 10080, such as 240", ge=1, le=10080)
WaitingMinutes = count("whole minutes, from 5 to 1440, such as 60", ge=5, le=1440)
# Hours of London's day; between the two it is night, and the hour that is missing or twice there lies in it.
NightHour = count("an hour of London's evening, from 17 to 24, such as 23", ge=17, le=24)
MorningHour = count("an hour of London's morning, from 2 to 12, such as 7", ge=2, le=12)
Reader = Annotated[
    str, Field(strict=True, pattern=r"^[\w .@-]{0,60}$", description='a name, or "" while nobody has')
]
Day = Annotated[
    str,
    AfterValidator(lambda text: text and date.fromisoformat(text).isoformat()),
    Field(strict=True, pattern=r"^(\d{4}-\d{2}-\d{2})?$", description='a day such as 2026-11-20, or ""'),
]
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


class ConfirmationRules(Section):
    """Until when what was recorded may be corrected."""

    amend_within_days: PositiveCount


class FillRules(Section):
    """What is asked about a fill once its day's market is known."""

    value_disagreement_ratio_max: PositiveRatio


class UniverseRules(Section):
    """How long a person's word that the broker offers a stock is believed."""

    verified_age_days_max: PositiveCount


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
    event_persons_min: EventPersons = 1


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


class Review(Section):
    """Who has read these rules last, on which day, and for how long that counts."""

    person: Reader
    reviewed_date: Day
    age_days_max: PositiveCount


class Clock(Section):
    """How far off the machine's clock may be."""

    offset_ms_max: PositiveCount
    unknown_blocks: Annotated[bool, Field(strict=True, description="true or false")]


class Reminders(Section):
    """When whoever owes the desk something is written to, and when nobody is."""

    after_close_minutes: ConfirmMinutes
    before_deadline_minutes: ConfirmMinutes
    quiet_from_hour: NightHour
    quiet_until_hour: MorningHour


class Incidents(Section):
    """When an incident nobody has in hand is told again, and how long a mail may wait before it is one."""

    escalate_after_minutes: EscalationMinutes
    # A file of before it means the usual.
    mail_waits_minutes_max: WaitingMinutes = 60
