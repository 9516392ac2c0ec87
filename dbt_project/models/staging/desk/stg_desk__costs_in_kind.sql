-- What stocks had cost that came to the book without being bought, of the entries the run knows and nobody
-- took back.
select
    entry.run_id,
    entry.portfolio_id,
    entry.kind,
    entry.internal_symbol,
    cost.cost_gbp
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'run_entries') }} as entry on entry.run_id = run.run_id
inner join {{ source('desk', 'costs_in_kind') }} as cost
    on cost.portfolio_id = entry.portfolio_id
    and cost.entry_id = entry.entry_id
    and cost.internal_symbol = entry.internal_symbol
where not entry.is_taken_back
