-- Shares the portfolio came with, as far as the run could know it, with the rows that take a wrong set back.
select
    run.run_id,
    opening.portfolio_id,
    opening.opening_id,
    opening.internal_symbol,
    opening.units_delta,
    opening.opened_at,
    opening.recorded_at
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'signed_openings') }} as opening on opening.portfolio_id = run.portfolio_id
where opening.recorded_at <= run.frozen_at
