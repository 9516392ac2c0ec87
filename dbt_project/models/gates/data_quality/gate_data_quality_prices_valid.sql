-- Are the bars of the newest sessions possible: prices above zero, low <= open, close <= high?
-- The whole bar of the session before is none either: it is what a feed that stands still gives.
-- Blocks when there is no session to look at or the policy names no lookback.
-- Looks at enabled symbols and the benchmark. An older broken bar is left out of the prices and
-- blocks nothing, so one wrong print of long ago does not close the desk.
with run as (
    select *, {{ policy_limit('data_quality.lookback_sessions_count') }} as lookback_sessions_count
    from {{ ref('stg_desk__runs') }}
),

searched as (
    select sessions.run_id, count(*) as sessions_count
    from {{ ref('int_market__sessions') }} as sessions
    inner join run
        on run.run_id = sessions.run_id
        and sessions.session_number <= run.lookback_sessions_count
    group by sessions.run_id
),

broken as (
    select run_id, session_date, internal_symbol, '' as remark
    from {{ ref('int_market__price_findings') }}
    where kind = 'broken'
    union all
    select run_id, session_date, internal_symbol, ' (as the session before)'
    from {{ ref('int_market__repeated_bars') }}
),

found as (
    select
        run_id,
        count(*) as broken_count,
        array_agg(
            format('%s on %s%s', internal_symbol, session_date, remark)
            order by session_date desc, internal_symbol
        ) as bars
    from broken
    group by run_id
),

weighed as (
    select
        run.run_id,
        searched.sessions_count,
        case when searched.sessions_count > 0 then coalesce(found.broken_count, 0) end as broken_count,
        found.bars
    from run
    left join searched on searched.run_id = run.run_id
    left join found on found.run_id = run.run_id
)

select
    {{ verdict(
        'data_quality', 'prices_valid',
        observed='broken_count', limit='0', is_clear='broken_count = 0'
    ) }},
    case
        when broken_count is null then 'no session was searched for broken bars'
        when broken_count = 0 then format('no broken bar in the newest %s sessions', sessions_count)
        else format(
            '%s broken bars in the newest %s sessions: %s',
            broken_count, sessions_count, {{ first_five('bars') }}
        )
    end as reason,
    case
        when broken_count is null then {{ read_log('build_prices') }}
        when broken_count = 0 then ''
        else format('Load corrected bars (%s), or disable the symbols.', {{ first_five('bars') }})
    end as fix
from weighed
