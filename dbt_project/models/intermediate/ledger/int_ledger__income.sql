-- What was paid in and what the book earned and paid beside its trades. Stocks that came with the book or
-- were transferred to it are paid in at what they had cost; others that came for nothing are earned.
with cash as (
    select
        run_id,
        sum(cash_delta_gbp) filter (where kind in ('deposit', 'withdrawal')) as paid_in_gbp,
        sum(cash_delta_gbp) filter (where kind = 'dividend') as dividends_gbp,
        sum(cash_delta_gbp) filter (where kind = 'interest') as interest_gbp,
        sum(cash_delta_gbp) filter (where kind = 'fee') as fees_gbp,
        -- Cash of a merger is what its stock was sold for, whether or not it names it.
        sum(cash_delta_gbp) filter (
            where kind not in ('deposit', 'withdrawal', 'dividend', 'interest', 'fee', 'merger')
                and internal_symbol is null
        ) as other_gbp
    from {{ ref('int_ledger__entries') }}
    group by run_id
),

in_kind as (
    select
        run_id,
        sum(cost_gbp) filter (where kind in ('opening', 'transfer')) as paid_in_gbp,
        sum(cost_gbp) filter (where kind not in ('opening', 'transfer')) as other_gbp
    from {{ ref('stg_desk__costs_in_kind') }}
    group by run_id
)

select
    run.run_id,
    run.portfolio_id,
    coalesce(cash.paid_in_gbp, 0) + coalesce(in_kind.paid_in_gbp, 0) as paid_in_gbp,
    coalesce(cash.dividends_gbp, 0) as dividends_gbp,
    coalesce(cash.interest_gbp, 0) as interest_gbp,
    coalesce(cash.fees_gbp, 0) as fees_gbp,
    coalesce(cash.other_gbp, 0) + coalesce(in_kind.other_gbp, 0) as other_gbp
from {{ ref('stg_desk__runs') }} as run
left join cash on cash.run_id = run.run_id
left join in_kind on in_kind.run_id = run.run_id
