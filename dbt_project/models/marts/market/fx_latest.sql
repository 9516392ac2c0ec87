-- The newest exchange rate on or before as_of_date, with its own date so that its age can be
-- judged, and of the source the rates of the sessions come from.
select distinct on (run_id)
    run_id,
    rate_date,
    gbpusd_rate
from {{ ref('stg_market__fx_rates') }}
order by run_id asc, rate_date desc, source_rank asc, source asc
