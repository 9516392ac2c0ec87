-- The book as it would stand after the run's intended trades, one row per symbol held or traded.
-- Without trades it is the book as it stands.
with run as (
    select * from {{ ref('stg_desk__runs') }}
),

trades as (
    select * from {{ ref('stg_desk__trades_intended') }} where planning_run_id = run_id
),

positions as (
    select
        positions.run_id,
        positions.internal_symbol,
        positions.units,
        valued.value_gbp
    from {{ ref('int_ledger__positions') }} as positions
    left join {{ ref('ledger_positions') }} as valued using (run_id, portfolio_id, internal_symbol)
)

select
    run_id,
    internal_symbol,
    coalesce(positions.units, 0) as held_units,
    -- Null when a holding has no price: what depends on it is unknown.
    case when positions.units is null then 0 else positions.value_gbp end as held_value_gbp,
    trades.line_number,
    trades.side,
    trades.value_gbp as order_value_gbp,
    trades.units_estimate as order_units,
    coalesce(trades.is_full_exit, false) as is_full_exit,
    trades.reference_price_usd,
    coalesce(positions.units, 0) + case trades.side
        when 'BUY' then trades.units_estimate
        when 'SELL' then -trades.units_estimate
        else 0
    end as units_after,
    case
        when trades.is_full_exit then 0
        else case when positions.units is null then 0 else positions.value_gbp end + case trades.side
            when 'BUY' then trades.value_gbp
            when 'SELL' then -trades.value_gbp
            else 0
        end
    end as value_after_gbp
from positions
full join trades using (run_id, internal_symbol)
inner join run using (run_id)
