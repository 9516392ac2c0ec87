-- Dollars per pound as the run may see them: the newest version per source and date.
-- A source outside the policy's order (a central bank) ranks after those in it.
select distinct on (rate.source, rate.rate_date)
    run.run_id,
    rate.source,
    coalesce(
        source_order.source_rank,
        1 + (select count(*) from {{ ref('stg_desk__source_order') }})
    )::integer as source_rank,
    rate.rate_date,
    rate.rate as gbpusd_rate
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('market', 'fx_rates') }} as rate
    on rate.base_currency = 'GBP'
    and rate.quote_currency = 'USD'
    and rate.load_id <= run.data_snapshot_id
    and rate.rate_date <= run.as_of_date
left join {{ ref('stg_desk__source_order') }} as source_order
    on source_order.run_id = run.run_id
    and source_order.source = rate.source
order by rate.source, rate.rate_date, rate.load_id desc
