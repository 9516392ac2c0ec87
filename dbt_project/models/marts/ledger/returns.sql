-- What the book returned since it began and in each calendar year, as if nothing had come or gone (time-
-- weighted), beside the benchmark with its dividends, in pounds, from the close before. Since it began also
-- what the money that came made of itself a year (money-weighted).
with days as (
    select run_id, portfolio_id, session_date, growth_index
    from {{ ref('equity_daily') }}
    where growth_index is not null
),

benchmark as (
    select prices.session_date, prices.adj_close_usd / fx.gbpusd_rate as close_gbp
    from {{ ref('market_prices_eod') }} as prices
    inner join {{ ref('stg_desk__universe') }} as universe
        on universe.internal_symbol = prices.internal_symbol
        and universe.is_benchmark
    inner join {{ ref('int_market__fx_by_session') }} as fx
        on fx.session_date = prices.session_date
),

spans as (
    select
        days.run_id,
        days.portfolio_id,
        span.name as span,
        min(days.session_date) as from_date,
        max(days.session_date) as to_date
    from days
    cross join lateral (values ('all'), (to_char(days.session_date, 'YYYY'))) as span (name)
    group by days.run_id, days.portfolio_id, span.name
)

select
    spans.run_id,
    spans.portfolio_id,
    spans.span,
    spans.from_date,
    spans.to_date,
    trim_scale(round(last_day.growth_index / nullif(coalesce(day_before.growth_index, 1), 0) - 1, 10))
        as time_weighted_ratio,
    case when spans.span = 'all' then money.annual_ratio end as money_weighted_annual_ratio,
    trim_scale(round(
        last_close.close_gbp / coalesce(close_before.close_gbp, first_close.close_gbp) - 1, 10
    )) as benchmark_ratio
from spans
inner join days as last_day
    on last_day.run_id = spans.run_id
    and last_day.session_date = spans.to_date
left join lateral (
    select growth_index from days where session_date < spans.from_date order by session_date desc limit 1
) as day_before on true
left join lateral (
    select close_gbp from benchmark where session_date < spans.from_date order by session_date desc limit 1
) as close_before on true
left join benchmark as first_close on first_close.session_date = spans.from_date
left join benchmark as last_close on last_close.session_date = spans.to_date
left join {{ ref('int_ledger__money_weighted') }} as money on money.run_id = spans.run_id
