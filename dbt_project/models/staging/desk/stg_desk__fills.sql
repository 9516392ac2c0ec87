-- The portfolio's fills the run could know, with the rows that take an amended one back.
select
    run.run_id,
    fill.portfolio_id,
    fill.fill_id,
    fill.confirmation_id,
    fill.internal_symbol,
    fill.side,
    fill.units,
    fill.price_usd,
    fill.value_gbp,
    fill.fee_gbp,
    fill.executed_at,
    fill.recorded_at,
    fill.reverses_fill_id
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'ledger_trades_fills') }} as fill on fill.portfolio_id = run.portfolio_id
where fill.recorded_at <= run.frozen_at
