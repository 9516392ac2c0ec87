-- name: register_model*!
-- A trained model, unless these very trees are registered already; counts one when it is new.
insert into desk.model_registry (
    model_version, run_id, as_of_date, train_start_date, train_end_date, valid_start_date, valid_end_date,
    test_start_date, test_end_date, label, horizon_sessions, features, features_hash, params, seed, versions, git_commit,
    image_digest, dataset_sha256, workflow_sha256, metrics, backtest_metrics
) values (
    :model_version, :run_id, :as_of_date, :train_start_date, :train_end_date, :valid_start_date, :valid_end_date,
    :test_start_date, :test_end_date, :label, :horizon_sessions, :features,
    encode(sha256(convert_to(:features::text, 'UTF8')), 'hex'), :params, :seed, :versions, :git_commit,
    :image_digest, :dataset_sha256, :workflow_sha256, :metrics, :backtest_metrics
)
on conflict (model_version) do nothing;

-- name: record_model_state(model_version, state, person, reason, evidence)$
-- The next state of a model; the database refuses a step it may not take.
select desk.record_model_state(:model_version, :state, :person, :reason, :evidence);

-- name: version_of_training(run_id)$
-- The model a training run was the first to make.
select model_version from desk.model_registry where run_id = :run_id;

-- name: model_by_version(model_version)^
-- One registered model with the state it is in.
select * from desk.models where model_version = :model_version;

-- name: models_for_plan(as_of_date, signal_method)^
-- What a run is scored by: what is traded on, the LIVE model where the policy says so, and what is
-- watched: the newest in SHADOW, else the LIVE one it does not trade on. Neither knows a later session.
with usable as (
    select model_version, state, state_id, state = 'LIVE' and :signal_method = 'qlib' as is_traded_on
    from desk.models
    where state in ('LIVE', 'SHADOW') and as_of_date <= :as_of_date
)

select
    (select model_version from usable where is_traded_on) as model_version,
    (
        select model_version from usable
        where not is_traded_on
        order by state = 'SHADOW' desc, state_id desc limit 1
    ) as shadow_model_version;

-- name: tradable_symbols(run_id)
-- What a run may rank: the enabled stocks of its universe.
select universe.internal_symbol
from desk.runs as run
inner join desk.config_universe as universe on universe.universe_hash = run.universe_hash
where run.run_id = :run_id and universe.is_enabled and universe.is_tradable_underlying;

-- name: model_scores(run_id, method)
-- What a model of a run said, best first.
select
    internal_symbol, signal_rank, score, ts, horizon_sessions, side, prob, ev, model_version, config_hash
from desk.signals_ranked
where run_id = :run_id and method = :method
order by signal_rank;

-- name: insert_model_scores*!
-- What a model of a run says.
insert into desk.signals_ranked (
    run_id, method, internal_symbol, signal_rank, score, ts, horizon_sessions, side, prob, ev, model_version, config_hash
) values (
    :run_id, :method, :internal_symbol, :signal_rank, :score, :ts, :horizon_sessions, :side, :prob, :ev,
    :model_version, :config_hash
);

-- name: models_named(prefix)
-- The registered models whose version starts like this, newest first.
select * from desk.models where starts_with(model_version, :prefix) order by created_at desc, model_version;

-- name: live_version()$
-- The model that is LIVE.
select model_version from desk.models where state = 'LIVE';

-- name: last_live_version(live_version)$
-- The model that was LIVE last, other than the one that is.
select model_version
from desk.model_states
where state = 'LIVE' and model_version is distinct from :live_version
order by state_id desc
limit 1;

-- name: model_states(model_version)
-- What was decided about a model, first to last.
select state, person, reason, evidence, created_at
from desk.model_states
where model_version = :model_version
order by state_id;

