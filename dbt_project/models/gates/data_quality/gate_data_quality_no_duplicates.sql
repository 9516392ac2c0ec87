-- Is there at most one bar per symbol and session?
-- Blocks when there is no bar at all, because then nothing was looked at.
-- Two versions of one bar are no duplicate: staging keeps the newer. Two names of one symbol are.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

counted as (
    select run_id, internal_symbol, session_date, count(*) as bars_count
    from {{ ref('int_market__bars') }}
    group by run_id, internal_symbol, session_date
),

found as (
    select
        run_id,
        count(*) filter (where bars_count > 1) as duplicates_count,
        array_agg(distinct internal_symbol order by internal_symbol)
            filter (where bars_count > 1) as symbols
    from counted
    group by run_id
)

select
    {{ verdict(
        'data_quality', 'no_duplicates',
        observed='duplicates_count', limit='0', is_clear='duplicates_count = 0'
    ) }},
    case
        when duplicates_count is null then 'no bar was looked at'
        when duplicates_count = 0 then 'every symbol has one bar per session'
        else format('%s sessions have more than one bar: %s', duplicates_count, {{ first_five('symbols') }})
    end as reason,
    case
        when duplicates_count is null then {{ read_log('build_prices') }}
        when duplicates_count = 0 then ''
        else format('Give %s one vendor name each in universe.csv.', {{ first_five('symbols') }})
    end as fix
from run
left join found using (run_id)
