-- The day, in New York, from which on the portfolio has a book: that of its first entry the run could know.
select
    run_id,
    min(happened_at at time zone 'America/New_York')::date as first_date
from {{ ref('stg_desk__entries') }}
group by run_id
