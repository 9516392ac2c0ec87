-- The portfolio's cash from its entries.
select
    run.run_id,
    run.portfolio_id,
    coalesce(sum(entries.cash_delta_gbp), 0) as cash_gbp
from {{ ref('stg_desk__runs') }} as run
left join {{ ref('int_ledger__entries') }} as entries
    on entries.run_id = run.run_id
    and entries.portfolio_id = run.portfolio_id
group by run.run_id, run.portfolio_id
