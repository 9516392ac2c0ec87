-- Did anybody trade on a day the run's calendar says the exchange was closed?
-- Such a bar is left out of the prices when it is loaded, so a day closed by mistake in
-- config/market_overrides.csv would cost the desk its newest session without any other check seeing it.
-- Blocks when more than half of the enabled universe has a bar of such a day in the lookback, or when there
-- is no session to look at. A vendor that fills a holiday for a symbol or an index does not.
with run as (
    select *, {{ policy_limit('data_quality.lookback_sessions_count') }} as lookback_sessions_count
    from {{ ref('stg_desk__runs') }}
),

searched as (
    select run.run_id, min(sessions.session_date) as first_date
    from run
    inner join {{ ref('int_market__sessions') }} as sessions
        on sessions.run_id = run.run_id and sessions.session_number <= run.lookback_sessions_count
    group by run.run_id
),

most as (
    select distinct on (closed.run_id) closed.*
    from {{ ref('int_market__closed_days') }} as closed
    inner join searched on searched.run_id = closed.run_id and closed.session_date >= searched.first_date
    order by closed.run_id, closed.symbols_count desc, closed.session_date desc
),

weighed as (
    select
        run.run_id,
        enabled.symbols_count as enabled_count,
        most.session_date,
        case when searched.first_date is not null then coalesce(most.symbols_count, 0) end as symbols_count,
        enabled.symbols_count / 2 as limit_value
    from run
    left join searched on searched.run_id = run.run_id
    left join most on most.run_id = run.run_id
    left join (
        select run_id, count(*) as symbols_count
        from {{ ref('stg_desk__universe') }}
        where is_enabled
        group by run_id
    ) as enabled on enabled.run_id = run.run_id
)

select
    {{ verdict(
        'data_quality', 'calendar_agrees',
        observed='symbols_count', is_clear='symbols_count <= limit_value'
    ) }},
    case
        when symbols_count <= limit_value then 'no closed day has the bars of most symbols'
        when symbols_count > limit_value then format(
            '%s of %s symbols have a bar of %s, on which the calendar says the exchange was closed',
            symbols_count, enabled_count, session_date
        )
        else 'no session was searched for bars of closed days'
    end as reason,
    case
        when symbols_count <= limit_value then ''
        when symbols_count > limit_value then format(
            'Take %s out of config/market_overrides.csv and load its bars, or find out who dates them wrong.',
            session_date
        )
        else {{ read_log('build_prices') }}
    end as fix
from weighed
