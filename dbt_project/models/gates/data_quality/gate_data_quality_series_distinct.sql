-- Does every symbol carry a series of its own?
-- Blocks when two symbols have the same closes over the lookback or one whole bar in common, when no bar was
-- looked at, or when the policy names no lookback.
-- Says nothing about a file saved under a wrong name whose right owner is not of the universe.
with run as (
    select *, {{ policy_limit('data_quality.lookback_sessions_count') }} as lookback_sessions_count
    from {{ ref('stg_desk__runs') }}
),

searched as (
    select bars.run_id, count(distinct bars.internal_symbol) as symbols_count
    from {{ ref('int_market__bars') }} as bars
    inner join run on run.run_id = bars.run_id and run.lookback_sessions_count > 0
    group by bars.run_id
),

found as (
    select
        run_id,
        count(*) as pairs_count,
        array_agg(
            format(
                '%s and %s (%s of %s sessions, last %s)',
                internal_symbol, other_symbol, equal_count, common_count, newest_date
            )
            order by internal_symbol, other_symbol
        ) as pairs,
        array_agg(
            format('%s and %s', internal_symbol, other_symbol) order by internal_symbol, other_symbol
        ) as names
    from {{ ref('int_market__same_series') }}
    group by run_id
),

weighed as (
    select
        run.run_id,
        searched.symbols_count,
        case when searched.symbols_count > 0 then coalesce(found.pairs_count, 0) end as pairs_count,
        found.pairs,
        found.names
    from run
    left join searched on searched.run_id = run.run_id
    left join found on found.run_id = run.run_id
)

select
    {{ verdict(
        'data_quality', 'series_distinct',
        observed='pairs_count', limit='0', is_clear='pairs_count = 0'
    ) }},
    case
        when pairs_count is null then 'no bar was looked at'
        when pairs_count = 0 then format('%s symbols carry %s different series', symbols_count, symbols_count)
        else format('the same series under two names: %s', {{ first_five('pairs', '; ') }})
    end as reason,
    case
        when pairs_count is null then {{ read_log('build_prices') }}
        when pairs_count = 0 then ''
        else format('Load the right file of one of %s, or disable one.', {{ first_five('names', '; ') }})
    end as fix
from weighed
