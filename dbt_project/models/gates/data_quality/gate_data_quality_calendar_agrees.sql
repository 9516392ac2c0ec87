-- Did anybody trade on a day the run's calendar says the exchange was closed?
-- Such a bar is left out of the prices when it is loaded, so a day closed by mistake in
-- config/market_overrides.csv would cost the desk its newest session without any other check seeing it.
-- Blocks when more than half of the enabled universe has a bar of such a day in the lookback, or when there is
-- no session to look at. A vendor that fills a holiday for a symbol or an index does not.
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

enabled as (
    select run_id, count(*) as enabled_count
    from {{ ref('stg_desk__universe') }}
    where is_enabled
    group by run_id
),

traded as (
    select searched.run_id, bar.session_date, count(distinct bar.internal_symbol) as symbols_count
    from searched
    inner join {{ ref('stg_market__bars_left_out') }} as bar
        on bar.run_id = searched.run_id and bar.session_date >= searched.first_date
    where not exists (
        select from {{ ref('stg_desk__calendar') }} as calendar
        where calendar.run_id = bar.run_id and calendar.session_date = bar.session_date
    )
    group by searched.run_id, bar.session_date
),

most as (
    select distinct on (run_id) run_id, session_date, symbols_count
    from traded
    order by run_id, symbols_count desc, session_date desc
),

weighed as (
    select
        run.run_id,
        enabled.enabled_count,
        most.session_date,
        case when searched.first_date is not null then coalesce(most.symbols_count, 0) end as symbols_count,
        enabled.enabled_count / 2 as limit_value
    from run
    left join searched on searched.run_id = run.run_id
    left join enabled on enabled.run_id = run.run_id
    left join most on most.run_id = run.run_id
),

compared as (
    select *, symbols_count <= limit_value as is_clear
    from weighed
)

select
    {{ verdict('data_quality', 'calendar_agrees', observed='symbols_count') }},
    case
        when symbols_count is null or enabled_count is null then 'no session was searched for bars of closed days'
        when is_clear then 'no closed day has the bars of most symbols'
        else format(
            '%s of %s symbols have a bar of %s, on which the calendar says the exchange was closed',
            symbols_count, enabled_count, session_date
        )
    end as reason,
    case
        when is_clear then ''
        when symbols_count is null or enabled_count is null then {{ read_log('build_prices') }}
        else format(
            'Take %s out of config/market_overrides.csv and load its bars again, or find out who dates them wrong.',
            session_date
        )
    end as fix
from compared
