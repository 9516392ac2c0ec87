-- The trades of this run, and of the runs behind the portfolio's earlier tickets.
select
    run.run_id,
    intended.run_id as planning_run_id,
    intended.line_number,
    intended.internal_symbol,
    intended.side,
    intended.value_gbp,
    intended.units_estimate,
    intended.is_full_exit,
    intended.reference_price_usd
from {{ ref('stg_desk__runs') }} as run
inner join {{ source('desk', 'runs') }} as planning on planning.portfolio_id = run.portfolio_id
inner join {{ source('desk', 'ledger_trades_intended') }} as intended on intended.run_id = planning.run_id
where planning.frozen_at <= run.frozen_at
