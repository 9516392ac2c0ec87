-- What the book gained since it began, and what that is made of; equity is what was paid in and the gain.
-- Stocks that came with the book count as paid in at what they had cost, as the broker shows them: what
-- they had gained before is part of the gain here, and no part of equity_daily's return. What is
-- transferred away is paid out at its cost.
with closed as (
    select
        run_id,
        sum(proceeds_gbp - cost_gbp) as realised_gbp,
        sum(fee_gbp) as fees_gbp,
        sum(price_gain_gbp) as price_gbp,
        sum(fx_gain_gbp) as fx_gbp,
        coalesce(sum(proceeds_gbp) filter (where closed_as = 'transfer'), 0) as transferred_gbp
    from {{ ref('realised_gains') }}
    group by run_id
),

held as (
    select
        run_id,
        sum(gain_gbp) as unrealised_gbp,
        bool_and(gain_gbp is not null) as is_known,
        sum(fee_gbp) as fees_gbp,
        sum(price_gain_gbp) as price_gbp,
        sum(fx_gain_gbp) filter (where price_gain_gbp is not null) as fx_gbp
    from {{ ref('lots') }}
    group by run_id
),

added as (
    select
        income.run_id,
        income.portfolio_id,
        income.paid_in_gbp - coalesce(closed.transferred_gbp, 0) as paid_in_gbp,
        coalesce(closed.realised_gbp, 0) as realised_gbp,
        case when coalesce(held.is_known, true) then coalesce(held.unrealised_gbp, 0) end as unrealised_gbp,
        income.dividends_gbp,
        income.interest_gbp,
        income.fees_gbp - coalesce(closed.fees_gbp, 0) - coalesce(held.fees_gbp, 0) as fees_gbp,
        income.other_gbp,
        coalesce(closed.price_gbp, 0) + coalesce(held.price_gbp, 0) as price_gbp,
        coalesce(closed.fx_gbp, 0) + coalesce(held.fx_gbp, 0) as fx_gbp
    from {{ ref('int_ledger__income') }} as income
    left join closed on closed.run_id = income.run_id
    left join held on held.run_id = income.run_id
)

select
    run_id,
    portfolio_id,
    paid_in_gbp,
    realised_gbp,
    unrealised_gbp,
    dividends_gbp,
    interest_gbp,
    fees_gbp,
    other_gbp,
    realised_gbp + unrealised_gbp + dividends_gbp + interest_gbp + fees_gbp + other_gbp as gain_gbp,
    price_gbp,
    fx_gbp
from added
