"""
What a failed check or a broken step may follow from: one table, read by `reasons`.

Pure. An arrow holds only where the one that follows could see nothing itself and its cause says what it
lacked. So a violation that anybody saw is never explained away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, auto

from trading_ops.plan.checks import CHECKS

# The tasks a ticket waits for, in the order they run, each with those before it that it cannot do without.
# Those of a model count in a plan that it ranks. What runs whatever came before it broke by itself.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "wait_for_turn": (),
    "freeze_inputs": (),
    "build_prices": ("freeze_inputs",),
    "build_book": ("build_prices",),
    "export_dataset": ("build_book",),
    "make_dataset": ("export_dataset",),
    "score_model": ("make_dataset",),
    "store_scores": ("score_model",),
    "wait_for_scores": ("store_scores", "build_book"),
    "rank_universe": ("wait_for_scores", "build_book"),
    "size_orders": ("rank_universe", "build_book"),
    # On a new desk the tables it reads are made by these two.
    "build_gates": ("build_prices", "build_book"),
    "decide": (),
}
STEPS = tuple(NEEDED)


class Saw(Flag):
    """What a check observed: nothing it could look at, that there is none, a figure, or one below nothing."""

    UNKNOWN = auto()
    NOTHING = auto()
    FIGURE = auto()
    OPPOSITE = auto()


NO_FIGURE = Saw.UNKNOWN | Saw.NOTHING
ANYTHING = NO_FIGURE | Saw.FIGURE | Saw.OPPOSITE


@dataclass(frozen=True)
class From:
    """
    What saw `saw` follows from a failed `cause` that saw `cause_saw`.

    `where` names others that must have failed as well, with what they saw.
    """

    cause: str
    cause_saw: Saw = ANYTHING
    saw: Saw = Saw.UNKNOWN
    where: tuple[tuple[str, Saw], ...] = ()


def _from(*causes: str) -> tuple[From, ...]:
    return tuple(From(cause) for cause in causes)


def _steps_before(step: str) -> tuple[From, ...]:
    return tuple(
        arrow for needed in NEEDED[step] for arrow in (From(f"step.{needed}"), *_steps_before(needed))
    )


_ANY_STEP = tuple(f"step.{step}" for step in STEPS)
# Without a bar of the session, or without prices at all, there is nothing to look at.
_PRICES = (From("data_quality.coverage", NO_FIGURE),)
_SNAPSHOT = (From("reconciliation.snapshot_recent", Saw.UNKNOWN), From("step.build_book"))
# Cash, a rate, and a price for every holding; a coverage that is too low says nothing of a single one.
_SIZED = (
    *_from("step.build_prices", "step.build_book"),
    From("data_quality.coverage", NO_FIGURE),
    From("data_quality.fx_present", Saw.UNKNOWN),
)
# What could not be sized says which holding lacks its price.
_BOOK = (*_SIZED, From("risk.sizes_possible", NO_FIGURE))

# Every step and every required check, with what it may follow from; the first that failed is its cause. An
# empty row never follows: it reads what people decided or did, and lacks no other check's input.
FOLLOWS: Mapping[str, tuple[From, ...]] = {
    **{f"step.{step}": _steps_before(step) for step in STEPS},
    # Nothing is to be waited for where no model ranks.
    "step.wait_for_scores": (From("risk.model_approved", Saw.NOTHING), *_steps_before("wait_for_scores")),
    # The audit refuses to publish nothing: where there is no bar at all, that is what broke the step.
    "step.build_prices": (
        From("data_quality.coverage", Saw.NOTHING, where=(("data_quality.freshness", Saw.UNKNOWN),)),
        *_steps_before("build_prices"),
    ),
    "data_quality.universe_not_empty": (),
    # That no bar is of the session follows from bars that end before it.
    "data_quality.coverage": (
        *_from("step.build_prices", "data_quality.universe_not_empty"),
        From("data_quality.freshness", Saw.FIGURE, saw=Saw.NOTHING),
    ),
    "data_quality.freshness": _PRICES,
    # It is unknown only where the universe names none.
    "data_quality.benchmark_present": (From("data_quality.coverage", NO_FIGURE, saw=Saw.NOTHING),),
    "data_quality.no_duplicates": _PRICES,
    "data_quality.prices_valid": _PRICES,
    "data_quality.jumps_explained": _PRICES,
    "data_quality.sources_agree": _PRICES,
    "data_quality.series_distinct": _PRICES,
    "data_quality.history_current": _PRICES,
    "data_quality.actions_sound": _PRICES,
    "data_quality.calendar_agrees": _PRICES,
    # Bars and rates come apart: only a build that broke lacks both for one reason.
    "data_quality.fx_present": _from("step.build_prices"),
    "data_quality.fx_plausible": (
        *_from("step.build_prices"),
        From("data_quality.fx_present", Saw.UNKNOWN, saw=Saw.UNKNOWN),
    ),
    "confirmation.previous_ticket_confirmed": (),
    "reconciliation.snapshot_recent": (),
    "reconciliation.snapshot_after_last_entry": _SNAPSHOT,
    "reconciliation.cash_matches": _SNAPSHOT,
    "reconciliation.positions_match": _SNAPSHOT,
    "reconciliation.positions_known": _SNAPSHOT,
    # It counts what the riskguard found, and each of those is a finding of its own.
    "risk.riskguard_agrees": (
        From("step.size_orders"),
        *(From(f"risk.{check.__name__}", saw=Saw.FIGURE) for check in CHECKS),
    ),
    "risk.sizes_possible": _SIZED,
    "risk.positions_count": _BOOK,
    "risk.position_weight": _BOOK,
    "risk.cash_buffer": _BOOK,
    "risk.turnover": _BOOK,
    "risk.long_only": _BOOK,
    "risk.drawdown": _BOOK,
    "risk.daily_loss": _BOOK,
    "risk.equity_jump": _BOOK,
    "risk.price_band": _from("step.build_book"),
    "risk.symbols_tradable": _from("data_quality.universe_not_empty"),
    "risk.symbols_verified": (),
    "risk.mail_reaches_people": (),
    "risk.halt_released": (),
    "risk.clock_right": (),
    # It is unknown only where an approved model scored nothing.
    "risk.model_approved": _from(
        "step.export_dataset", "step.make_dataset", "step.score_model", "step.store_scores"
    ),
    "decision.decided": _from("step.decide", *_ANY_STEP),
}
# A check for which nothing was computed follows from the step that computes them all; a gate that was never
# judged follows from whatever step its run ended at.
NO_VERDICT = _from("step.build_gates", *_ANY_STEP)
