-- What each part of a lot brought when it was closed, and what of that is of the price, of the rate and of
-- fees: of the rate as far as the dollars it had cost were other pounds at the rate it was closed at.
with closed as (
    select
        *,
        case
            when cost_gbp = 0 or proceeds_gbp = 0 then 0
            else round(cost_usd * proceeds_gbp / nullif(proceeds_usd, 0), 2) - cost_gbp
        end as fx_gain_gbp
    from {{ ref('stg_desk__lots') }}
    where closed_at is not null
)

select
    run_id,
    portfolio_id,
    slice_number,
    lot_number,
    internal_symbol,
    opened_at,
    opened_by,
    closed_at,
    closed_as,
    closed_by,
    units,
    cost_gbp,
    proceeds_gbp,
    fee_gbp,
    proceeds_gbp - cost_gbp - fee_gbp as gain_gbp,
    proceeds_gbp - cost_gbp - fx_gain_gbp as price_gain_gbp,
    fx_gain_gbp
from closed
