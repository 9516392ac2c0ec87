-- Dollars per pound for each session: the newest rate on or before it.
-- From one source per run, the first in the policy's order that has the newest rate, so that a
-- history is never stitched from two.
with rates as (
    select * from {{ ref('stg_market__fx_rates') }}
),

chosen as (
    select source
    from rates
    group by source, source_rank
    order by max(rate_date) desc, source_rank, source
    limit 1
),

timeline as (
    select run_id, session_date as event_date, 1 as is_session, null::numeric as gbpusd_rate
    from {{ ref('int_market__sessions') }}
    union all
    select rates.run_id, rates.rate_date, 0, rates.gbpusd_rate
    from rates
    inner join chosen on chosen.source = rates.source
),

counted as (
    select
        *,
        count(gbpusd_rate)
            over (order by event_date, is_session rows unbounded preceding) as rates_before_count
    from timeline
),

filled as (
    select
        *,
        max(gbpusd_rate) over (partition by rates_before_count) as newest_rate,
        max(event_date)
            filter (where is_session = 0) over (partition by rates_before_count) as newest_rate_date
    from counted
)

select
    run_id,
    event_date as session_date,
    newest_rate_date as rate_date,
    newest_rate as gbpusd_rate
from filled
where is_session = 1
    and newest_rate is not null
