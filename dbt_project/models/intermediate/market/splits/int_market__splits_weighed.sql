-- Is each report of a split one that moves the units of a holding? Two hypotheses are compared, with it and without it:
-- which of them the prices as traded before and after are nearer to. A ratio that no company announces (1.253, 1.998) is
-- a spin-off told as a split, and moves nothing. What is too small for prices to tell needs a second vendor.
with policy as (
    select
        ln(1 + {{ policy_limit('data_quality.action_checked_ratio_min') }}) as small_effect,
        ln(1 + {{ policy_limit('data_quality.action_residual_ratio_max') }}) as residual_max
),

reports as (
    select
        report.*,
        fraction.new_shares,
        fraction.old_shares,
        coalesce(action.applied_date, report.ex_date) as applied_date,
        coalesce(action.is_quarantined, false) as is_quarantined
    from {{ ref('stg_market__split_reports') }} as report
    left join {{ announced_shares('report.split_value') }} as fraction
        on desk.is_announced(fraction.new_shares, fraction.old_shares)
    left join {{ ref('int_market__actions') }} as action
        on report.source_rank = 0
        and action.internal_symbol = report.internal_symbol
        and action.ex_date = report.ex_date
        and action.split_value is not null
    where report.split_value <> 1
),

priced as (
    select
        reports.*,
        (
            select price_usd from {{ ref('stg_market__split_prices') }} as prices
            where prices.internal_symbol = reports.internal_symbol
                and prices.session_date between reports.applied_date - 10 and reports.applied_date - 1
            order by prices.session_date desc limit 1
        ) as price_before_usd,
        (
            select price_usd from {{ ref('stg_market__split_prices') }} as prices
            where prices.internal_symbol = reports.internal_symbol
                and prices.session_date between reports.applied_date and reports.applied_date + 10
            order by prices.session_date limit 1
        ) as price_after_usd,
        exists (
            select from reports as other
            where other.internal_symbol = reports.internal_symbol
                and other.source <> reports.source
                and abs(other.ex_date - reports.ex_date) <= 5
                and (other.new_shares, other.old_shares) = (reports.new_shares, reports.old_shares)
        ) as is_told_twice
    from reports
),

weighed as (
    select
        *,
        abs(ln(split_value)) as effect,
        abs(ln(price_after_usd * split_value / price_before_usd)) as with_it,
        abs(ln(price_after_usd / price_before_usd)) as without_it
    from priced
)

select
    weighed.run_id,
    weighed.internal_symbol,
    weighed.applied_date as ex_date,
    weighed.source,
    weighed.source_rank,
    weighed.new_shares,
    weighed.old_shares,
    weighed.split_value,
    weighed.price_before_usd,
    weighed.price_after_usd,
    case
        when weighed.new_shares is null then 'ratio'
        when weighed.is_quarantined or weighed.with_it >= weighed.without_it or weighed.with_it > policy.residual_max
            then 'price'
        when weighed.effect <= policy.small_effect
            and weighed.without_it - weighed.with_it < weighed.effect / 2
            and not weighed.is_told_twice then 'unclear'
    end as doubt
from weighed
cross join policy
