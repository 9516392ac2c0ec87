"""
Freezing a run: policy, universe, data snapshot, calendar and code, under one name.

Everything a run decides is decided from what is frozen here, so it can be replayed. Freezing with
the same idempotency key returns the same run.
"""

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.json import Jsonb

from trading_ops.config.policy import Policy
from trading_ops.db import clock
from trading_ops.db.connect import queries
from trading_ops.exchange import sessions
from trading_ops.runs.as_of import require_bars, require_closed
from trading_ops.runs.code_version import code_version
from trading_ops.runs.frozen import adopt_policy, store_calendar
from trading_ops.runs.run import Run, RunError, run_of
from trading_ops.settings import PROJECT_ROOT, Settings, settings
from trading_ops.universe.stored import store_universe
from trading_ops.universe.switches import disabled_symbols

if TYPE_CHECKING:
    from trading_ops.universe.instruments import Universe


def freeze(
    connection: psycopg.Connection,
    *,
    kind: str,
    as_of_date: date,
    idempotency_key: str,
    policy: Policy,
    universe: "Universe",
    image_digest: str | None = None,
    config: Settings | None = None,
) -> Run:
    """
    Freeze a run of the configured portfolio and return it (as desk_planner, one transaction).

    Symbols that are switched off are frozen as disabled. A plan and a daily run are frozen with up to two
    models, the one that is traded on and the one that is watched. `image_digest` names the image of its Qlib
    steps. Waits for a load and an entry that are under way. Raises RunError for a day that is no session,
    has not closed or lies before every bar, for a desk without data or portfolio, a key used for another run,
    or a week that already has a TRADE ticket.
    """
    config = config or settings()
    portfolio_id = config.portfolio_id
    commit, is_dirty = code_version(PROJECT_ROOT)
    with connection.transaction():
        # Also keeps two freezes apart, so attempts and names are counted by one at a time.
        queries.runs.lock_loads(connection)
        earlier = queries.runs.run_by_key(connection, idempotency_key=idempotency_key)
        if earlier:
            return _same_run(run_of(earlier), portfolio_id, kind, as_of_date)
        require_closed(connection, as_of_date)
        require_bars(connection, as_of_date)
        plan_week = _plan_week(connection, portfolio_id, as_of_date) if kind == "plan" else None
        data_snapshot_id = queries.runs.newest_load(connection)
        if data_snapshot_id is None:
            raise RunError("no market data is loaded yet; load bars first")
        if queries.ledger.portfolio_kind(connection, portfolio_id=portfolio_id) is None:
            raise RunError(f"portfolio {portfolio_id} does not exist yet; create it first")
        if policy.signal.method == "static_list":
            _require_known(policy, universe)
        policy_hash = adopt_policy(connection, policy)
        universe_hash = store_universe(connection, universe.without(disabled_symbols(connection)))
        calendar_hash = store_calendar(connection)
        last_attempt = queries.runs.last_attempt(
            connection, portfolio_id=portfolio_id, kind=kind, as_of_date=as_of_date, plan_week=plan_week
        )
        # What is being booked now is there before the run, or comes after it.
        queries.runs.lock_book(connection, portfolio_id=portfolio_id)
        row = queries.runs.insert_run(
            connection,
            run_id=_free_run_id(connection, commit),
            portfolio_id=portfolio_id,
            kind=kind,
            idempotency_key=idempotency_key,
            as_of_date=as_of_date,
            plan_week=plan_week,
            attempt_number=last_attempt + 1,
            data_snapshot_id=data_snapshot_id,
            policy_hash=policy_hash,
            universe_hash=universe_hash,
            calendar_hash=calendar_hash,
            config_hash=_config_hash(policy_hash, universe_hash, calendar_hash),
            git_commit=commit,
            is_dirty=is_dirty,
            signal_method=policy.signal.method,
            image_digest=image_digest,
            **_models_of(connection, kind, as_of_date, policy),
            **_window_columns(kind, as_of_date, policy),
            **mail_columns(config),
        )
        return run_of(row)


def mail_columns(config: Settings) -> dict[str, str | Jsonb]:
    """Return how a desk's mail goes out, and between which addresses, for desk.mail_objection."""
    addresses = [config.mail_from, config.operator_email, config.executor_email]
    return {"mail_way": config.mail, "mail_addresses": Jsonb(addresses)}


def _window_columns(kind: str, as_of_date: date, policy: Policy) -> dict[str, datetime | None]:
    window = None
    if kind == "plan":
        window = sessions.execution_window(sessions.execution_session(as_of_date), policy.execution)
    return {
        "window_open_at": window.open_at if window else None,
        "window_close_at": window.close_at if window else None,
        "deadline_at": window.deadline_at if window else None,
    }


def _models_of(
    connection: psycopg.Connection, kind: str, as_of_date: date, policy: Policy
) -> dict[str, str | None]:
    if kind not in ("plan", "daily"):
        return {"model_version": None, "shadow_model_version": None}
    return queries.models.models_for_plan(
        connection, as_of_date=as_of_date, signal_method=policy.signal.method
    )


def _plan_week(connection: psycopg.Connection, portfolio_id: str, as_of_date: date) -> str:
    week = sessions.plan_week(sessions.execution_session(as_of_date))
    ticket_id = queries.runs.trade_ticket_of_week(connection, portfolio_id=portfolio_id, plan_week=week)
    if ticket_id:
        raise RunError(f"week {week} already has the TRADE ticket {ticket_id}; it cannot be planned again")
    return week


def _same_run(run: Run, portfolio_id: str, kind: str, as_of_date: date) -> Run:
    if (run.portfolio_id, run.kind, run.as_of_date) != (portfolio_id, kind, as_of_date):
        raise RunError(
            f"the key {run.idempotency_key} already froze the {run.kind} run {run.run_id} "
            f"of {run.portfolio_id} as of {run.as_of_date}"
        )
    return run


def _require_known(policy: Policy, universe: "Universe") -> None:
    unknown = sorted(set(policy.signal.static_list) - {entry.internal_symbol for entry in universe.entries})
    if unknown:
        raise RunError(f"signal.static_list names symbols the universe does not have: {', '.join(unknown)}")


def _free_run_id(connection: psycopg.Connection, commit: str) -> str:
    # A simulated clock stands still between moves, so several runs can share a second.
    named_at = clock.now(connection)
    while True:
        run_id = f"{named_at.astimezone(UTC):%Y%m%d-%H%M%S}Z-git{commit[:7]}"
        if not queries.runs.run_id_is_taken(connection, run_id=run_id):
            return run_id
        named_at += timedelta(seconds=1)


def _config_hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
