-- Trained models, the state each is in, and what they said about a run's symbols.

alter table desk.runs
    drop constraint runs_kind_check,
    add constraint runs_kind_check check (kind in ('daily', 'plan', 'followup', 'reconciliation', 'training')),
    -- What a score repeats from its run, so that it can be held to it by a foreign key.
    add unique (run_id, model_version);

create table desk.model_registry (
    model_version text primary key check (model_version ~ '^[0-9a-f]{64}$'),
    run_id text not null unique references desk.runs (run_id),
    as_of_date date not null,
    train_start_date date not null,
    train_end_date date not null,
    valid_start_date date not null,
    valid_end_date date not null,
    test_start_date date not null,
    test_end_date date not null,
    label text not null,
    horizon_sessions integer not null check (horizon_sessions >= 1),
    features jsonb not null check (jsonb_typeof(features) = 'array'),
    features_count integer not null generated always as (jsonb_array_length(features)) stored,
    features_hash text not null check (features_hash = encode(sha256(convert_to(features::text, 'UTF8')), 'hex')),
    params jsonb not null check (jsonb_typeof(params) = 'object'),
    seed bigint not null,
    versions jsonb not null check (jsonb_typeof(versions) = 'object'),
    git_commit text not null,
    image_digest text,
    dataset_sha256 text not null check (dataset_sha256 ~ '^[0-9a-f]{64}$'),
    workflow_sha256 text not null check (workflow_sha256 ~ '^[0-9a-f]{64}$'),
    metrics jsonb not null check (jsonb_typeof(metrics) = 'object'),
    backtest_metrics jsonb not null check (jsonb_typeof(backtest_metrics) = 'object'),
    created_at timestamptz not null default desk.now(),
    check (train_start_date <= train_end_date),
    -- Without a gap a label of the earlier window is made of prices of the later one.
    check (train_end_date < valid_start_date and valid_start_date <= valid_end_date),
    check (valid_end_date < test_start_date and test_start_date <= test_end_date),
    check (test_end_date <= as_of_date)
);
comment on table desk.model_registry is 'Every model a training run made, and what it was made of.';
comment on column desk.model_registry.model_version is 'SHA-256 of the trees as LightGBM writes them: the same trees are the same model.';
comment on column desk.model_registry.run_id is 'The first training run that made it.';
comment on column desk.model_registry.image_digest is 'The image it was trained in; null for the process runtime.';

alter table desk.runs add foreign key (model_version) references desk.model_registry (model_version);
comment on column desk.runs.model_version is 'The model that scores for a plan: the LIVE one where it is traded on, else the newest in SHADOW.';

create table desk.model_states (
    state_id bigint generated always as identity primary key,
    model_version text not null references desk.model_registry (model_version),
    state text not null check (state in ('CANDIDATE', 'SHADOW', 'LIVE', 'RETIRED')),
    person text not null check (length(trim(person)) > 0),
    reason text not null check (length(trim(reason)) > 0),
    evidence jsonb not null default '{}' check (jsonb_typeof(evidence) = 'object'),
    created_at timestamptz not null default desk.now(),
    check (state <> 'LIVE' or evidence <> '{}')
);
comment on table desk.model_states is
    'What a person decided about a model, and on which evidence. The newest row of a model counts; at most one model is LIVE.';

create view desk.models as
select
    registry.*,
    newest.state_id,
    newest.state,
    newest.person as state_person,
    newest.reason as state_reason,
    newest.created_at as state_since_at
from desk.model_registry as registry
inner join lateral (
    select *
    from desk.model_states as changed
    where changed.model_version = registry.model_version
    order by changed.state_id desc limit 1
) as newest on true;
comment on view desk.models is 'Every registered model with the state it is in.';

create function desk.check_model_state() returns trigger
language plpgsql
set search_path = pg_catalog, desk
as $$
declare
    old_state text;
    live_version text;
