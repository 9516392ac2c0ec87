-- The book's totals before and after the run's intended trades, one row per run.
-- Equity comes on two paths, from the holdings and from the equity series; where they disagree, or
-- one is missing, it is unknown and nothing that needs it is clear.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

holdings as (
    select
        run_id,
        count(*) filter (where held_units > 0) as positions_before_count,
        count(*) filter (where units_after > 0) as positions_after_count,
        count(*) filter (where units_after > 0 and held_units = 0) as opened_count,
        sum(held_value_gbp) as held_value_gbp,
        bool_and(held_value_gbp is not null) as is_known,
        count(line_number) as orders_count,
        sum(order_value_gbp) filter (where side = 'BUY') as buy_gbp,
        sum(order_value_gbp) filter (where side = 'SELL') as sell_gbp
    from {{ ref('int_risk__positions_after') }}
    group by run_id
)

select
    run.run_id,
    cash.cash_gbp,
    cash.spendable_gbp,
    case
        when coalesce(holdings.is_known, true)
            and equity.equity_gbp = cash.cash_gbp + coalesce(holdings.held_value_gbp, 0)
            then equity.equity_gbp
    end as equity_gbp,
    coalesce(holdings.positions_before_count, 0)::integer as positions_before_count,
    coalesce(holdings.positions_after_count, 0)::integer as positions_after_count,
    coalesce(holdings.opened_count, 0)::integer as opened_count,
    coalesce(holdings.orders_count, 0)::integer as orders_count,
    coalesce(holdings.buy_gbp, 0) as buy_gbp,
    coalesce(holdings.sell_gbp, 0) as sell_gbp
from run
left join {{ ref('ledger_cash') }} as cash on cash.run_id = run.run_id
left join {{ ref('equity_daily') }} as equity
    on equity.run_id = run.run_id
    and equity.session_date = run.as_of_date
left join holdings on holdings.run_id = run.run_id
