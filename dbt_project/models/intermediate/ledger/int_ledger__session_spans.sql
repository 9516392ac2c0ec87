-- The sessions the market data knows, with the instants an entry is put to them by.
with sessions as (
    select
        known.run_id,
        known.session_date,
        coalesce(calendar.open_at, (known.session_date + time '09:30') at time zone 'America/New_York')
            as open_at,
        coalesce(calendar.close_at, (known.session_date + time '16:00') at time zone 'America/New_York')
            as close_at
    from {{ ref('int_market__sessions') }} as known
    left join {{ ref('stg_desk__calendar') }} as calendar
        on calendar.run_id = known.run_id
        and calendar.session_date = known.session_date
)

select
    *,
    lag(close_at, 1, '-infinity') over (partition by run_id order by close_at) as previous_close_at
from sessions
