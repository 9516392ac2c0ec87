-- Every change of the book that the run knows: fills, money that moved, what the book came with, corporate
-- events, and what takes one of them back; with what splits did to units, and what a sale of everything
-- left (desk.entries_known).
select
    run.run_id,
    entry.portfolio_id,
    entry.kind,
    entry.internal_symbol,
    entry.happened_at,
    entry.recorded_at,
    entry.units_delta,
    entry.cash_delta_gbp,
    entry.is_taken_back
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'run_entries') }} as entry on entry.run_id = run.run_id
