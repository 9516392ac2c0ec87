-- Is each report of a split one that moves the units of a holding? Two hypotheses are compared, with it and
-- without it: which of them the prices as traded before and after are nearer to. A ratio that no company
-- announces (1.253, 1.998) is a spin-off told as a split, and moves nothing. What is too small for prices to
-- tell needs a second vendor.
with policy as (
    select
        ln(1 + {{ policy_limit('data_quality.action_checked_ratio_min') }}) as small_effect,
        ln(1 + {{ policy_limit('data_quality.action_residual_ratio_max') }}) as residual_max
),

reports as (
    select
        report.*,
        fraction.*,
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
        around.*,
        exists (
            select from reports as other
            where other.internal_symbol = reports.internal_symbol
                and other.source <> reports.source
                and abs(other.ex_date - reports.ex_date) <= 5
                and (other.new_shares, other.old_shares) = (reports.new_shares, reports.old_shares)
        ) as is_told_twice
    from reports
    cross join lateral (
        select
            (array_agg(price_usd order by session_date desc) filter (where session_date < applied_date))[1]
                as price_before_usd,
            (array_agg(price_usd order by session_date) filter (where session_date >= applied_date))[1]
                as price_after_usd
        from {{ ref('stg_market__split_prices') }} as prices
        where prices.internal_symbol = reports.internal_symbol
            and prices.session_date between reports.applied_date - 10 and reports.applied_date + 10
    ) as around
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
    run_id, internal_symbol, applied_date as ex_date, source, source_rank, new_shares, old_shares,
    split_value, price_before_usd, price_after_usd,
    case
        when new_shares is null then 'ratio'
        when is_quarantined or with_it >= without_it or with_it > residual_max then 'price'
        when effect <= small_effect and without_it - with_it < effect / 2 and not is_told_twice then 'unclear'
    end as doubt
from weighed
cross join policy
