-- What would be published anew, of each symbol from where its range begins. It carries the tests of
-- the publication, and marts.market_prices_eod changes only when they pass (write, audit, publish).
-- dbt lets a failed test hold back a model only if everything the test reads is upstream of that
-- model, and the audit reads the findings:
-- depends_on: {{ ref('int_market__price_findings') }}
select
    bars.run_id,
    bars.internal_symbol,
    bars.session_date,
    trim_scale(round(bars.open_price * factors.as_traded_multiplier, 16)) as as_traded_open_usd,
    trim_scale(round(bars.high_price * factors.as_traded_multiplier, 16)) as as_traded_high_usd,
    trim_scale(round(bars.low_price * factors.as_traded_multiplier, 16)) as as_traded_low_usd,
    factors.as_traded_close_usd,
    -- Volume is scaled against the price, by splits alone; a fully adjusted volume is known as
    -- traded only where no adjustment lies behind it.
    case
        when bars.price_basis <> 'fully_adjusted'
            then trim_scale(round(bars.volume_units / factors.as_traded_multiplier, 8))
        when factors.as_traded_multiplier = 1 then bars.volume_units
    end as as_traded_volume_units,
    case
        when bars.price_basis <> 'fully_adjusted'
            then trim_scale(round(factors.split_multiplier / factors.as_traded_multiplier, 24))
        when factors.as_traded_multiplier = 1 then 1
    end as split_factor,
    trim_scale(round(factors.adj_multiplier / factors.as_traded_multiplier, 24)) as total_return_factor,
    trim_scale(round(bars.open_price * factors.adj_multiplier, 16)) as adj_open_usd,
    trim_scale(round(bars.high_price * factors.adj_multiplier, 16)) as adj_high_usd,
    trim_scale(round(bars.low_price * factors.adj_multiplier, 16)) as adj_low_usd,
    factors.adj_close_usd,
    trim_scale(round(bars.volume_units / factors.split_multiplier, 8)) as adj_volume_units,
    bars.source,
    bars.price_basis
from {{ ref('int_market__bars') }} as bars
inner join {{ ref('int_market__price_factors') }} as factors
    on factors.internal_symbol = bars.internal_symbol
    and factors.session_date = bars.session_date
    and factors.bar_number = bars.bar_number
where not bars.is_broken
    and not bars.is_unfinished