-- name: scored_weeks(portfolio_id, model_version)$
-- In how many weeks a portfolio's runs stored the scores of a model.
select count(distinct run.plan_week)
from desk.signals_ranked as signal
inner join desk.runs as run on run.run_id = signal.run_id
where run.portfolio_id = :portfolio_id and signal.model_version = :model_version;

-- name: comparisons_are_built()$
-- Whether dbt has built what rankings are compared in.
select to_regclass('marts.signals_compared') is not null;

-- name: model_comparisons(portfolio_id, model_version)
-- A portfolio's last scored run of each week: agreement with the ranking that was traded on, and how both turned out.
select distinct on (run.plan_week)
    run.plan_week, model.as_of_date, traded.method as traded_method, traded.model_version as traded_model_version,
    model.same_top_count, model.top_count,
    model.rank_correlation, model.realised_count, model.hit_ratio, model.rank_ic, model.top_return_ratio,
    traded.hit_ratio as traded_hit_ratio, traded.rank_ic as traded_rank_ic,
    traded.top_return_ratio as traded_top_return_ratio
from marts.signals_compared as model
inner join desk.runs as run on run.run_id = model.ranking_run_id
left join marts.signals_compared as traded
    on traded.ranking_run_id = model.ranking_run_id and traded.is_traded_on
where run.portfolio_id = :portfolio_id and model.model_version = :model_version and run.plan_week is not null
order by run.plan_week, run.frozen_at desc;

-- name: newest_rankings(portfolio_id)
-- What the newest ranked run shows: what its models say, else what it trades on. Each with the last two sessions it
-- ranked, the newer first, each by its last run; a model is followed by its version, under whichever method it stood.
with newest as (
    select run.run_id
    from desk.runs as run
    where run.portfolio_id = :portfolio_id
        and exists (select from desk.signals_ranked as signal where signal.run_id = run.run_id)
    order by run.as_of_date desc, run.frozen_at desc
    limit 1
),

shown as (
    select distinct signal.method, signal.model_version
    from desk.signals_ranked as signal
    inner join newest on newest.run_id = signal.run_id
    where signal.model_version is not null or not exists (
        select from desk.signals_ranked as by_model
        where by_model.run_id = newest.run_id and by_model.model_version is not null
    )
),

rankings as (
    select distinct on (shown.method, run.as_of_date)
        shown.method as shown_method, shown.model_version, run.run_id, run.as_of_date, signal.method
    from shown
    inner join desk.signals_ranked as signal
        on signal.model_version = shown.model_version
        or (shown.model_version is null and signal.method = shown.method)
    inner join desk.runs as run on run.run_id = signal.run_id and run.portfolio_id = :portfolio_id
    order by shown.method, run.as_of_date desc, run.frozen_at desc
),

numbered as (
    select *, row_number() over (partition by shown_method order by as_of_date desc) as session_number
    from rankings
)

select
    ranking.shown_method as method, ranking.model_version, ranking.run_id, ranking.as_of_date,
    signal.internal_symbol, signal.signal_rank, signal.score
from numbered as ranking
inner join desk.signals_ranked as signal on signal.run_id = ranking.run_id and signal.method = ranking.method
where ranking.session_number <= 2
order by ranking.shown_method, ranking.as_of_date desc, signal.signal_rank;

-- name: compared_weeks(portfolio_id)
-- Every ranking of a portfolio's plans with its agreement and its outcome, the newest first.
select
    run.plan_week, compared.as_of_date, compared.method, compared.model_version, compared.is_traded_on,
    compared.ranked_count,
    compared.same_top_count, compared.top_count, compared.rank_correlation, compared.realised_count,
    compared.hit_ratio, compared.rank_ic, compared.top_return_ratio, compared.return_ratio
from marts.signals_compared as compared
inner join desk.runs as run on run.run_id = compared.ranking_run_id
where run.portfolio_id = :portfolio_id and run.plan_week is not null
order by compared.as_of_date desc, run.frozen_at desc, compared.is_traded_on desc, compared.method
limit 52;
