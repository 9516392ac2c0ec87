-- Which two symbols carry one series: equal closes in every session both have, or one bar equal in
-- all its figures, which is what a file saved under the wrong name looks like on its first day.
-- Searched are the enabled symbols and the benchmark over the policy's lookback. A series that does
-- not move says nothing: a closed share and another closed share may stand at one price.
with searched_sessions as (
    select *
    from {{ ref('int_market__sessions') }}
    where session_number <= {{ policy_limit('data_quality.lookback_sessions_count') }}
),

bars as (
    select bars.*
    from {{ ref('int_market__bars') }} as bars
    inner join searched_sessions using (run_id, session_date)
    inner join {{ ref('stg_desk__universe') }} as universe
        on universe.run_id = bars.run_id
        and universe.internal_symbol = bars.internal_symbol
        and (universe.is_enabled or universe.is_benchmark)
    where not bars.is_broken
        and not bars.is_unfinished
),

equal_closes as (
    select
        first.run_id,
        first.internal_symbol,
        second.internal_symbol as other_symbol,
        count(*) as equal_count,
        count(distinct first.close_price) as prices_count,
        count(*) filter (
            where first.high_price > first.low_price
                and first.open_price = second.open_price
                and first.high_price = second.high_price
                and first.low_price = second.low_price
                and first.volume_units = second.volume_units
        ) as identical_count,
        max(first.session_date) as newest_date
    from bars as first
    inner join bars as second
        on second.run_id = first.run_id
        and second.session_date = first.session_date
        and second.close_price = first.close_price
        and second.internal_symbol > first.internal_symbol
    group by first.run_id, first.internal_symbol, second.internal_symbol
),

in_common as (
    select equal_closes.internal_symbol, equal_closes.other_symbol, count(*) as common_count
    from equal_closes
    inner join bars as first on first.internal_symbol = equal_closes.internal_symbol
    inner join bars as second
        on second.internal_symbol = equal_closes.other_symbol
        and second.session_date = first.session_date
    group by equal_closes.internal_symbol, equal_closes.other_symbol
)

select
    equal_closes.run_id,
    equal_closes.internal_symbol,
    equal_closes.other_symbol,
    equal_closes.equal_count::integer as equal_count,
    in_common.common_count::integer as common_count,
    equal_closes.newest_date
from equal_closes
inner join in_common using (internal_symbol, other_symbol)
where (equal_closes.equal_count = in_common.common_count and equal_closes.prices_count > 1)
    or equal_closes.identical_count > 0
