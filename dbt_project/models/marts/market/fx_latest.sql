-- The newest exchange rate on or before as_of_date, with its own date so that its age can be
-- judged.
select
    rates.run_id,
    rates.rate_date,
    rates.gbpusd_rate
from {{ ref('int_market__fx_by_session') }} as rates
inner join {{ ref('int_market__sessions') }} as sessions
    on sessions.run_id = rates.run_id
    and sessions.session_date = rates.session_date
where sessions.session_number = 1
