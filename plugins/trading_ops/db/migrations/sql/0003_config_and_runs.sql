-- What a run is made of: policy, universe, portfolio and the frozen inputs.

create table desk.portfolios (
    portfolio_id text primary key check (portfolio_id ~ '^[a-z][a-z0-9_]*$'),
    kind text not null check (kind in ('live', 'paper', 'shadow', 'imported', 'simulated')),
    base_currency text not null check (base_currency = 'GBP'),
    created_at timestamptz not null default desk.now()
);
create unique index one_live_portfolio on desk.portfolios (kind) where kind = 'live';

create table desk.config_policy (
    policy_hash text primary key check (policy_hash ~ '^[0-9a-f]{64}$'),
    body jsonb not null,
    is_active boolean not null default false,
    created_by text not null default session_user,
    created_at timestamptz not null default desk.now()
);
create unique index one_active_policy on desk.config_policy (is_active) where is_active;

create table desk.policy_limits (
    policy_hash text not null references desk.config_policy (policy_hash),
    limit_name text not null,
    limit_value numeric not null,
    primary key (policy_hash, limit_name)
);
comment on table desk.policy_limits is 'Every number of the policy under its dotted path, e.g. data_quality.coverage_ratio_min.';

create table desk.universe_versions (
    universe_hash text primary key check (universe_hash ~ '^[0-9a-f]{64}$'),
    is_active boolean not null default false,
    created_by text not null default session_user,
    created_at timestamptz not null default desk.now()
);
create unique index one_active_universe on desk.universe_versions (is_active) where is_active;

create table desk.config_universe (
    universe_hash text not null references desk.universe_versions (universe_hash),
    internal_symbol text not null,
    vendor_symbol text not null,
    stooq_symbol text,
    yahoo_symbol text,
    etoro_search_name text not null,
    currency text not null check (currency = 'USD'),
    instrument_type text not null check (instrument_type in ('stock', 'etf', 'index')),
    is_benchmark boolean not null,
    is_tradable_underlying boolean not null,
    is_enabled boolean not null,
    notes text not null default '',
    primary key (universe_hash, internal_symbol),
    unique (universe_hash, vendor_symbol),
    -- The desk buys underlying stocks only.
    check (not is_tradable_underlying or instrument_type = 'stock')
);
create unique index one_benchmark on desk.config_universe (universe_hash) where is_benchmark;

create table desk.runs (
    run_id text primary key check (run_id ~ '^[0-9]{8}-[0-9]{6}Z-git[0-9a-f]{7,12}$'),
    portfolio_id text not null references desk.portfolios (portfolio_id),
    kind text not null check (kind in ('daily', 'plan', 'followup', 'reconciliation')),
    idempotency_key text not null unique,
    as_of_date date not null,
    plan_week text check (plan_week ~ '^[0-9]{4}-W[0-9]{2}$'),
    attempt_number integer not null default 1 check (attempt_number >= 1),
    data_snapshot_id bigint not null references raw.loads (load_id),
    policy_hash text not null references desk.config_policy (policy_hash),
    universe_hash text not null references desk.universe_versions (universe_hash),
    calendar_hash text not null,
    config_hash text not null check (config_hash ~ '^[0-9a-f]{64}$'),
    git_commit text not null,
    is_dirty boolean not null,
    signal_method text not null,
    image_digest text,
    model_version text,
    window_open_at timestamptz,
    window_close_at timestamptz,
    deadline_at timestamptz,
    frozen_at timestamptz not null default desk.now(),
    created_at timestamptz not null default desk.now(),
    unique (portfolio_id, kind, as_of_date, plan_week, attempt_number),
    -- What a ticket repeats from its run, so that it can be held to it by a foreign key.
    unique (run_id, portfolio_id, plan_week, window_open_at, window_close_at, deadline_at),
    check ((kind = 'plan') = (plan_week is not null)),
    check ((kind = 'plan') = (window_open_at is not null and window_close_at is not null and deadline_at is not null)),
    check (window_open_at < window_close_at)
);
comment on column desk.runs.data_snapshot_id is 'The run sees the rows of loads up to this load_id and no later ones.';
comment on column desk.runs.plan_week is 'ISO week of the session the ticket is to be executed in.';
comment on column desk.runs.deadline_at is 'Every line must be confirmed by this instant.';

-- Freezing waits for the loader that is under way, so a load can never slip in below the watermark.
create function desk.lock_loads() returns void
language sql volatile
set search_path = pg_catalog
return pg_advisory_xact_lock(hashtext('trading_ops.loads')::bigint);

create function desk.activate_policy(new_policy_hash text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
begin
    if not exists (select from desk.config_policy where policy_hash = new_policy_hash) then
        raise exception 'no policy with hash % is stored', new_policy_hash;
    end if;
    update desk.config_policy set is_active = false where is_active and policy_hash <> new_policy_hash;
    update desk.config_policy set is_active = true where not is_active and policy_hash = new_policy_hash;
end
$$;

create function desk.activate_universe(new_universe_hash text) returns void
language plpgsql security definer
set search_path = pg_catalog, desk
as $$
begin
    if not exists (select from desk.config_universe where universe_hash = new_universe_hash) then
        raise exception 'no universe with hash % is stored', new_universe_hash;
    end if;
    update desk.universe_versions set is_active = false where is_active and universe_hash <> new_universe_hash;
    update desk.universe_versions set is_active = true where not is_active and universe_hash = new_universe_hash;
end
$$;

call desk.make_append_only('desk.portfolios');
call desk.make_append_only('desk.policy_limits');
call desk.make_append_only('desk.config_universe');
call desk.make_append_only('desk.runs');

grant insert, select on desk.portfolios, desk.config_policy, desk.policy_limits, desk.universe_versions,
    desk.config_universe, desk.runs to desk_planner;
grant select on desk.portfolios, desk.config_policy, desk.policy_limits, desk.universe_versions,
    desk.config_universe, desk.runs, desk.instance to desk_loader, desk_dbt, desk_app, desk_mailer, desk_reader, desk_backup;
grant select on desk.instance to desk_planner;
grant execute on function desk.lock_loads() to desk_loader, desk_planner;
grant execute on function desk.activate_policy(text), desk.activate_universe(text) to desk_planner;
