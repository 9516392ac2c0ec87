-- The sessions the market data knows, the newest being number 1.
with traded as (
    select distinct run_id, session_date from {{ ref('int_market__bars') }}
)

select
    run_id,
    session_date,
    lag(session_date) over (order by session_date) as previous_session_date,
    row_number() over (order by session_date desc) as session_number
from traded
