-- The sessions of the exchange as the calendar says that the run was frozen with, also later ones.
select
    run.run_id,
    session.session_date,
    session.open_at,
    session.close_at,
    session.expected_at
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'calendar_sessions') }} as session on session.calendar_hash = run.calendar_hash
