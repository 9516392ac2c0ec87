-- What persons say about the stocks of the run's universe now, not when the run was frozen: whoever looks one
-- up while the plan is made clears it, or stops it.
select
    run.run_id,
    stock.internal_symbol,
    stock.verified_date,
    stock.is_offered
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'symbols_verified') }} as stock on stock.universe_hash = run.universe_hash
where stock.verified_date is not null
