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
    run.run_id,
    'data_quality' as gate,
    'no_duplicates' as check_name,
    found.duplicates_count::numeric as observed_value,
    0::numeric as limit_value,
    coalesce(found.duplicates_count = 0, false) as is_clear,
    case
        when found.run_id is null then 'no bar was looked at'
        when found.duplicates_count = 0 then 'every symbol has one bar per session'
        else format('%s sessions have more than one bar: %s', found.duplicates_count, {{ first_five('found.symbols') }})
    end as reason,
    case
        when found.run_id is null then 'Build the prices of this run.'
        when found.duplicates_count = 0 then ''
        else format('Give %s one vendor name each in config/universe.csv.', {{ first_five('found.symbols') }})
    end as fix
from run
left join found on found.run_id = run.run_id
