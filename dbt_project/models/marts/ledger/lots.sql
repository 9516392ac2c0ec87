-- What is left of each purchase, and its share of what the holding is worth: the holding's value runs over
-- its lots, the oldest first, cut off to the penny at each border, so that the lots add up to it. A gain is
-- of the rate as far as the dollars paid cost other pounds today, and of the price beyond that.
with held as (
    select
        lot.*,
        position.value_gbp as position_value_gbp,
        sum(lot.units) over in_order as border_units,
        sum(lot.units) over (partition by lot.run_id, lot.internal_symbol) as all_units
    from {{ ref('stg_desk__lots') }} as lot
    left join {{ ref('ledger_positions') }} as position
        on position.run_id = lot.run_id
        and position.internal_symbol = lot.internal_symbol
    where lot.closed_at is null
    window in_order as (partition by lot.run_id, lot.internal_symbol order by lot.lot_number)
),

bordered as (
    select
        *,
        case
            when all_units = 0 then 0
            else div(position_value_gbp * 100 * border_units, all_units) * 0.01
        end as border_gbp
    from held
),

valued as (
    select
        *,
        border_gbp - lag(border_gbp, 1, 0) over (
            partition by run_id, internal_symbol order by lot_number
        ) as value_gbp
    from bordered
)

select
    valued.run_id,
    valued.portfolio_id,
    valued.lot_number,
    valued.internal_symbol,
    valued.opened_at,
    valued.opened_by,
    valued.units,
    valued.cost_gbp,
    valued.cost_usd,
    valued.fee_gbp,
    valued.value_gbp,
    valued.value_gbp - valued.cost_gbp as gain_gbp,
    valued.value_gbp - round(valued.cost_usd / fx.gbpusd_rate, 2) as price_gain_gbp,
    round(valued.cost_usd / fx.gbpusd_rate, 2) - valued.cost_gbp as fx_gain_gbp
from valued
inner join {{ ref('stg_desk__runs') }} as run on run.run_id = valued.run_id
left join {{ ref('int_market__fx_by_session') }} as fx
    on fx.run_id = run.run_id
    and fx.session_date = run.as_of_date