begin
    -- Whoever writes it, a state begins now.
    new.created_at := desk.now();
    -- Any other level would read the states as they were before the lock was granted.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'the state of a model is changed at read committed only'
            using errcode = 'integrity_constraint_violation';
    end if;
    perform pg_advisory_xact_lock(hashtext('trading_ops.models')::bigint);
    select state into old_state from desk.models where model_version = new.model_version;
    if (coalesce(old_state, 'NONE'), new.state) not in (
        ('NONE', 'CANDIDATE'),
        ('CANDIDATE', 'SHADOW'), ('CANDIDATE', 'RETIRED'),
        ('SHADOW', 'LIVE'), ('SHADOW', 'RETIRED'),
        ('LIVE', 'RETIRED'),
        ('RETIRED', 'LIVE')
    ) then
        raise exception 'model % is %: it cannot become %', left(new.model_version, 12), coalesce(old_state, 'not registered'), new.state
            using errcode = 'integrity_constraint_violation';
    end if;
    -- Rolling back brings back what a person promoted once, and nothing else.
    if old_state = 'RETIRED' and not exists (
        select from desk.model_states where model_version = new.model_version and state = 'LIVE'
    ) then
        raise exception 'model % was never LIVE: it cannot be brought back', left(new.model_version, 12)
            using errcode = 'integrity_constraint_violation';
    end if;
    if new.state = 'LIVE' then
        select model_version into live_version from desk.models where state = 'LIVE';
        if found then
            raise exception 'model % is LIVE: retire it first', left(live_version, 12)
                using errcode = 'integrity_constraint_violation';
        end if;
    end if;
    return new;
end
$$;
create trigger check_model_state before insert on desk.model_states
for each row execute function desk.check_model_state();
alter table desk.model_states enable always trigger check_model_state;

-- One ranking per method: the one a run trades on, and beside it what a model in SHADOW says.
alter table desk.signals_ranked
    add column method text check (method in ('static_list', 'momentum_12_1', 'qlib')),
    add column ts timestamptz,
    add column horizon_sessions integer check (horizon_sessions >= 1),
    add column side text check (side in ('LONG', 'FLAT')),
    add column prob numeric check (prob between 0 and 1),
    add column ev numeric check (ev > '-Infinity' and ev < 'Infinity'),
    add column model_version text,
    add column config_hash text check (config_hash ~ '^[0-9a-f]{64}$');

alter table desk.signals_ranked disable trigger refuse_row_change;
update desk.signals_ranked set method = run.signal_method
from desk.runs as run where run.run_id = signals_ranked.run_id;
alter table desk.signals_ranked enable always trigger refuse_row_change;

alter table desk.signals_ranked
    alter column method set not null,
    drop constraint signals_ranked_pkey,
    drop constraint signals_ranked_run_id_signal_rank_key,
    add primary key (run_id, method, internal_symbol),
    add unique (run_id, method, signal_rank),
    add constraint signals_ranked_score_is_finite check (score > '-Infinity' and score < 'Infinity'),
    add constraint signals_ranked_by_model_is_whole check (
        num_nonnulls(ts, horizon_sessions, side, prob, ev, model_version, config_hash) = case method when 'qlib' then 7 else 0 end
    ),
    add foreign key (run_id, model_version) references desk.runs (run_id, model_version);
comment on column desk.signals_ranked.ts is 'The close of the as-of session: what the score is based on ends here.';
comment on column desk.signals_ranked.horizon_sessions is 'How many sessions the forecast return spans, from the close after ts.';
comment on column desk.signals_ranked.prob is 'How often scores like this one were followed by a gain, on the model''s validation window.';
comment on column desk.signals_ranked.ev is 'The mean return, a fraction, that followed scores like this one there; side is LONG when it is above 0.';
comment on column desk.signals_ranked.config_hash is 'SHA-256 of the workflow the model was trained by.';

create view inv.i8_qlib_trade_had_live_model as
select ticket.ticket_id, run.run_id, run.model_version, run.frozen_at
from desk.tickets as ticket
inner join desk.runs as run on run.run_id = ticket.run_id
where ticket.kind = 'TRADE'
    and run.signal_method = 'qlib'
    and not exists (
        select from desk.model_states as live
        where live.model_version = run.model_version
            and live.state = 'LIVE'
            and live.created_at <= run.frozen_at
            and not exists (
                select from desk.model_states as later
                where later.model_version = live.model_version
                    and later.state_id > live.state_id
                    and later.created_at < run.frozen_at
            )
    );
comment on view inv.i8_qlib_trade_had_live_model is 'A TRADE ticket ranked by a model had one that was LIVE when its run was frozen.';

create view inv.i9_one_live_model as
select model_version, state_since_at
from desk.models
where state = 'LIVE' and (select count(*) from desk.models as other where other.state = 'LIVE') > 1;
comment on view inv.i9_one_live_model is 'No two models are LIVE at once.';

insert into desk.required_checks (gate, check_name) values ('risk', 'model_approved');

call desk.make_append_only('desk.model_registry');
call desk.make_append_only('desk.model_states');

grant insert, select on desk.model_registry, desk.model_states to desk_planner;
grant select on desk.models to desk_planner;
grant select on desk.model_registry, desk.model_states, desk.models
    to desk_dbt, desk_app, desk_mailer, desk_reader, desk_backup;
grant select on inv.i8_qlib_trade_had_live_model, inv.i9_one_live_model to desk_reader, desk_planner, desk_backup;
