-- A plan knows two models: the one it trades on and the one it only watches.

alter table desk.runs
    add column shadow_model_version text references desk.model_registry (model_version),
    add constraint runs_watch_another_model check (shadow_model_version <> model_version),
    -- What a score repeats from its run, so that it can be held to it by a foreign key.
    add unique (run_id, shadow_model_version);
comment on column desk.runs.model_version is
    'The LIVE model a plan trades on; null where no model is traded on. In a run older than shadow_model_version, whichever scored.';
comment on column desk.runs.shadow_model_version is
    'The model a plan watches beside that: the newest in SHADOW, else the LIVE one where no model is traded on.';

-- Under `qlib` stands what the model says that is traded on, under `qlib_shadow` what the watched one says.
alter table desk.signals_ranked
    add column traded_model_version text
    generated always as (case method when 'qlib' then model_version end) stored,
    add column shadow_model_version text
    generated always as (case method when 'qlib_shadow' then model_version end) stored,
    drop constraint signals_ranked_run_id_model_version_fkey,
    add foreign key (run_id, traded_model_version) references desk.runs (run_id, model_version),
    add foreign key (run_id, shadow_model_version) references desk.runs (run_id, shadow_model_version),
    drop constraint signals_ranked_method_check,
    add constraint signals_ranked_method_check check (method in ('static_list', 'momentum_12_1', 'qlib', 'qlib_shadow')),
    drop constraint signals_ranked_by_model_is_whole,
    add constraint signals_ranked_by_model_is_whole check (
        num_nonnulls(ts, horizon_sessions, side, prob, ev, model_version, config_hash)
        = case when method in ('qlib', 'qlib_shadow') then 7 else 0 end
    );
