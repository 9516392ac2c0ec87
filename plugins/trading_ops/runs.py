"""
Freezing a run: policy, universe, data snapshot, calendar and code, under one name.

Everything a run decides is decided from what is frozen here, so it can be replayed. Freezing with
the same idempotency key returns the same run.
"""

import hashlib
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg.types.json import Jsonb

from trading_ops import sessions
from trading_ops.code_version import code_version
from trading_ops.db.connect import queries
from trading_ops.ops import clock
from trading_ops.ops.switches import disabled_symbols
from trading_ops.policy import Policy, policy_of_body
from trading_ops.settings import PROJECT_ROOT, Settings, settings

if TYPE_CHECKING:
    from trading_ops.universe import Universe

# A portfolio of these kinds has no broker of its own, so the desk says what it opens with.
SELF_FUNDED_KINDS = ("paper", "simulated")


class RunError(Exception):
    """A run cannot be frozen or found; the message says why and how to go on."""


@dataclass(frozen=True)
class Run:
    """One row of desk.runs."""

    run_id: str
    portfolio_id: str
    kind: str
    idempotency_key: str
    as_of_date: date
    plan_week: str | None
    attempt_number: int
    data_snapshot_id: int
    policy_hash: str
    universe_hash: str
    calendar_hash: str
    config_hash: str
    git_commit: str
    is_dirty: bool
    signal_method: str
    image_digest: str | None
    model_version: str | None
    shadow_model_version: str | None
    window_open_at: datetime | None
    window_close_at: datetime | None
    deadline_at: datetime | None
    frozen_at: datetime


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

    Symbols that are switched off are frozen as disabled. A plan is frozen with up to two models, the one it
    trades on and the one it watches. `image_digest` names the image of its Qlib steps. Waits for a load that is
    under way. Raises RunError for a day that is no session, a desk without data or portfolio, a key used for
    another run, or a week that already has a TRADE ticket.
    """
    portfolio_id = (config or settings()).portfolio_id
    if not sessions.is_session(as_of_date):
        raise RunError(
            f"{as_of_date} is not a session of the exchange; "
            f"the last one before it is {sessions.session_on_or_before(as_of_date)}"
        )
    commit, is_dirty = code_version(PROJECT_ROOT)
    with connection.transaction():
        # Also keeps two freezes apart, so attempts and names are counted by one at a time.
        queries.lock_loads(connection)
        earlier = queries.run_by_key(connection, idempotency_key=idempotency_key)
        if earlier:
            return _same_run(_run(earlier), portfolio_id, kind, as_of_date)
        plan_week = _plan_week(connection, portfolio_id, as_of_date) if kind == "plan" else None
        data_snapshot_id = queries.newest_load(connection)
        if data_snapshot_id is None:
            raise RunError("no market data is loaded yet; load bars first")
        if queries.portfolio_kind(connection, portfolio_id=portfolio_id) is None:
            raise RunError(f"portfolio {portfolio_id} does not exist yet; create it first")
        if policy.signal.method == "static_list":
            _require_known(policy, universe)
        policy_hash = store_policy(connection, policy)
        universe_hash = store_universe(connection, universe.without(disabled_symbols(connection)))
        calendar_hash = store_calendar(connection)
        window, models = None, {"model_version": None, "shadow_model_version": None}
        if kind == "plan":
            models = queries.models_for_plan(
                connection, as_of_date=as_of_date, signal_method=policy.signal.method
            )
            window = sessions.execution_window(
                sessions.execution_session(as_of_date), policy.execution
            )
        last_attempt = queries.last_attempt(
            connection,
            portfolio_id=portfolio_id,
            kind=kind,
            as_of_date=as_of_date,
            plan_week=plan_week,
        )
        row = queries.insert_run(
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
            **models,
            window_open_at=window.open_at if window else None,
            window_close_at=window.close_at if window else None,
            deadline_at=window.deadline_at if window else None,
        )
        return _run(row)


def load_run(connection: psycopg.Connection, run_id: str) -> Run:
    """Return a frozen run; raises RunError when there is none of that name."""
    row = queries.run_by_id(connection, run_id=run_id)
    if row is None:
        raise RunError(f"run {run_id} does not exist")
    return _run(row)


def load_policy(connection: psycopg.Connection, policy_hash: str) -> Policy:
    """Return the stored policy of a hash; raises RunError when it is missing or was changed since."""
    body = queries.policy_body(connection, policy_hash=policy_hash)
    if body is None:
        raise RunError(f"policy {policy_hash} is not stored")
    policy = policy_of_body(body)
    if policy.policy_hash != policy_hash:
        raise RunError(
            f"the stored policy {policy_hash} has other contents than when it was frozen"
        )
    return policy


def store_policy(connection: psycopg.Connection, policy: Policy) -> str:
    """Store a policy and its limits unless they are there, make it the active one, return its hash."""
    policy_hash = policy.policy_hash
    queries.store_policy(connection, policy_hash=policy_hash, body=Jsonb(policy.body()))
    rows = [
        {"policy_hash": policy_hash, "limit_name": name, "limit_value": value}
        for name, value in policy.limits().items()
    ]
    queries.store_policy_limits(connection, rows)
    queries.activate_policy(connection, policy_hash=policy_hash)
    return policy_hash


def store_universe(connection: psycopg.Connection, universe: "Universe") -> str:
    """Store a universe and its rows unless they are there, make it the active one, return its hash."""
    universe_hash = universe.universe_hash
    if queries.store_universe_version(connection, universe_hash=universe_hash):
        key = {"universe_hash": universe_hash}
        queries.store_universe_entries(connection, [key | asdict(row) for row in universe.entries])
        queries.store_universe_aliases(connection, [key | asdict(row) for row in universe.aliases])
    queries.activate_universe(connection, universe_hash=universe_hash)
    return universe_hash


def store_calendar(connection: psycopg.Connection) -> str:
    """Store the sessions the desk knows unless they are there, return their hash."""
    calendar_hash = sessions.calendar_hash()
    if not queries.calendar_is_stored(connection, calendar_hash=calendar_hash):
        lines = sessions.calendar_text().splitlines(keepends=True)
        with connection.cursor() as cursor, cursor.copy(queries.copy_calendar.sql) as copy:
            copy.write("".join(f"{calendar_hash}\t{line}" for line in lines))
    return calendar_hash


def ensure_portfolio(
    connection: psycopg.Connection, portfolio_id: str, kind: str, policy: Policy
) -> None:
    """
    Create a portfolio unless it exists (as desk_planner, one transaction).

    A paper or simulated one opens with the policy's cash and a broker snapshot that shows it, once.
    Raises RunError when it exists as another kind.
    """
    with connection.transaction():
        queries.lock_portfolio(connection, portfolio_id=portfolio_id)
        existing = queries.portfolio_kind(connection, portfolio_id=portfolio_id)
        if existing == kind:
            return
        if existing:
            raise RunError(
                f"portfolio {portfolio_id} exists as a {existing} portfolio, not as a {kind} one"
            )
        queries.insert_portfolio(connection, portfolio_id=portfolio_id, kind=kind)
        if kind not in SELF_FUNDED_KINDS:
            return
        now_at = clock.now(connection).isoformat()
        cash_gbp = str(policy.account.paper_opening_cash_gbp)
        opening = {
            "portfolio_id": portfolio_id,
            "person": "desk",
            "idempotency_key": f"opening:{portfolio_id}",
        }
        deposit = {
            "kind": "deposit",
            "amount_gbp": cash_gbp,
            "occurred_at": now_at,
            "notes": f"{kind} opening cash",
        }
        queries.record_cash_movement(connection, request=Jsonb(opening | deposit))
        shown = {"source": "form", "cash_gbp": cash_gbp, "taken_at": now_at, "positions": []}
        queries.record_snapshot(connection, request=Jsonb(opening | shown))


def _plan_week(connection: psycopg.Connection, portfolio_id: str, as_of_date: date) -> str:
    week = sessions.plan_week(sessions.execution_session(as_of_date))
    ticket_id = queries.trade_ticket_of_week(connection, portfolio_id=portfolio_id, plan_week=week)
    if ticket_id:
        raise RunError(
            f"week {week} already has the TRADE ticket {ticket_id}; it cannot be planned again"
        )
    return week


def _same_run(run: Run, portfolio_id: str, kind: str, as_of_date: date) -> Run:
    if (run.portfolio_id, run.kind, run.as_of_date) != (portfolio_id, kind, as_of_date):
        raise RunError(
            f"the key {run.idempotency_key} already froze the {run.kind} run {run.run_id} "
            f"of {run.portfolio_id} as of {run.as_of_date}"
        )
    return run


def _require_known(policy: Policy, universe: "Universe") -> None:
    unknown = sorted(
        set(policy.signal.static_list) - {entry.internal_symbol for entry in universe.entries}
    )
    if unknown:
        raise RunError(
            f"signal.static_list names symbols the universe does not have: {', '.join(unknown)}"
        )


def _free_run_id(connection: psycopg.Connection, commit: str) -> str:
    # A simulated clock stands still between moves, so several runs can share a second.
    named_at = clock.now(connection)
    while True:
        run_id = f"{named_at.astimezone(UTC):%Y%m%d-%H%M%S}Z-git{commit[:7]}"
        if not queries.run_id_is_taken(connection, run_id=run_id):
            return run_id
        named_at += timedelta(seconds=1)


def _config_hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _run(row: dict) -> Run:
    return Run(**{field.name: row[field.name] for field in fields(Run)})
