-- The published prices: the candidate after its audit, and nothing else.
select
    run_id,
    internal_symbol,
    session_date,
    as_traded_open_usd,
    as_traded_high_usd,
    as_traded_low_usd,
    as_traded_close_usd,
    as_traded_volume_units,
    split_factor,
    total_return_factor,
    adj_open_usd,
    adj_high_usd,
    adj_low_usd,
    adj_close_usd,
    adj_volume_units,
    source,
    price_basis
from {{ ref('int_market__prices_candidate') }}
