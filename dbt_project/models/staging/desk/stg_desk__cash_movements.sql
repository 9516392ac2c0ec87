-- Cash that moved without a trade, as far as the run could know it.
select
    run.run_id,
    movement.portfolio_id,
    movement.movement_id,
    movement.kind,
    movement.amount_gbp,
    movement.occurred_at,
    movement.recorded_at
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'ledger_cash_movements') }} as movement
    on movement.portfolio_id = run.portfolio_id
where movement.recorded_at <= run.frozen_at
