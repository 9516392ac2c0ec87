-- Is every order's reference price near the close before it, in multiples of the usual range of a session?
-- A bad print, or news nobody read yet, stands outside. Blocks when a traded symbol has no close before or
-- fewer than fourteen ranges. A run without trades is clear once the policy names the band.
with run as (
    select *, {{ policy_limit('risk.price_band_atr_max') }} as limit_value
    from {{ ref('stg_desk__runs') }}
),

distances as (
    select
        orders.run_id,
        orders.internal_symbol,
        case
            when prices.atr_14_usd > 0
                then abs(orders.reference_price_usd - prices.previous_close_usd) / prices.atr_14_usd
            -- A price that never moves has no band: only standing still is within it.
            when prices.atr_14_usd = 0 and orders.reference_price_usd = prices.previous_close_usd then 0
        end as distance_atr
    from {{ ref('int_risk__positions_after') }} as orders
    left join {{ ref('reference_prices') }} as prices
        on prices.run_id = orders.run_id
        and prices.internal_symbol = orders.internal_symbol
    where orders.line_number is not null
),

compared as (
    select
        run.run_id,
        run.limit_value,
        -- Whether the orders are known at all: the book's row is there for every run that got this far.
        book.run_id is not null as is_known,
        case
            when book.run_id is not null then trim_scale(round(coalesce(max(distances.distance_atr), 0), 6))
        end as widest_atr,
        string_agg(distances.internal_symbol, ', ' order by distances.internal_symbol) filter (
            where distances.internal_symbol is not null
                and not coalesce(distances.distance_atr <= run.limit_value, false)
        ) as outside
    from run
    left join {{ ref('int_risk__book_after') }} as book on book.run_id = run.run_id
    left join distances on distances.run_id = run.run_id
    group by run.run_id, run.limit_value, book.run_id
),

weighed as (
    select *, is_known and limit_value is not null and outside is null as is_clear
    from compared
)

select
    {{ verdict('risk', 'price_band', observed='widest_atr') }},
    case
        when limit_value is null then 'the policy names no price band'
        when not is_known then 'the orders of this run are unknown'
        when outside is null then
            format(
                'every reference price is within %s ATR of the close before',
                {{ plain('limit_value') }}
            )
        else format(
            'beyond %s ATR of the close before, or without one: %s',
            {{ plain('limit_value') }}, outside
        )
    end as reason,
    case
        when is_clear then ''
        when outside is null then {{ price_holdings() }}
        else format('Check the bars of %s, then load a correction or disable them.', outside)
    end as fix
from weighed
