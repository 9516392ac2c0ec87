-- Cash that moved without a trade, as far as the run could know it. A movement that was booked by mistake and
-- the row that takes it back both stay; together they are nothing.
select
    run.run_id,
    movement.portfolio_id,
    movement.movement_id,
    movement.kind,
    movement.amount_gbp,
    movement.occurred_at,
    movement.recorded_at,
    movement.reverses_movement_id is not null or reversal.movement_id is not null as is_taken_back
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'ledger_cash_movements') }} as movement
    on movement.portfolio_id = run.portfolio_id
left join {{ source('desk', 'ledger_cash_movements') }} as reversal
    on reversal.reverses_movement_id = movement.movement_id
    and reversal.recorded_at <= run.frozen_at
where movement.recorded_at <= run.frozen_at
