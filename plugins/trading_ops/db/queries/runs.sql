-- name: lock_loads()$
-- Waits for a load that is under way and keeps others out until the transaction ends.
select desk.lock_loads();

-- name: run_by_id(run_id)^
-- One run with everything it was frozen with.
select * from desk.runs where run_id = :run_id;

-- name: run_by_key(idempotency_key)^
-- The run an earlier call with this key froze.
select * from desk.runs where idempotency_key = :idempotency_key;

-- name: newest_load()$
-- The watermark of everything loaded so far.
select max(load_id) from raw.loads;

-- name: portfolio_kind(portfolio_id)$
-- What a portfolio is kept for; null when it does not exist.
select kind from desk.portfolios where portfolio_id = :portfolio_id;

-- name: lock_portfolio(portfolio_id)$
-- One creator of a portfolio at a time.
select pg_advisory_xact_lock(hashtext('trading_ops.portfolio'), hashtext(:portfolio_id));

-- name: insert_portfolio(portfolio_id, kind)!
-- A new, empty portfolio.
insert into desk.portfolios (portfolio_id, kind, base_currency) values (:portfolio_id, :kind, 'GBP');

-- name: record_cash_movement(request)$
-- Books a cash movement once per idempotency key.
select desk.record_cash_movement(:request);

-- name: record_snapshot(request)$
-- Stores what the broker shows once per idempotency key.
select desk.record_snapshot(:request);

-- name: store_policy(policy_hash, body)!
-- A policy version, unless it is stored already.
insert into desk.config_policy (policy_hash, body) values (:policy_hash, :body)
on conflict (policy_hash) do nothing;

-- name: store_policy_limits(policy_hash, limit_name, limit_value)*!
-- The numbers of a policy under their dotted paths.
insert into desk.policy_limits (policy_hash, limit_name, limit_value)
values (:policy_hash, :limit_name, :limit_value)
on conflict (policy_hash, limit_name) do nothing;

-- name: activate_policy(policy_hash)$
-- Makes a stored policy the one active version.
select desk.activate_policy(:policy_hash);

-- name: policy_body(policy_hash)$
-- The body of a stored policy.
select body from desk.config_policy where policy_hash = :policy_hash;

-- name: store_universe_version(universe_hash)!
-- A universe version, unless it is stored already; counts one when it is new.
insert into desk.universe_versions (universe_hash) values (:universe_hash)
on conflict (universe_hash) do nothing;

-- name: store_universe_entries*!
-- The rows of a universe version.
insert into desk.config_universe (
    universe_hash, internal_symbol, vendor_symbol, stooq_symbol, yahoo_symbol, etoro_search_name, currency,
    instrument_type, is_benchmark, is_tradable_underlying, is_enabled, notes, verified_by, verified_at
) values (
    :universe_hash, :internal_symbol, :vendor_symbol, :stooq_symbol, :yahoo_symbol, :etoro_search_name, :currency,
    :instrument_type, :is_benchmark, :is_tradable_underlying, :is_enabled, :notes, :verified_by, :verified_at
);

-- name: store_universe_aliases*!
-- The dated vendor names of a universe version.
insert into desk.config_aliases (
    universe_hash, source, vendor_symbol, internal_symbol, valid_from_date, valid_to_date
) values (:universe_hash, :source, :vendor_symbol, :internal_symbol, :valid_from_date, :valid_to_date);

-- name: calendar_is_stored(calendar_hash)$
-- Whether the sessions of a calendar are stored; they are written all at once.
select exists (select from desk.calendar_sessions where calendar_hash = :calendar_hash);

-- name: copy_calendar()!
-- Stores the sessions of a calendar.
copy desk.calendar_sessions (calendar_hash, session_date, open_at, close_at, expected_at) from stdin;

-- name: activate_universe(universe_hash)$
-- Makes a stored universe the one active version.
select desk.activate_universe(:universe_hash);

-- name: trade_ticket_of_week(portfolio_id, plan_week)$
-- The TRADE ticket a week already has.
select ticket_id from desk.tickets
where portfolio_id = :portfolio_id and plan_week = :plan_week and kind = 'TRADE';

-- name: last_attempt(portfolio_id, kind, as_of_date, plan_week)$
-- The highest attempt so far: per week for a plan, per session otherwise.
select coalesce(max(attempt_number), 0)
from desk.runs
where portfolio_id = :portfolio_id
    and kind = :kind
    and case when :plan_week::text is null then as_of_date = :as_of_date else plan_week = :plan_week end;

-- name: run_id_is_taken(run_id)$
-- Whether a run of this name exists.
select exists (select from desk.runs where run_id = :run_id);

-- name: insert_run(run_id, portfolio_id, kind, idempotency_key, as_of_date, plan_week, attempt_number, data_snapshot_id, policy_hash, universe_hash, calendar_hash, config_hash, git_commit, is_dirty, signal_method, image_digest, model_version, shadow_model_version, window_open_at, window_close_at, deadline_at)^
-- A frozen run; returns it as stored.
insert into desk.runs (
    run_id, portfolio_id, kind, idempotency_key, as_of_date, plan_week, attempt_number, data_snapshot_id,
    policy_hash, universe_hash, calendar_hash, config_hash, git_commit, is_dirty, signal_method,
    image_digest, model_version, shadow_model_version, window_open_at, window_close_at, deadline_at
) values (
    :run_id, :portfolio_id, :kind, :idempotency_key, :as_of_date, :plan_week, :attempt_number, :data_snapshot_id,
    :policy_hash, :universe_hash, :calendar_hash, :config_hash, :git_commit, :is_dirty, :signal_method,
    :image_digest, :model_version, :shadow_model_version, :window_open_at, :window_close_at, :deadline_at
)
returning *;
