-- Is the model that ranks approved, young enough and complete?
-- LIVE both when the run was frozen and now, not older than the policy allows, and with a score for every
-- enabled symbol that has a price. Clear for a run that no model ranks.
-- Blocks when the method, the model or the policy's age is unknown, and when there is no score at all.
-- Says nothing about how good the scores are; the person who promoted the model did. Nor about the model that
-- is only watched: its scores stand under another method.
with run as (
    select *, {{ policy_limit('model.age_days_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

scores as (
    select * from {{ ref('stg_desk__signals') }}
    where method = 'qlib' and ranking_run_id = run_id
),

counted as (
    select run_id, count(*) as scores_count
    from scores
    group by run_id
),

unscored as (
    select
        universe.run_id,
        count(*) as symbols_count,
        {{ first_five('array_agg(universe.internal_symbol order by universe.internal_symbol)') }} as symbols
    from {{ ref('stg_desk__universe') }} as universe
    inner join {{ ref('reference_prices') }} as prices using (run_id, internal_symbol)
    left join scores using (run_id, internal_symbol)
    where universe.is_enabled and universe.is_tradable_underlying
        and scores.internal_symbol is null
    group by universe.run_id
),

compared as (
    select
        run.run_id,
        run.signal_method,
        left(model.model_version, 12) as model_name,
        model.frozen_state,
        model.state,
        model.as_of_date,
        run.as_of_date - model.as_of_date as age_days,
        run.limit_value,
        counted.scores_count,
        unscored.symbols_count,
        unscored.symbols
    from run
    left join {{ ref('stg_desk__models') }} as model on model.run_id = run.run_id
    left join counted on counted.run_id = run.run_id
    left join unscored on unscored.run_id = run.run_id
),

explained as (
    select
        *,
        case
            when signal_method is null then 'what ranks for this run is unknown'
            when signal_method <> 'qlib' then ''
            when limit_value is null then 'the policy names no age'
            when model_name is null then 'no model ranks for this run'
            when frozen_state is distinct from 'LIVE' then
                format('the model %s was %s when the run was frozen, not LIVE',
                    model_name, coalesce(frozen_state, 'unknown'))
            when state is distinct from 'LIVE' then
                format('the model %s is %s by now, not LIVE', model_name, coalesce(state, 'unknown'))
            when age_days < 0 then
                format('the model %s is of %s and knows what comes after this run', model_name, as_of_date)
            when age_days > limit_value then
                format('the model %s is %s days old, %s allowed',
                    model_name, age_days, {{ plain('limit_value') }})
            when scores_count is null then format('the model %s scored nothing', model_name)
            when symbols_count > 0 then format('the model %s has no score for %s', model_name, symbols)
            else ''
        end as objection,
        case
            when signal_method = 'qlib' and model_name is null then 0
            when scores_count is not null or state <> 'LIVE' or frozen_state <> 'LIVE' then age_days
        end as observed_value
    from compared
)

select
    {{ verdict('risk', 'model_approved', observed='observed_value', is_clear="objection = ''") }},
    case
        when objection <> '' then objection
        when signal_method <> 'qlib' then format('%s ranks, no model does', signal_method)
        else format(
            'the model %s is LIVE, %s days old, and scored %s symbols', model_name, age_days, scores_count
        )
    end as reason,
    case
        when objection = '' then ''
        when signal_method is null or limit_value is null then {{ read_log('freeze_inputs') }}
        when model_name is null or frozen_state is distinct from 'LIVE' or state is distinct from 'LIVE' then
            'Promote a model with `trading-ops model promote` and plan again, or name another signal.method.'
        when age_days < 0 or age_days > limit_value then
            'Train a model, let it run in SHADOW and promote it, or name another signal.method.'
        else 'See why the scoring of this run failed, and plan again.'
    end as fix
from explained
