-- The portfolio's cash from its entries, and what of it the broker has shown: only that is spent.
with booked as (
    select
        run.run_id,
        run.portfolio_id,
        coalesce(sum(entries.cash_delta_gbp), 0) as cash_gbp
    from {{ ref('stg_desk__runs') }} as run
    left join {{ ref('int_ledger__entries') }} as entries
        on entries.run_id = run.run_id
        and entries.portfolio_id = run.portfolio_id
    group by run.run_id, run.portfolio_id
)

select
    booked.run_id,
    booked.portfolio_id,
    booked.cash_gbp,
    least(booked.cash_gbp, coalesce(snapshot.cash_gbp, 0)) as spendable_gbp
from booked
left join {{ ref('stg_desk__broker_snapshots') }} as snapshot on snapshot.run_id = booked.run_id
