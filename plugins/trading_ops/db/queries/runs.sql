-- name: lock_loads()$
-- Waits for a load that is under way and keeps others out until the transaction ends.
select desk.lock_loads();

-- name: lock_book(portfolio_id)$
-- Waits for whoever is writing to a book and keeps others out until the transaction ends.
select desk.lock_book(:portfolio_id);

-- name: run_by_id(run_id)^
-- One run with everything it was frozen with.
select * from desk.runs where run_id = :run_id;

-- name: run_by_key(idempotency_key)^
-- The run an earlier call with this key froze.
select * from desk.runs where idempotency_key = :idempotency_key;

-- name: newest_load()$
-- The watermark of everything loaded so far.
select max(load_id) from raw.loads;

-- name: first_bar_after(as_of_date)$
-- The oldest session with a bar, when all are later than a day; null otherwise, which costs no scan.
select min(session_date) from raw.eod_bars
where not exists (select from raw.eod_bars where session_date <= :as_of_date);

-- name: adopt_policy(text)$
-- Stores a policy with its limits, unless it is there, makes it the active one and returns the hash of its text.
select desk.adopt_policy(:text);

-- name: policy_body(policy_hash)$
-- The body of a stored policy.
select body from desk.config_policy where policy_hash = :policy_hash;

-- name: calendar_is_stored(calendar_hash)$
-- Whether the sessions of a calendar are stored; they are written all at once.
select exists (select from desk.calendar_sessions where calendar_hash = :calendar_hash);

-- name: copy_calendar()!
-- Stores the sessions of a calendar.
copy desk.calendar_sessions (calendar_hash, session_date, open_at, close_at, expected_at) from stdin;

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

-- name: insert_run(run_id, portfolio_id, kind, idempotency_key, as_of_date, plan_week, attempt_number, data_snapshot_id, policy_hash, universe_hash, calendar_hash, config_hash, git_commit, is_dirty, signal_method, image_digest, model_version, shadow_model_version, window_open_at, window_close_at, deadline_at, mail_way, mail_addresses)^
-- A frozen run; returns it as stored.
insert into desk.runs (
    run_id, portfolio_id, kind, idempotency_key, as_of_date, plan_week, attempt_number, data_snapshot_id,
    policy_hash, universe_hash, calendar_hash, config_hash, git_commit, is_dirty, signal_method,
    image_digest, model_version, shadow_model_version, window_open_at, window_close_at, deadline_at, mail_way,
    mail_addresses
) values (
    :run_id, :portfolio_id, :kind, :idempotency_key, :as_of_date, :plan_week, :attempt_number, :data_snapshot_id,
    :policy_hash, :universe_hash, :calendar_hash, :config_hash, :git_commit, :is_dirty, :signal_method,
    :image_digest, :model_version, :shadow_model_version, :window_open_at, :window_close_at, :deadline_at, :mail_way,
    :mail_addresses
)
returning *;

-- name: work_tables_are_lost()$
-- Whether dbt's unlogged tables of the market are there and all empty: a crash of the server does that, a build never.
select coalesce(sum(pg_relation_size(relation.oid)) = 0, false)
from pg_class as relation
inner join pg_namespace as room on room.oid = relation.relnamespace
where room.nspname in ('staging', 'intermediate')
    and (starts_with(relation.relname, 'stg_market__') or starts_with(relation.relname, 'int_market__'))
    and relation.relkind = 'r'
    and relation.relpersistence = 'u';
