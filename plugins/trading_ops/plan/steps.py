"""
The steps of a plan: rank, size, judge and decide, between Postgres and the pure parts.

Each step writes once per run, in one transaction, and returns what is stored; a second call
changes nothing and returns the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.config.policy import Policy
from trading_ops.db.connect import beside, queries
from trading_ops.plan import decision
from trading_ops.plan.book import Book, Day, Holding, Instrument, Order, Plan, Target
from trading_ops.plan.checks import Check, run_checks
from trading_ops.plan.decision import Decision, Evidence, GateResult
from trading_ops.plan.ranking import Ranked, rank_scores, rank_static_list
from trading_ops.plan.reasons import Reason, stored_reasons
from trading_ops.plan.sizing import size_plan
from trading_ops.runs.frozen import load_policy
from trading_ops.runs.run import Run, load_run


class PlanError(Exception):
    """A step lacks what an earlier one must provide; the message names it and how to go on."""


@dataclass(frozen=True)
class SizedPlan:
    """What sizing stored: a target per symbol, the orders in line order, and the riskguard's checks."""

    targets: tuple[Target, ...]
    orders: tuple[Order, ...]
    checks: tuple[Check, ...]


def rank_universe(connection: psycopg.Connection, run_id: str) -> tuple[Ranked, ...]:
    """
    Rank the run's universe by the policy's signal and return the ranking, best first.

    Raises PlanError when a model ranks and its scores are not stored.
    """
    run = load_run(connection, run_id)
    with connection.transaction():
        queries.plan.lock_plan(connection, run_id=run_id)
        stored = list(queries.plan.ranked(connection, run_id=run_id))
        if run.signal_method == "qlib":
            _require_scores(run, stored)
        # An empty ranking stays empty once the run was sized on it.
        elif not stored and not list(queries.plan.risk_checks(connection, run_id=run_id)):
            ranking = _rank(connection, run, load_policy(connection, run.policy_hash))
            queries.plan.insert_ranked(
                connection,
                [
                    {
                        "run_id": run_id,
                        "method": run.signal_method,
                        "internal_symbol": item.symbol,
                        "signal_rank": item.rank,
                        "score": item.score,
                    }
                    for item in ranking
                ],
            )
            stored = list(queries.plan.ranked(connection, run_id=run_id))
    return tuple(Ranked(**row) for row in stored)


def size_orders(connection: psycopg.Connection, run_id: str) -> SizedPlan:
    """
    Size the run's orders, check them, and return targets, orders and checks.

    Raises PlanError when the run's book was not built. A missing price or rate is no error: it
    gives no orders and a check that is not clear.
    """
    run = load_run(connection, run_id)
    with connection.transaction():
        queries.plan.lock_plan(connection, run_id=run_id)
        if not list(queries.plan.risk_checks(connection, run_id=run_id)):
            policy = load_policy(connection, run.policy_hash)
            book = _read_book(connection, run)
            plan = size_plan(book, policy)
            _store_plan(connection, run_id, plan, run_checks(book, plan, policy))
        return _stored_plan(connection, run_id)


def judge_gate(connection: psycopg.Connection, run_id: str, gate: str) -> GateResult:
    """Let the database judge one gate of a run and return its status and the verdicts it read."""
    with connection.transaction():
        queries.plan.judge_gate(connection, run_id=run_id, gate=gate)
        return _gate_results(connection, run_id)[gate]


def decide(connection: psycopg.Connection, run_id: str, broken_steps: Sequence[str] = ()) -> Decision:
    """
    Decide on a run once and return the decision; a gate that was not judged counts against it.

    `broken_steps` names the steps of the run that did not finish.
    """
    with connection.transaction():
        queries.plan.lock_plan(connection, run_id=run_id)
        if stored_decision(connection, run_id) is None:
            made = decision.decide(read_evidence(connection, run_id, broken_steps))
            queries.plan.insert_decision(
                connection,
                run_id=run_id,
                is_approved=made.is_approved,
                reasons=Jsonb([reason.as_json() for reason in made.reasons]),
            )
        return stored_decision(connection, run_id)


def stored_decision(connection: psycopg.Connection, run_id: str) -> Decision | None:
    """Return the decision on a run, or None before there is one."""
    stored = queries.plan.decision(connection, run_id=run_id)
    return stored and Decision(stored["is_approved"], stored_reasons(stored["reasons"]))


