-- The day, in New York, from which on the portfolio has a book: that of its first entry the run could know.
-- A split is no first one: it changes what is held.
select
    run.run_id,
    min(entry.happened_at at time zone 'America/New_York')::date as first_date
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'entries') }} as entry on entry.portfolio_id = run.portfolio_id
where entry.recorded_at <= run.frozen_at
group by run.run_id