def read_evidence(connection: psycopg.Connection, run_id: str, broken_steps: Sequence[str]) -> Evidence:
    """Read what a decision on a run is made of."""
    plan = _stored_plan(connection, run_id)
    names = queries.plan.search_names(connection, run_id=run_id)
    return Evidence(
        gates=_gate_results(connection, run_id),
        risk_checks=plan.checks,
        orders=plan.orders,
        search_names={row["internal_symbol"]: row["etoro_search_name"] for row in names},
        broken_steps=broken_steps,
        away=queries.plan.executor_away(connection, run_id=run_id),
        has_executor=any(row["role"] == "executor" for row in queries.operator.people(connection)),
    )


def gate_reasons(connection: psycopg.Connection, run_id: str, gate: str) -> tuple[Reason, ...]:
    """Return what speaks against one gate of any run, a daily one too; not judged is a reason."""
    return decision.gate_reasons(gate, _gate_results(connection, run_id).get(gate))


def _rank(connection: psycopg.Connection, run: Run, policy: Policy) -> tuple[Ranked, ...]:
    if run.signal_method == "static_list":
        return rank_static_list(policy.signal.static_list)
    with beside(connection) as reader:
        scores = queries.plan.scores(reader, run_id=run.run_id)
        return rank_scores({row["internal_symbol"]: row["score"] for row in scores})


def _require_scores(run: Run, stored: list) -> None:
    if run.model_version is None:
        raise PlanError(
            f"run {run.run_id} was frozen without a model; promote one with `trading-ops model promote`, "
            "or name another signal.method in the policy"
        )
    if not stored:
        raise PlanError(
            f"run {run.run_id} has no scores of the model {run.model_version[:12]}; see why its scoring failed"
        )


def _read_book(connection: psycopg.Connection, run: Run) -> Book:
    with beside(connection) as reader:
        cash = queries.plan.cash(reader, run_id=run.run_id)
        gbpusd_rate = queries.plan.rate(reader, run_id=run.run_id)
        instruments = [Instrument(**row) for row in queries.plan.instruments(reader, run_id=run.run_id)]
        holdings = [Holding(**row) for row in queries.plan.holdings(reader, run_id=run.run_id)]
        days = tuple(Day(**row) for row in queries.plan.days(reader, run_id=run.run_id))
    if cash is None:
        raise PlanError(f"the book of run {run.run_id} is not built: read the log of build_book")
    return Book(
        instruments={instrument.symbol: instrument for instrument in instruments},
        holdings={holding.symbol: holding for holding in holdings},
        ranks={row["symbol"]: row["rank"] for row in queries.plan.ranked(connection, run_id=run.run_id)},
        **cash,
        gbpusd_rate=gbpusd_rate,
        as_of_date=run.as_of_date,
        days=days,
    )


def _store_plan(connection: psycopg.Connection, run_id: str, plan: Plan, checks: tuple[Check, ...]) -> None:
    queries.plan.insert_targets(
        connection,
        [
            {
                "run_id": run_id,
                "internal_symbol": target.symbol,
                "target_weight_ratio": target.weight_ratio,
                "target_value_gbp": target.value_gbp,
                "held_units": target.held_units,
                "held_value_gbp": target.held_value_gbp,
                "binding_constraint": target.binding_constraint,
            }
            for target in plan.targets
        ],
    )
    queries.plan.insert_intended(
        connection,
        [
            {"run_id": run_id, "internal_symbol": order.symbol} | _columns(order, without="symbol")
            for order in plan.orders
        ],
    )
    queries.plan.insert_risk_checks(connection, [{"run_id": run_id} | _columns(check) for check in checks])


def _stored_plan(connection: psycopg.Connection, run_id: str) -> SizedPlan:
    return SizedPlan(
        targets=tuple(Target(**row) for row in queries.plan.targets(connection, run_id=run_id)),
        orders=tuple(Order(**row) for row in queries.plan.intended(connection, run_id=run_id)),
        checks=tuple(Check(**row) for row in queries.plan.risk_checks(connection, run_id=run_id)),
    )


def _gate_results(connection: psycopg.Connection, run_id: str) -> Mapping[str, GateResult]:
    return {
        row["gate"]: GateResult(row["status"], tuple(row["checks"]))
        for row in queries.plan.gate_results(connection, run_id=run_id)
    }


def _columns(value: Any, without: str = "") -> dict[str, Any]:
    return {name: item for name, item in vars(value).items() if name != without}
